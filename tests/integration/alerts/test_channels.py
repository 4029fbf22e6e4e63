"""An alert on its way to real receivers: two HTTP services and a mail server, each of which may fail."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

import pytest

from adapters.alerts.apprise_alerter import AppriseAlertPoster
from adapters.smtp.mailer import SmtpMailer
from adapters.smtp.server import Sender, SmtpServer
from domain.model.alerts import AlertSettings
from domain.model.answers import Refused
from domain.services.alerting import AlertDesk
from domain.services.steps import in_firm
from tests import alert_server, smtp_server
from tests.service_world import World

STAFF = "staff@firm.example"


@dataclass
class Receivers:
    """A world whose alerts go to them."""

    world: World
    one: alert_server.AlertServer
    other: alert_server.AlertServer
    mail: smtp_server.SmtpServerUnderTest

    def counts(self) -> tuple[int, int, int]:
        """How many alerts each has taken."""
        return len(self.one.received), len(self.other.received), len(self.mail.taken)

    def hold_collection(self) -> None:
        """Something goes wrong that the staff is told of."""
        self.world.gateway.answers.append(Refused("No such customer."))
        self.world.invoice()
        self.world.run_due()


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    world = World()
    with ExitStack() as stack:
        one, other = (stack.enter_context(alert_server.alert_server()) for _ in range(2))
        mail = stack.enter_context(smtp_server.smtp_server())
        mailer = SmtpMailer(
            SmtpServer.from_url(f"smtp://127.0.0.1:{mail.port}"), Sender("Dunlin", "dunlin@ops.example"), world.clock
        )
        stack.callback(mailer.close)
        desk = AlertDesk(world.alerts, AppriseAlertPoster(seconds_max=0.5), mailer, (one.url, other.url))
        world.use_desk(desk)
        settings = AlertSettings(emails=(STAFF,))
        in_firm(world.ports, world.firm.id, lambda step: step.tx.alerts.save_settings(world.firm.id, settings))
        yield Receivers(world, one, other, mail)


def test_an_alert_reaches_every_receiver_once(receivers: Receivers) -> None:
    receivers.hold_collection()

    assert receivers.counts() == (1, 1, 1)
    assert receivers.one.received[0]["title"] == "[Dunlin CRITICAL] Collection is held"
    message = receivers.mail.taken[0].message
    assert (message["To"], message["Subject"]) == (STAFF, "[Dunlin CRITICAL] Collection is held")
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("mood", [alert_server.Mood.REFUSING, alert_server.Mood.SILENT, alert_server.Mood.DROPPING])
def test_a_receiver_that_fails_is_tried_again_and_no_other_is_told_twice(
    receivers: Receivers, mood: alert_server.Mood
) -> None:
    receivers.one.mood = mood
    receivers.hold_collection()
    assert receivers.counts() == (0, 1, 1)

    receivers.one.mood = alert_server.Mood.TAKING
    for _ in range(3):
        receivers.world.advance(timedelta(minutes=1))

    assert receivers.counts() == (1, 1, 1)


def test_a_mail_server_that_is_busy_is_tried_again_and_no_service_is_told_twice(receivers: Receivers) -> None:
    receivers.mail.will(smtp_server.Mood(content="451 4.3.0 Later"))
    receivers.hold_collection()
    assert receivers.counts() == (1, 1, 0)

    for _ in range(3):
        receivers.world.advance(timedelta(minutes=1))

    assert receivers.counts() == (1, 1, 1)
