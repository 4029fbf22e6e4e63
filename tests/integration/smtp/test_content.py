"""What arrives at a server, to the letter."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.smtp.mailer import SmtpMailer
from ports.mailer import MailRefused
from tests.integration.smtp.mailers import a_mail, mailer_to
from tests.smtp_server import SmtpServerUnderTest, smtp_server

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=300)
SMUGGLED = "\n.\nMAIL FROM:<eve@evil.example>\n"  # what ends a mail early on careless servers


@pytest.fixture(scope="module")
def pair():
    with smtp_server() as server, mailer_to(server) as mailer:
        yield server, mailer


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=ANY_TEXT
    | st.sampled_from(["\r.\r", "\r\n.\r\n", "\n.\n", "\n.\r\n", "..", SMUGGLED, SMUGGLED.replace("\n", "\r")])
)
def test_any_text_arrives_as_one_mail(pair: tuple[SmtpServerUnderTest, SmtpMailer], text: str) -> None:
    server, mailer = pair
    before = len(server.received)

    mailer.send(a_mail(text=text, html=text))

    assert len(server.received) == before + 1
    content = server.received[-1].content
    assert content.isascii()
    assert content.count(b"\r") == content.count(b"\n") == content.count(b"\r\n")
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    body = server.received[-1].message.get_body(("plain",))
    assert body is not None
    assert _lines(body.get_content()) == _lines(text)


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(subject=st.text(max_size=200), name=st.text(max_size=200))
def test_no_subject_and_no_name_forges_a_header(
    pair: tuple[SmtpServerUnderTest, SmtpMailer], subject: str, name: str
) -> None:
    server, mailer = pair
    before = len(server.received)
    try:
        mailer.send(a_mail(subject=subject, sender_name=name))
    except MailRefused:
        assert len(server.received) == before
        return
    message = server.received[-1].message

    assert message.keys()[:9] == HEADERS
    assert message["From"].addresses[-1].addr_spec == "billing@dunlin.example"
    assert server.received[-1].recipients == ("anna@acme.example",)


HEADERS = [
    "Message-ID",
    "Date",
    "From",
    "To",
    "Subject",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
]


def test_the_mail_says_who_and_when_and_that_a_machine_wrote_it() -> None:
    with smtp_server() as server, mailer_to(server) as mailer:
        mailer.send(a_mail(reply_to="support@north.example", sender_name="North Ltd"))

        (mail,) = server.taken
    assert mail.sender == "billing@dunlin.example"
    assert mail.message["From"] == "North Ltd <billing@dunlin.example>"
    assert mail.message["Reply-To"] == "support@north.example"
    assert mail.message["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["X-Auto-Response-Suppress"] == "All"
    assert mail.message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.message.iter_parts()] == ["text/plain", "text/html"]


def test_without_a_name_of_the_firm_the_installations_own_stands_there() -> None:
    with smtp_server() as server, mailer_to(server) as mailer:
        mailer.send(a_mail())

        assert server.taken[0].message["From"] == "Dunlin <billing@dunlin.example>"


def test_a_domain_beyond_ascii_is_sent_as_dns_knows_it() -> None:
    with smtp_server(smtputf8=False) as server, mailer_to(server) as mailer:
        mailer.send(a_mail(to_address="anna@straße.example"))

        assert server.taken[0].recipients == ("anna@xn--strae-oqa.example",)


def test_a_domain_that_cannot_be_is_a_bad_address() -> None:
    with smtp_server() as server, mailer_to(server) as mailer, pytest.raises(MailRefused) as refusal:
        mailer.send(a_mail(to_address="anna@☃☃.example"))

    assert refusal.value.is_address_bad


def test_a_local_part_beyond_ascii_needs_a_server_that_takes_it() -> None:
    with smtp_server() as server, mailer_to(server) as mailer:
        mailer.send(a_mail(to_address="änne@straße.example"))

        assert server.taken[0].recipients == ("änne@xn--strae-oqa.example",)
        assert "To: änne@xn--strae-oqa.example".encode() in server.taken[0].content

    with smtp_server(smtputf8=False) as server, mailer_to(server) as mailer:
        with pytest.raises(MailRefused) as refusal:
            mailer.send(a_mail(to_address="änne@straße.example"))

        assert not refusal.value.is_address_bad
        mailer.send(a_mail())
        assert len(server.taken) == 1
