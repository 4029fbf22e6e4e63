"""`ports.alerter.AlertPoster`: Apprise against a real HTTP server, and the one in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from adapters.alerts.apprise_alerter import AppriseAlertPoster
from adapters.memory.alert_poster import MemoryAlertPoster
from domain.model.audit import Severity
from ports.alerter import AddressUnusable, AlertMessage, AlertNotDelivered, AlertPoster
from tests.alert_server import Mood, alert_server

MESSAGE = AlertMessage(
    Severity.CRITICAL, "[Dunlin CRITICAL] New dispute", "A dispute over 50.00 €.\n\nLook & act <now>."
)


@dataclass(frozen=True)
class Service:
    """A poster with the address of a service that it reaches, what the service took, and a way to make it refuse."""

    poster: AlertPoster
    url: str
    taken: Callable[[], list[tuple[str, str]]]
    refuse: Callable[[], None]


@pytest.fixture(params=["memory", "apprise"])
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    if request.param == "memory":
        memory = MemoryAlertPoster()
        url = "json://127.0.0.1/hook"
        yield Service(
            memory,
            url,
            taken=lambda: [(message.title, message.text) for _, message in memory.posted],
            refuse=lambda: memory.refusing.add(url),
        )
        return
    with alert_server() as server:
        yield Service(
            AppriseAlertPoster(),
            server.url,
            taken=lambda: [(told["title"], told["message"]) for told in server.received],
            refuse=lambda: setattr(server, "mood", Mood.REFUSING),
        )


def test_a_message_is_posted_once_as_it_is(service: Service) -> None:
    service.poster.check(service.url)
    service.poster.post(service.url, MESSAGE)

    assert service.taken() == [(MESSAGE.title, MESSAGE.text)]


def test_a_message_that_the_service_refuses_is_not_delivered(service: Service) -> None:
    service.refuse()

    with pytest.raises(AlertNotDelivered) as failed:
        service.poster.post(service.url, MESSAGE)

    assert service.url not in str(failed.value)


def test_what_is_no_address_is_unusable_and_not_repeated(service: Service) -> None:
    for do in (service.poster.check, lambda url: service.poster.post(url, MESSAGE)):
        with pytest.raises(AddressUnusable) as unusable:
            do("no-address-s3cret")

        assert "s3cret" not in str(unusable.value)
    assert service.taken() == []
