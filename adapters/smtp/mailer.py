"""The port `Mailer` over SMTP."""

import smtplib
import ssl

from adapters.smtp.connecting import Connector, Resolver, system_addresses
from adapters.smtp.conversation import Conversation, Deadline, Reply
from adapters.smtp.message import Envelope, compose
from adapters.smtp.pool import ConnectionPool
from adapters.smtp.server import Sender, SmtpServer
from ports.clock import Clock
from ports.mailer import Mail, MailNotSent, MailRefused, refuse_unsendable

_OUR_FAULT_CODES = (530, 534, 535, 538)  # RFC 4954: log in first, or better; no mail is to blame for that
_ADDRESS_CODES = (550, 551, 553)
_ADDRESS_CODES_WITH_STATUS = (550, 551, 552, 553)
_SENDERS_STATUSES = ((5, 1, 7), (5, 1, 8))  # RFC 3463 3.2: these two of X.1.x speak of the sender's address
_MAILBOX_DISABLED = (5, 2, 1)


class SmtpMailer:
    """Hands mails to one server; safe in many threads, and after a fork.

    `tls` is the trust store, the system's if not given (SSL_CERT_FILE names another). `resolve` is for tests.
    """

    def __init__(
        self,
        server: SmtpServer,
        sender: Sender,
        clock: Clock,
        *,
        tls: ssl.SSLContext | None = None,
        resolve: Resolver = system_addresses,
    ) -> None:
        self._server = server
        self._sender = sender
        self._clock = clock
        self._pool = ConnectionPool(Connector(server, tls or ssl.create_default_context(), resolve))

    def send(self, mail: Mail) -> None:
        """Hand over one mail; see the port.

        A server that takes the connection badly, or not our user and password, may take the same mail later:
        `MailNotSent`, whatever its code.
        """
        refuse_unsendable(mail)
        envelope = compose(mail, self._sender, self._clock.now())
        conversation = self._pool.take(Deadline(self._server.seconds))
        try:
            _deliver(conversation, envelope)
        except (MailNotSent, MailRefused):
            self._pool.give_back(conversation)
            raise
        except BaseException:
            conversation.close()
            raise
        self._pool.give_back(conversation)

    def close(self) -> None:
        """Close idle connections."""
        self._pool.close()


def _deliver(conversation: Conversation, envelope: Envelope) -> None:
    if envelope.needs_utf8 and not conversation.has_extn("smtputf8"):
        raise MailRefused("The SMTP server takes no addresses with letters beyond ASCII.", is_address_bad=False)
    options = ("SMTPUTF8", "BODY=8BITMIME") if envelope.needs_utf8 else ()
    _accept(Reply(*conversation.mail(envelope.sender, options)), "the sender")
    _accept(Reply(*conversation.rcpt(envelope.recipient)), "the recipient", names_address=True)
    try:
        reply = Reply(*conversation.data(envelope.content))
    except smtplib.SMTPDataError as error:  # it did not even want to see the content
        text = error.smtp_error
        reply = Reply(error.smtp_code, text if isinstance(text, bytes) else text.encode())
    _accept(reply, "the content")


def _accept(reply: Reply, what: str, *, names_address: bool = False) -> None:
    if reply.is_good:
        return
    told = f"The SMTP server refused {what} ({reply})."
    if not reply.is_final or reply.code in _OUR_FAULT_CODES:
        raise MailNotSent(told) from None
    raise MailRefused(told, is_address_bad=names_address and _is_about_address(reply)) from None


def _is_about_address(reply: Reply) -> bool:
    """Whether a refused recipient is a bad address, and not a full mailbox, a policy or a refused relay."""
    if reply.enhanced is None:
        return reply.code in _ADDRESS_CODES
    is_address_status = reply.enhanced[:2] == (5, 1) and reply.enhanced not in _SENDERS_STATUSES
    return reply.code in _ADDRESS_CODES_WITH_STATUS and (is_address_status or reply.enhanced == _MAILBOX_DISABLED)
