"""A mail server in memory."""

from collections import deque

from ports.mailer import Mail, MailNotSent, MailRefused, refuse_unsendable


class MemoryMailer:
    """The port `Mailer`. `sent` holds what was taken, in order, a mail that was sent twice twice.

    What it was told to do happens to the next mails, one each; otherwise it takes everything.
    """

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self._told: deque[MailNotSent | MailRefused | None] = deque()

    def fail_next(self, count: int = 1) -> None:
        """Do not take the next mails, for now."""
        self._told.extend(MailNotSent("The mailer in memory was told to fail (451).") for _ in range(count))

    def refuse_next(self, *, is_address_bad: bool) -> None:
        """Refuse the next mail for good."""
        refusal = MailRefused("The mailer in memory was told to refuse (550).", is_address_bad=is_address_bad)
        self._told.append(refusal)

    def lose_next_answer(self) -> None:
        """Take the next mail and break off before saying so."""
        self._told.append(None)

    def send(self, mail: Mail) -> None:
        """Take one mail; see the port."""
        refuse_unsendable(mail)
        if not self._told:
            self.sent.append(mail)
            return
        told = self._told.popleft()
        if told is not None:
            raise told
        self.sent.append(mail)
        raise MailNotSent("The mailer in memory was told to lose its answer.")
