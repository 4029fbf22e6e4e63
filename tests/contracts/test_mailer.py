"""`ports.mailer.Mailer`: a real SMTP server takes the mail, a folder, or memory."""

import email
from collections.abc import Iterator
from dataclasses import replace
from email.header import decode_header, make_header
from email.utils import parseaddr
from pathlib import Path
from typing import Protocol

import pytest

from adapters.memory.clock import SettableClock
from adapters.memory.mailer import MemoryMailer
from adapters.smtp.folder import FolderMailer
from adapters.smtp.mailer import SmtpMailer
from adapters.smtp.server import Sender, SmtpServer, Tls
from ports.mailer import Mail, Mailer, MailNotSent, MailRefused
from tests.builders import NOW
from tests.smtp_server import Mood, SmtpServerUnderTest, parse_mail, smtp_server
from tests.storage import all_at_once

SENDER = Sender("Dunlin", "billing@dunlin.example")
MAIL = Mail(
    message_id="<ntc_1@dunlin.example>",
    to_address="anna@acme.example",
    subject="Your payment failed",
    text="Hello Anna,\nplease look at https://dunlin.example/c/abc\n",
    html="<p>Hello Anna</p>\n",
    reply_to="support@north.example",
    sender_name="North Ltd",
    headers=(("X-Dunlin-Stage", "payment_failed"),),
)


class Box(Protocol):
    """A mailer with the box in which its mails end."""

    mailer: Mailer

    def mails(self) -> list[Mail]:
        """What arrived, read back."""

    def fail_next(self) -> None:
        """Let the next mail fail for a while."""


class MemoryBox:
    def __init__(self) -> None:
        self.mailer = MemoryMailer()

    def mails(self) -> list[Mail]:
        return self.mailer.sent

    def fail_next(self) -> None:
        self.mailer.fail_next()


class FolderBox:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mailer = FolderMailer(folder, SENDER, SettableClock(NOW))

    def mails(self) -> list[Mail]:
        self._repair()
        return [read_back(path.read_bytes()) for path in sorted(self.folder.glob("*.eml"))]

    def fail_next(self) -> None:
        self.folder.rmdir() if self.folder.exists() else self.folder.parent.mkdir(exist_ok=True)
        self.folder.write_text("a file where the folder should be")

    def _repair(self) -> None:
        if self.folder.is_file():
            self.folder.unlink()


class SmtpBox:
    def __init__(self, server: SmtpServerUnderTest) -> None:
        self.server = server
        self.mailer = SmtpMailer(
            SmtpServer(host="127.0.0.1", port=server.port, tls=Tls.NEVER), SENDER, SettableClock(NOW)
        )

    def mails(self) -> list[Mail]:
        return [read_back(mail.content) for mail in self.server.taken]

    def fail_next(self) -> None:
        self.server.will(Mood(recipient="451 4.7.1 Greylisted, try again"))


def read_back(content: bytes) -> Mail:
    """The mail that a customer's program would show."""
    message = parse_mail(content)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    extra = [(name, value) for name, value in message.items() if name.startswith(("X-Dunlin", "List-"))]
    return Mail(
        message_id=message["Message-ID"],
        to_address=message["To"],
        subject=message["Subject"],
        text=text.get_content().replace("\r\n", "\n"),
        html=html.get_content().replace("\r\n", "\n"),
        reply_to=message["Reply-To"],
        sender_name=_shown_name(content),
        headers=tuple(extra),
    )


def _shown_name(content: bytes) -> str:
    """By the older parser: the newer puts blanks between the encoded words of a name (python/cpython 92081)."""
    name, _ = parseaddr(email.message_from_bytes(content)["From"].replace("\r\n", ""))
    return str(make_header(decode_header(name)))


@pytest.fixture(params=["memory", "folder", "smtp"])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Box]:
    if request.param == "memory":
        yield MemoryBox()
    elif request.param == "folder":
        yield FolderBox(tmp_path / "home" / "mail")
    else:
        with smtp_server() as server:
            under_test = SmtpBox(server)
            yield under_test
            under_test.mailer.close()


def test_a_mail_arrives_as_it_was_handed_over(box: Box) -> None:
    box.mailer.send(MAIL)

    assert box.mails() == [MAIL]


def test_letters_of_every_language_arrive(box: Box) -> None:
    mail = replace(
        MAIL,
        subject="Ihre Zahlung über 50,00 € für „Größe XL“ konnte nicht ausgeführt werden, bitte prüfen: 支払い 🐦",
        sender_name='Müller, "Söhne" & Co. Buchhaltung GmbH (Ærø)',
        text="Grüße aus Ærø\n.\n..\nFrom here\n" + "x" * 3000 + "\n",
        html="<p>支払い 🐦</p>\n",
    )

    box.mailer.send(mail)

    assert box.mails() == [mail]


