"""What each reply of a server, and each way to lose one, becomes."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ports.mailer import MailNotSent, MailRefused
from tests.integration.smtp.mailers import ADDRESS, a_mail, mailer_to
from tests.smtp_server import Mood, Trouble, smtp_server

TELLING_WORDS = f"<{ADDRESS}> Hello Anna"


@pytest.mark.parametrize(
    ("mood", "is_address_bad"),
    [
        (Mood(recipient=f"550 5.1.1 {TELLING_WORDS}: no such user"), True),
        (Mood(recipient=f"550 {TELLING_WORDS}: no such user"), True),
        (Mood(recipient="551 User not local"), True),
        (Mood(recipient="553 5.1.3 Bad address syntax"), True),
        (Mood(recipient="550 5.1.10 Null MX"), True),
        (Mood(recipient="550 5.2.1 Mailbox disabled"), True),
        (Mood(recipient="552 5.2.2 Mailbox full"), False),
        (Mood(recipient="552 Mailbox full"), False),
        (Mood(recipient="550 5.7.1 Relaying denied"), False),
        (Mood(recipient="550 5.1.8 Sender's domain does not exist"), False),
        (Mood(recipient="554 Transaction failed"), False),
        (Mood(sender="550 5.1.0 Sender refused"), False),
        (Mood(content="550 5.1.1 No such user after all"), False),
        (Mood(content="554 5.7.1 Spam"), False),
    ],
)
def test_a_final_refusal_is_told_with_whose_fault_it_is(mood: Mood, is_address_bad: bool) -> None:
    with smtp_server() as server, mailer_to(server) as mailer:
        server.will(mood)

        with pytest.raises(MailRefused) as refusal:
            mailer.send(a_mail())

        assert refusal.value.is_address_bad is is_address_bad
        assert server.taken == []


@pytest.mark.parametrize(
    "mood",
    [
        Mood(recipient="451 4.7.1 Greylisted, try again"),
        Mood(recipient="450 4.2.1 Mailbox busy"),
        Mood(recipient="452 Too many recipients"),
        Mood(recipient="421 4.3.2 Shutting down"),
        Mood(sender="451 Try later"),
        Mood(sender="530 5.7.0 Authentication required"),
        Mood(content="451 4.3.0 Queue full"),
        Mood(content="421 Shutting down"),
        Mood(content="354 Pardon?"),
        Mood(content="nonsense"),
        Mood(trouble=Trouble.CLOSED_BEFORE_ANSWER),
    ],
)
def test_what_may_go_better_later_is_not_sent_and_goes_out_next_time(mood: Mood) -> None:
    with smtp_server() as server, mailer_to(server) as mailer:
        server.will(mood)
        with pytest.raises(MailNotSent):
            mailer.send(a_mail())

        mailer.send(a_mail())

        assert [mail.message["Message-ID"] for mail in server.taken][-1] == "<ntc_1@dunlin.example>"


def test_errors_name_the_code_and_neither_address_nor_content() -> None:
    with smtp_server() as server, mailer_to(server) as mailer:
        server.will(
            Mood(sender=f"550 5.1.0 {TELLING_WORDS}"),
            Mood(recipient=f"550-5.1.1 {TELLING_WORDS}\r\n550 5.1.1 {TELLING_WORDS}"),
            Mood(recipient=f"451 {TELLING_WORDS}"),
            Mood(content=f"554 {TELLING_WORDS}"),
        )
        told = []
        for number in range(4):
            with pytest.raises((MailRefused, MailNotSent)) as error:
                mailer.send(a_mail(number))
            told.append(error.value)

    assert [str(error) for error in told] == [
        "The SMTP server refused the sender (550 5.1.0).",
        "The SMTP server refused the recipient (550 5.1.1).",
        "The SMTP server refused the recipient (451).",
        "The SMTP server refused the content (554).",
    ]
    assert all(error.__cause__ is None for error in told)


def test_a_mail_that_was_taken_before_the_answer_was_lost_comes_again_under_its_message_id() -> None:
    with smtp_server() as server, mailer_to(server) as mailer:
        server.will(Mood(trouble=Trouble.CLOSED_BEFORE_ANSWER))
        with pytest.raises(MailNotSent):
            mailer.send(a_mail())

        mailer.send(a_mail())

        assert [mail.message["Message-ID"] for mail in server.received] == ["<ntc_1@dunlin.example>"] * 2


def test_a_connection_that_drops_after_the_answer_does_no_harm() -> None:
    with smtp_server() as server, mailer_to(server) as mailer:
        server.will(Mood(trouble=Trouble.CLOSED_AFTER_ANSWER), Mood(trouble=Trouble.CLOSED_AFTER_ANSWER))

        for number in range(3):
            mailer.send(a_mail(number))

        assert [mail.connection for mail in server.taken] == [1, 2, 3]


def test_a_server_that_falls_silent_is_given_up_in_time() -> None:
    with smtp_server() as server, mailer_to(server, seconds=0.3) as mailer:
        server.will(Mood(trouble=Trouble.SILENCE))
        started_at = time.monotonic()

        with pytest.raises(MailNotSent):
            mailer.send(a_mail())

        assert 0.2 < time.monotonic() - started_at < 3


@contextmanager
def strange_server(greeting: bytes, *, again_after_seconds: float | None = None) -> Iterator[int]:
    """Says `greeting`, again and again if asked, and listens to nothing; its port."""
    stopping = threading.Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                connection.sendall(greeting)
                while again_after_seconds is not None and not stopping.wait(again_after_seconds):
                    connection.sendall(greeting)
            except OSError:
                return
            stopping.wait(10)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        stopping.set()
        thread.join(timeout=10)


@pytest.mark.parametrize(
    ("greeting", "again_after_seconds"),
    [(b"", None), (b"2", 0.05), (b"220-still here\r\n", 0.05), (b"220 mail.test\r\n", None)],
)
def test_a_server_that_drips_or_says_half_is_given_up_in_time(
    greeting: bytes, again_after_seconds: float | None
) -> None:
    with (
        strange_server(greeting, again_after_seconds=again_after_seconds) as port,
        mailer_to(port, seconds=0.4) as mailer,
    ):
        started_at = time.monotonic()

        with pytest.raises(MailNotSent):
            mailer.send(a_mail())

        assert time.monotonic() - started_at < 3


@pytest.mark.parametrize(
    "greeting",
    [b"554 5.7.1 We know you\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220 " + b"x" * 300_000, b"\xff\r\n"],
)
def test_a_server_that_is_none_or_wants_nothing_of_us_may_think_better_of_it(greeting: bytes) -> None:
    with strange_server(greeting) as port, mailer_to(port) as mailer, pytest.raises(MailNotSent):
        mailer.send(a_mail())


def test_replies_that_do_not_end_are_not_kept_in_memory() -> None:
    with (
        strange_server(b"220-" + b"x" * 60 + b"\r\n", again_after_seconds=0) as port,
        mailer_to(port, seconds=20) as mailer,
    ):
        started_at = time.monotonic()

        with pytest.raises(MailNotSent):
            mailer.send(a_mail())

        assert time.monotonic() - started_at < 15


def test_a_closed_port_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with mailer_to(port) as mailer, pytest.raises(MailNotSent, match="ConnectionRefusedError"):
        mailer.send(a_mail())
