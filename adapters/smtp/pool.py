"""Connections that are kept open for the next mail."""

import contextlib
import os
import time
from collections import deque

from adapters.smtp.connecting import Connector
from adapters.smtp.conversation import Conversation, Deadline
from ports.mailer import MailNotSent

IDLE_SECONDS_MAX = 30.0
"""Servers close idle connections after minutes (RFC 5321 4.5.3.2.7: 5); routers forget them earlier."""
MAILS_MAX = 100
"""Mails over one connection: many servers count them and then refuse."""
_CHECK_SECONDS = 3.0
_LEAVE_SECONDS = 1.0
_IDLE_MAX = 4


class ConnectionPool:
    """Idle conversations with one server; each is used by one thread at a time, and never by a fork of its process."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._idle: deque[_Idle] = deque()
        self._process_id = os.getpid()

    def take(self, deadline: Deadline) -> Conversation:
        """A conversation that is ready for a mail: one that was kept, else a new one. Raises `MailNotSent`."""
        self._forget_after_fork()
        while self._idle:
            try:
                kept = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if kept.is_fresh() and _is_ready(kept.conversation, deadline):
                return kept.conversation
            kept.conversation.close()
        return self._connector.open(deadline)

    def give_back(self, conversation: Conversation) -> None:
        """Keep it for the next mail, if it is worth it."""
        conversation.mails += 1
        if conversation.is_over or conversation.mails >= MAILS_MAX or len(self._idle) >= _IDLE_MAX:
            conversation.close()
        else:
            self._idle.append(_Idle(conversation))

    def close(self) -> None:
        """Take leave of the server on what is idle."""
        self._forget_after_fork()
        while self._idle:
            _leave(self._idle.pop().conversation)

    def _forget_after_fork(self) -> None:
        """Two processes on one connection would mix their mails. Closing our copy leaves the parent's line alone."""
        if self._process_id != os.getpid():
            inherited, self._idle = self._idle, deque()
            self._process_id = os.getpid()
            for idle in inherited:
                idle.conversation.close()


class _Idle:
    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self._since = time.monotonic()

    def is_fresh(self) -> bool:
        return time.monotonic() - self._since <= IDLE_SECONDS_MAX


def _leave(conversation: Conversation) -> None:
    conversation.deadline = Deadline(_LEAVE_SECONDS)
    with contextlib.suppress(MailNotSent):  # a server that is gone needs no farewell
        conversation.say("QUIT")
    conversation.close()


def _is_ready(conversation: Conversation, deadline: Deadline) -> bool:
    """Whether it still answers; RSET also takes back what a refused mail left behind."""
    try:
        conversation.deadline = Deadline(min(_CHECK_SECONDS, deadline.remaining_seconds()))
        code, _ = conversation.rset()
    except (MailNotSent, TimeoutError):
        return False
    conversation.deadline = deadline
    return 200 <= code < 300
