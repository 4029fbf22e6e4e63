"""TLS and login."""

import pytest

from adapters.smtp.server import Tls
from ports.mailer import MailNotSent
from tests.integration.smtp.mailers import a_mail, mailer_to
from tests.smtp_server import smtp_server, trusting_context

PASSWORD = "pässword 1"
ACCOUNTS = {"anna": PASSWORD}


@pytest.mark.parametrize("tls", [Tls.REQUIRED, Tls.WHEN_OFFERED])
def test_a_line_is_encrypted_where_starttls_is_offered(tls: Tls) -> None:
    with smtp_server(starttls=True) as server, mailer_to(server, tls=tls, trust=trusting_context()) as mailer:
        mailer.send(a_mail())

        assert [mail.is_encrypted for mail in server.taken] == [True]


def test_a_line_may_be_encrypted_from_the_start() -> None:
    with (
        smtp_server(implicit_tls=True) as server,
        mailer_to(server, tls=Tls.FROM_THE_START, trust=trusting_context()) as mailer,
    ):
        mailer.send(a_mail())

        assert [mail.is_encrypted for mail in server.taken] == [True]


def test_a_mail_does_not_leave_in_the_clear_where_encryption_is_required() -> None:
    with smtp_server() as server, mailer_to(server, tls=Tls.REQUIRED, trust=trusting_context()) as mailer:
        with pytest.raises(MailNotSent, match="does not offer STARTTLS"):
            mailer.send(a_mail())

        assert server.received == []


def test_starttls_may_be_left_out_where_it_is_not_offered() -> None:
    with smtp_server() as server, mailer_to(server, tls=Tls.WHEN_OFFERED) as mailer:
        mailer.send(a_mail())

        assert [mail.is_encrypted for mail in server.taken] == [False]


@pytest.mark.parametrize("tls", [Tls.REQUIRED, Tls.WHEN_OFFERED, Tls.FROM_THE_START])
def test_a_certificate_of_an_unknown_authority_is_not_accepted(tls: Tls) -> None:
    is_implicit = tls is Tls.FROM_THE_START
    with (
        smtp_server(starttls=not is_implicit, implicit_tls=is_implicit) as server,
        mailer_to(server, tls=tls) as mailer,
    ):
        with pytest.raises(MailNotSent, match="certificate is not accepted"):
            mailer.send(a_mail())

        assert server.received == []


@pytest.mark.parametrize("tls", [Tls.REQUIRED, Tls.FROM_THE_START])
def test_a_certificate_for_another_name_is_not_accepted(tls: Tls) -> None:
    is_implicit = tls is Tls.FROM_THE_START
    with (
        smtp_server(starttls=not is_implicit, implicit_tls=is_implicit, certificate_for="other.example") as server,
        mailer_to(server, tls=tls, trust=trusting_context()) as mailer,
        pytest.raises(MailNotSent, match="certificate is not accepted"),
    ):
        mailer.send(a_mail())


def test_a_server_that_speaks_no_tls_is_not_sent_to_over_smtps() -> None:
    with (
        smtp_server() as server,
        mailer_to(server, tls=Tls.FROM_THE_START, trust=trusting_context()) as mailer,
        pytest.raises(MailNotSent, match="No TLS"),
    ):
        mailer.send(a_mail())


def test_the_authority_can_be_named_by_the_environment(monkeypatch: pytest.MonkeyPatch, authority_file: str) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", authority_file)

    with smtp_server(starttls=True) as server, mailer_to(server, tls=Tls.REQUIRED) as mailer:
        mailer.send(a_mail())

        assert [mail.is_encrypted for mail in server.taken] == [True]


@pytest.mark.parametrize("methods", ["PLAIN LOGIN", "LOGIN", "PLAIN"])
def test_user_and_password_go_over_an_encrypted_line(methods: str) -> None:
    with (
        smtp_server(starttls=True, accounts=ACCOUNTS, login_methods=methods) as server,
        mailer_to(server, tls=Tls.REQUIRED, user="anna", password=PASSWORD, trust=trusting_context()) as mailer,
    ):
        mailer.send(a_mail())

        assert server.logins == [("anna", PASSWORD, True)]
        assert [mail.user for mail in server.taken] == ["anna"]


def test_on_this_machine_a_login_may_go_in_the_clear_if_so_set() -> None:
    with (
        smtp_server(accounts=ACCOUNTS) as server,
        mailer_to(server, user="anna", password=PASSWORD) as mailer,
    ):
        mailer.send(a_mail())

        assert server.logins == [("anna", PASSWORD, False)]


def test_a_password_never_goes_in_the_clear_to_another_machine() -> None:
    with (
        smtp_server(accounts=ACCOUNTS) as server,
        mailer_to(server, host="mail.example", user="anna", password=PASSWORD, at_home=True) as mailer,
    ):
        with pytest.raises(MailNotSent, match="passwords do not go in the clear"):
            mailer.send(a_mail())

        assert server.logins == []


def test_a_wrong_password_is_the_operators_to_mend_and_no_mail_is_lost() -> None:
    with (
        smtp_server(starttls=True, accounts=ACCOUNTS) as server,
        mailer_to(server, tls=Tls.REQUIRED, user="anna", password="wrong", trust=trusting_context()) as mailer,
    ):
        with pytest.raises(MailNotSent, match=r"did not accept our user and password \(535 5\.7\.8\)") as error:
            mailer.send(a_mail())

        assert "wrong" not in str(error.value)
        server.accounts["anna"] = "wrong"
        mailer.send(a_mail())
        assert len(server.taken) == 1


def test_a_server_without_a_login_that_we_know_gets_no_password() -> None:
    with (
        smtp_server(starttls=True, accounts=ACCOUNTS, login_methods="") as server,
        mailer_to(server, tls=Tls.REQUIRED, user="anna", password=PASSWORD, trust=trusting_context()) as mailer,
    ):
        with pytest.raises(MailNotSent, match="offers no login"):
            mailer.send(a_mail())

        assert server.logins == []


def test_a_server_that_wants_a_login_and_gets_none_may_have_the_mail_later() -> None:
    with (
        smtp_server(accounts=ACCOUNTS) as server,
        mailer_to(server) as mailer,
        pytest.raises(MailNotSent, match="530"),
    ):
        mailer.send(a_mail())


def test_what_a_server_says_before_encryption_is_forgotten() -> None:
    """RFC 3207 4.2: somebody on the line could put words into the server's mouth while it is still clear."""
    with (
        smtp_server(starttls=True, words_before_tls=b"250 injected\r\n250 injected\r\n") as server,
        mailer_to(server, tls=Tls.REQUIRED, trust=trusting_context()) as mailer,
    ):
        mailer.send(a_mail())

        assert len(server.taken) == 1
