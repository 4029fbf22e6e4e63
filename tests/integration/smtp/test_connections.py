"""Many mails over few connections, in threads and in forks."""

import os
import threading
from collections import Counter

import pytest

from adapters.smtp import pool
from ports.mailer import MailNotSent, MailRefused
from tests.integration.smtp.mailers import a_mail, mailer_to
from tests.smtp_server import Mood, smtp_server
from tests.storage import all_at_once


def test_mails_go_over_one_connection() -> None:
    with smtp_server() as server, mailer_to(server) as mailer:
        for number in range(20):
            mailer.send(a_mail(number))

        assert server.connections == 1
        assert len({mail.message["Message-ID"] for mail in server.taken}) == 20


def test_a_closed_mailer_took_leave_and_opens_a_connection_when_it_is_used_again() -> None:
    with smtp_server() as server, mailer_to(server) as mailer:
        mailer.send(a_mail(1))
        mailer.close()

        mailer.send(a_mail(2))

        assert [mail.connection for mail in server.taken] == [1, 2]
        assert server.farewells == 1


def test_a_refused_mail_leaves_nothing_behind_for_the_next() -> None:
    with smtp_server() as server, mailer_to(server) as mailer:
        server.will(Mood(recipient="550 5.1.1 Unknown"), Mood(content="554 No"), Mood(recipient="451 Later"))
        for number in range(3):
            with pytest.raises((MailRefused, MailNotSent)):
                mailer.send(a_mail(number, to_address="refused@acme.example"))

        mailer.send(a_mail(4))

        assert server.connections == 1
        assert [mail.recipients for mail in server.taken] == [("anna@acme.example",)]


def test_a_connection_that_the_server_closed_is_replaced() -> None:
    with smtp_server() as server, mailer_to(server) as mailer:
        mailer.send(a_mail(1))
        server.close_connections()

        mailer.send(a_mail(2))

        assert [mail.connection for mail in server.taken] == [1, 2]


def test_a_connection_that_was_idle_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with smtp_server() as server, mailer_to(server) as mailer:
        mailer.send(a_mail(1))
        monkeypatch.setattr(pool, "IDLE_SECONDS_MAX", -1.0)

        mailer.send(a_mail(2))

        assert [mail.connection for mail in server.taken] == [1, 2]


def test_a_connection_carries_so_many_mails_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MAILS_MAX", 3)
    with smtp_server() as server, mailer_to(server) as mailer:
        for number in range(7):
            mailer.send(a_mail(number))

        assert Counter(mail.connection for mail in server.taken) == {1: 3, 2: 3, 3: 1}


def test_threads_do_not_mix_their_mails() -> None:
    def send(number: int) -> None:
        for turn in range(5):
            address = f"to-{number}-{turn}@acme.example"
            mailer.send(a_mail(number * 100 + turn, to_address=address, subject=address))

    with smtp_server() as server, mailer_to(server) as mailer:
        all_at_once([lambda number=number: send(number) for number in range(8)])

        assert len(server.taken) == 40
        assert all(mail.recipients == (mail.message["Subject"],) for mail in server.taken)
        assert server.connections <= 40


def test_a_thread_does_not_wait_for_anothers_mail() -> None:
    with smtp_server() as server, mailer_to(server) as mailer:
        server.hold_next()
        slow = threading.Thread(target=mailer.send, args=(a_mail(1),))
        slow.start()
        server.wait_until_held()

        mailer.send(a_mail(2))

        assert [mail.message["Message-ID"] for mail in server.taken if mail.connection == 2] == [
            "<ntc_2@dunlin.example>"
        ]
        server.let_go()
        slow.join(timeout=10)
        assert len(server.taken) == 2


def test_a_fork_opens_a_connection_of_its_own_and_leaves_its_parents_alone() -> None:
    with smtp_server() as server, mailer_to(server) as mailer:
        mailer.send(a_mail(1))
        child = os.fork()
        if child == 0:  # pragma: no cover - another process
            try:
                mailer.send(a_mail(2))
                os._exit(0)
            except BaseException:  # noqa: BLE001 - whatever it is, the child must not go on with the tests
                os._exit(1)
        _, status = os.waitpid(child, 0)

        mailer.send(a_mail(3))

        assert os.waitstatus_to_exitcode(status) == 0
        assert [(mail.message["Message-ID"][5], mail.connection) for mail in server.taken] == [
            ("1", 1),
            ("2", 2),
            ("3", 1),
        ]
