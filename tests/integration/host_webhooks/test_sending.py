"""Webhooks to real receivers. Expected values: the issue (point 10), Standard Webhooks' specification."""

import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import trustme
from standardwebhooks import Webhook, WebhookVerificationError

from adapters.host_webhooks.sender import StandardHostWebhooks
from domain.model.host_addresses import AddressRules, BadHostAddress
from domain.model.host_deliveries import HostAnswer
from ports.host_webhooks import HostWebhook
from tests.integration.host_webhooks.receivers import (
    Receiver,
    drips,
    floods,
    hangs,
    receiver,
    resets,
    says,
    sends,
    takes_with_an_endless_body,
)

BODY = '{"type":"invoice.overdue","data":{"number":"Ō-1"}}'.encode()
SECRET_KEY = "a secret key of this installation"
LOCAL = AddressRules(takes_plain_http=True, allowed_hosts=frozenset({"127.0.0.1"}))
NAME = "billing.example.com"
ALLOWED_NAME = AddressRules(allowed_hosts=frozenset({NAME}))


@pytest.fixture
def host() -> Iterator[Receiver]:
    with receiver() as listening:
        yield listening


def sender(rules: AddressRules = LOCAL, **options: Any) -> StandardHostWebhooks:
    return StandardHostWebhooks(SECRET_KEY, rules, **{"time_limit_seconds": 0.5, **options})


def webhook(url: str, *salts: str, sent_at: datetime | None = None) -> HostWebhook:
    return HostWebhook(url, "hev_1", sent_at or datetime.now(UTC), BODY, salts or ("salt",))


def send(host: Receiver, *salts: str, path: str = "/hooks") -> HostAnswer:
    return sender().send(webhook(f"http://127.0.0.1:{host.port}{path}", *salts))


def test_what_arrives_is_verified_by_the_official_library(host: Receiver) -> None:
    assert send(host, path="/hooks?a=b") == HostAnswer(204)

    (request,) = host.requests
    assert (request.method, request.target, request.body) == ("POST", "/hooks?a=b", BODY)
    assert request.headers["host"] == f"127.0.0.1:{host.port}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == "hev_1"
    assert Webhook(sender().secret("salt")).verify(request.body, request.headers)["type"] == "invoice.overdue"
    with pytest.raises(WebhookVerificationError):
        Webhook(sender().secret("another")).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(sender().secret("salt")).verify(request.body + b" ", request.headers)


def test_after_a_rotation_either_secret_verifies(host: Receiver) -> None:
    send(host, "new", "old")

    (request,) = host.requests
    for salt in ("new", "old"):
        Webhook(sender().secret(salt)).verify(request.body, request.headers)
    assert len(request.headers["webhook-signature"].split(" ")) == 2


def test_an_old_request_is_refused_by_the_official_library(host: Receiver) -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    sender().send(webhook(f"http://127.0.0.1:{host.port}/", sent_at=an_hour_ago))

    with pytest.raises(WebhookVerificationError, match="old"):
        Webhook(sender().secret("salt")).verify(host.requests[0].body, host.requests[0].headers)


@pytest.mark.parametrize("status", [200, 202, 400, 401, 404, 410, 429, 500, 503])
def test_the_status_is_all_that_counts(host: Receiver, status: int) -> None:
    host.answers(says(status, b'{"whatever": true}'))

    answer = send(host)

    assert (answer.status, answer.is_success, answer.is_gone) == (status, status < 300, status == 410)


def test_a_redirect_is_not_followed(host: Receiver) -> None:
    with receiver() as metadata:
        host.answers(says(307, Location=f"http://127.0.0.1:{metadata.port}/latest/meta-data"))

        answer = send(host)

        assert (answer.status, metadata.connections) == (307, 0)
        assert "redirects are not followed" in str(answer.error)


@pytest.mark.parametrize("behaviour", [hangs, drips], ids=["hangs", "drips"])
def test_a_slow_receiver_is_given_up_at_the_time_limit(host: Receiver, behaviour: Any) -> None:
    host.answers(behaviour)
    began_at = time.monotonic()

    answer = send(host)

    assert answer == HostAnswer(None, "No answer: it took too long.")
    assert 0.4 < time.monotonic() - began_at < 2