@pytest.mark.parametrize("name", ['North, "Sons" & Co.', "=?utf-8?q?forged?=", "a" * 200, "Ä" * 200])
def test_a_senders_name_of_any_form_stays_one_name(box: Box, name: str) -> None:
    box.mailer.send(replace(MAIL, sender_name=name))

    assert [mail.sender_name for mail in box.mails()] == [name]


def test_a_long_link_in_an_extra_header_is_not_broken(box: Box) -> None:
    headers = (("List-Unsubscribe", f"<https://dunlin.example/u/{'x' * 300}>"),)

    box.mailer.send(replace(MAIL, headers=headers))

    assert [mail.headers for mail in box.mails()] == [headers]


def test_a_mail_that_failed_goes_out_when_it_is_sent_again(box: Box) -> None:
    box.fail_next()
    with pytest.raises(MailNotSent):
        box.mailer.send(MAIL)
    assert box.mails() == []

    box.mailer.send(MAIL)

    assert box.mails() == [MAIL]


def test_many_threads_send_at_once(box: Box) -> None:
    mails = [replace(MAIL, message_id=f"<ntc_{number}@dunlin.example>") for number in range(12)]

    all_at_once([lambda mail=mail: box.mailer.send(mail) for mail in mails])

    assert sorted(mail.message_id for mail in box.mails()) == sorted(mail.message_id for mail in mails)


LINE_BREAKS = ["\r\n", "\n", "\r", "\x00", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\ud800"]


@pytest.mark.parametrize("line_break", LINE_BREAKS)
@pytest.mark.parametrize("where", ["subject", "sender_name", "reply_to", "to_address", "message_id"])
def test_a_line_break_cannot_forge_a_header(box: Box, where: str, line_break: str) -> None:
    forged = {where: f"{getattr(MAIL, where)}{line_break}Bcc: eve@evil.example"}

    with pytest.raises(MailRefused) as refusal:
        box.mailer.send(replace(MAIL, **forged))

    assert refusal.value.is_address_bad is (where == "to_address")
    assert "evil" not in str(refusal.value)
    assert box.mails() == []


@pytest.mark.parametrize(
    "header",
    [
        ("X-Fine", "a\r\nBcc: eve@evil.example"),
        ("X-Fine\r\nBcc", "eve@evil.example"),
        ("X Fine", "a"),
        ("X-Fine:", "a"),
        ("", "a"),
        ("X-Fine", "Ä"),
        ("X-Fine", "a" * 1000),
        ("bcc", "eve@evil.example"),
        ("From", "eve@evil.example"),
        ("Content-Type", "text/evil"),
        ("Resent-To", "eve@evil.example"),
    ],
)
def test_an_extra_header_is_well_formed_and_none_of_the_mailers_own(box: Box, header: tuple[str, str]) -> None:
    with pytest.raises(MailRefused) as refusal:
        box.mailer.send(replace(MAIL, headers=(header,)))

    assert not refusal.value.is_address_bad
    assert box.mails() == []


@pytest.mark.parametrize(
    "address",
    [
        "",
        "anna",
        "@acme.example",
        "anna@",
        "anna@acme.example, eve@evil.example",
        "Anna <anna@acme.example>",
        "<anna@acme.example>",
        "anna @acme.example",
        "anna@acme example",
        "anna@-acme.example",
        "anna..b@acme.example",
        ".anna@acme.example",
        "anna@acme.example.",
        '"anna b"@acme.example',
        "anna@[127.0.0.1]",
        f"{'a' * 65}@acme.example",
        f"anna@{'a' * 64}.example",
        f"anna@{'.'.join(['a' * 60] * 5)}",
        "anna\u200b@acme.example",
        "anna@acme.example> SIZE=1",
    ],
)
def test_what_is_no_address_is_refused_before_anything_leaves(box: Box, address: str) -> None:
    with pytest.raises(MailRefused) as refusal:
        box.mailer.send(replace(MAIL, to_address=address))

    assert refusal.value.is_address_bad
    assert box.mails() == []


@pytest.mark.parametrize(
    "address",
    ["a@b.example", "first.last+tag@sub.acme.example", "o'brien/x=y@acme.example", f"{'a' * 64}@acme.example"],
)
def test_addresses_of_unusual_forms_arrive_unchanged(box: Box, address: str) -> None:
    box.mailer.send(replace(MAIL, to_address=address))

    assert [mail.to_address for mail in box.mails()] == [address]


@pytest.mark.parametrize("where", ["text", "html"])
def test_text_that_cannot_be_written_down_is_refused(box: Box, where: str) -> None:
    with pytest.raises(MailRefused):
        box.mailer.send(replace(MAIL, **{where: "lone \ud800"}))

    assert box.mails() == []
