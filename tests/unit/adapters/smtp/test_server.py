"""SMTP_URL and MAIL_FROM as they are read; what is refused is in tests/unit/entrypoints/test_settings.py."""

import pytest

from adapters.smtp.server import Sender, SmtpServer, Tls, is_loopback


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", SmtpServer(host="mail.example", port=25, tls=Tls.REQUIRED)),
        ("smtp://localhost", SmtpServer(host="localhost", port=25, tls=Tls.WHEN_OFFERED)),
        ("smtp://[::1]:2525/", SmtpServer(host="::1", port=2525, tls=Tls.WHEN_OFFERED)),
        ("smtps://mail.example", SmtpServer(host="mail.example", port=465, tls=Tls.FROM_THE_START)),
        ("smtp://mail.example:587?starttls=never", SmtpServer(host="mail.example", port=587, tls=Tls.NEVER)),
        (
            "smtp://anna%40acme:p%2Fw%C3%A4@localhost?timeout=2.5",
            SmtpServer(host="localhost", port=25, tls=Tls.REQUIRED, user="anna@acme", password="p/wä", seconds=2.5),
        ),
        (
            "smtp://anna:secret@127.0.0.1?starttls=never",
            SmtpServer(host="127.0.0.1", port=25, tls=Tls.NEVER, user="anna", password="secret"),
        ),
    ],
)
def test_a_url_says_everything_about_the_server(url: str, server: SmtpServer) -> None:
    assert SmtpServer.from_url(url) == server


def test_the_password_does_not_show_in_the_representation() -> None:
    assert "hidden" not in repr(SmtpServer.from_url("smtp://anna:hidden@mail.example"))


@pytest.mark.parametrize(
    ("text", "sender"),
    [
        ("billing@north.example", Sender("", "billing@north.example")),
        ("<billing@north.example>", Sender("", "billing@north.example")),
        ("North Ltd <billing@north.example>", Sender("North Ltd", "billing@north.example")),
        ('"North, Inc." <billing@north.example>', Sender("North, Inc.", "billing@north.example")),
        ("Ærø <dunlin@localhost>", Sender("Ærø", "dunlin@localhost")),
    ],
)
def test_a_sender_is_an_address_with_or_without_a_name(text: str, sender: Sender) -> None:
    assert Sender.from_text(text) == sender


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
    ],
)
def test_this_machine_is_told_from_others(host: str, is_here: bool) -> None:
    assert is_loopback(host) is is_here