def test_headers_without_end_are_not_read_to_the_end(host: Receiver) -> None:
    host.answers(floods)

    assert send(host).status is None


def test_a_body_is_not_read(host: Receiver) -> None:
    host.answers(takes_with_an_endless_body)
    began_at = time.monotonic()

    assert send(host) == HostAnswer(200)
    assert time.monotonic() - began_at < 0.4


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (resets, "No answer: it was closed."),
        (sends(b""), "No answer: it was closed."),
        (sends(b"220 smtp.example.com ESMTP\r\n"), "No answer: what came back is not HTTP."),
        (sends(b"HTTP/1.1 999999 No\r\n\r\n"), "No answer: what came back is not HTTP."),
    ],
    ids=["reset", "closed", "smtp", "no status"],
)
def test_a_connection_that_breaks_is_told_in_words(host: Receiver, behaviour: Any, error: str) -> None:
    host.answers(behaviour)

    assert send(host) == HostAnswer(None, error)


def test_nobody_there_is_told_in_words() -> None:
    with receiver() as gone:
        port = gone.port

    assert sender().send(webhook(f"http://127.0.0.1:{port}/")) == HostAnswer(None, "No connection: it was refused.")


class FakeDns:
    """Answers each look-up with the next of `answers`; the last one stays."""

    def __init__(self, *answers: Sequence[str] | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """What a sender that knows the authority trusts."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def secure_host(authority: trustme.CA) -> Iterator[Receiver]:
    """Shows a certificate for `NAME`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME).configure_cert(context)
    with receiver(context) as listening:
        yield listening


def test_tls_asks_for_the_name_although_the_connection_goes_to_the_checked_address(
    secure_host: Receiver, trusting: ssl.SSLContext
) -> None:
    dns = FakeDns(["127.0.0.1"])

    answer = sender(ALLOWED_NAME, resolve=dns, tls=trusting).send(webhook(f"https://{NAME}:{secure_host.port}/"))

    assert answer == HostAnswer(204)
    assert secure_host.requests[0].headers["host"] == f"{NAME}:{secure_host.port}"
    assert dns.asked == [(NAME, secure_host.port)]


def test_a_certificate_for_another_name_is_refused(secure_host: Receiver, trusting: ssl.SSLContext) -> None:
    rules = AddressRules(allowed_hosts=frozenset({"other.example.com"}))

    answer = sender(rules, resolve=FakeDns(["127.0.0.1"]), tls=trusting).send(
        webhook(f"https://other.example.com:{secure_host.port}/")
    )

    assert "certificate is not valid" in str(answer.error)
    assert secure_host.requests == []


def test_a_certificate_of_an_unknown_authority_is_refused(secure_host: Receiver) -> None:
    answer = sender(ALLOWED_NAME, resolve=FakeDns(["127.0.0.1"])).send(webhook(f"https://{NAME}:{secure_host.port}/"))

    assert "certificate is not valid" in str(answer.error)
    assert secure_host.requests == []


def test_a_receiver_that_speaks_no_tls_is_told_in_words(host: Receiver, trusting: ssl.SSLContext) -> None:
    answer = sender(ALLOWED_NAME, resolve=FakeDns(["127.0.0.1"]), tls=trusting).send(
        webhook(f"https://{NAME}:{host.port}/")
    )

    assert answer.status is None
    assert str(answer.error).startswith("No connection: ")


INSIDE = ["127.0.0.1", "169.254.169.254", "10.0.0.1", "100.64.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]


@pytest.mark.parametrize("address", [*INSIDE, "fe80::1%lo"])
def test_a_name_that_leads_inside_is_never_connected_to(host: Receiver, address: str) -> None:
    hostile = sender(AddressRules(), resolve=FakeDns([address]))
    url = f"https://{NAME}:{host.port}/"

    with pytest.raises(BadHostAddress) as refused:
        hostile.check_url(url)
    answer = hostile.send(webhook(url))

    assert (answer.status, host.connections) == (None, 0)
    assert str(answer.error).startswith("Not sent: ")
    assert address not in str(refused.value) + str(answer.error)


def test_a_name_that_leads_outside_when_configured_and_inside_when_sent_to_is_refused_then(host: Receiver) -> None:
    rebinding = sender(AddressRules(), resolve=FakeDns(["8.8.8.8"], ["127.0.0.1"]))
    url = f"https://{NAME}:{host.port}/"

    rebinding.check_url(url)
    answer = rebinding.send(webhook(url))

    assert (answer.status, host.connections) == (None, 0)
    assert str(answer.error).startswith("Not sent: ")


def test_one_delivery_resolves_once_so_that_rebinding_in_between_changes_nothing(
    secure_host: Receiver, trusting: ssl.SSLContext
) -> None:
    dns = FakeDns(["127.0.0.1"], ["169.254.169.254"])

    answer = sender(ALLOWED_NAME, resolve=dns, tls=trusting).send(webhook(f"https://{NAME}:{secure_host.port}/"))

    assert (answer, len(dns.asked)) == (HostAnswer(204), 1)


def test_a_mixture_of_addresses_is_refused_whole(host: Receiver) -> None:
    answer = sender(AddressRules(), resolve=FakeDns(["8.8.8.8", "127.0.0.1"])).send(
        webhook(f"https://{NAME}:{host.port}/")
    )

    assert (answer.status, host.connections) == (None, 0)


def test_the_next_address_is_tried_when_one_does_not_answer(secure_host: Receiver, trusting: ssl.SSLContext) -> None:
    dns = FakeDns(["127.0.0.9", "127.0.0.1"])

    answer = sender(ALLOWED_NAME, resolve=dns, tls=trusting).send(webhook(f"https://{NAME}:{secure_host.port}/"))

    assert answer == HostAnswer(204)


@pytest.mark.parametrize("failure", [OSError("no such name"), UnicodeError("label too long")])
def test_a_name_without_an_address_is_told_in_words(failure: Exception) -> None:
    nowhere = sender(AddressRules(), resolve=FakeDns(failure))

    with pytest.raises(BadHostAddress, match="cannot be resolved"):
        nowhere.check_url(f"https://{NAME}/")
    assert str(nowhere.send(webhook(f"https://{NAME}/")).error).startswith("No connection: ")


def test_a_resolver_that_hangs_is_given_up_at_the_time_limit() -> None:
    stopping = threading.Event()

    def hanging(host: str, port: int) -> Sequence[str]:
        stopping.wait(10)
        return ["8.8.8.8"]

    began_at = time.monotonic()
    answer = sender(AddressRules(), resolve=hanging).send(webhook(f"https://{NAME}/"))
    stopping.set()

    assert answer == HostAnswer(None, "No connection: it took too long.")
    assert time.monotonic() - began_at < 2


@pytest.mark.parametrize(
    "url", ["http://billing.example.com/", "https://user:secret@billing.example.com/", "https://127.0.0.1/", "nonsense"]
)
def test_a_stored_url_is_checked_at_each_delivery(url: str) -> None:
    answer = sender(AddressRules()).send(webhook(url))

    assert str(answer.error).startswith("Not sent: ")


def test_secrets_are_the_same_for_a_salt_and_differ_by_salt_and_installation() -> None:
    ours, theirs = sender(), StandardHostWebhooks("another installation's key", LOCAL)

    assert ours.secret("a") == sender().secret("a")
    assert len({ours.secret("a"), ours.secret("b"), theirs.secret("a")}) == 3
    assert ours.secret("a").startswith("whsec_")


def test_a_time_in_another_zone_is_signed_as_the_moment_that_it_is(host: Receiver) -> None:
    in_tokyo = datetime.now(UTC).astimezone(timezone(timedelta(hours=9)))
    sender().send(webhook(f"http://127.0.0.1:{host.port}/", sent_at=in_tokyo))

    Webhook(sender().secret("salt")).verify(host.requests[0].body, host.requests[0].headers)
