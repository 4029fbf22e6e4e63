"""Worlds in which a firm writes to its customer, and what was written."""

from typing import Any

from domain.model.notice_policy import NoticePolicy
from domain.model.notices import Notice
from domain.model.policies import Policy
from domain.services import firms, reading
from domain.services.clients import change_client
from ports.mailer import Mail
from ports.notice_repositories import NoticeFilter
from ports.repositories import PageRequest
from tests.service_world import ADMIN, DAY, World

ADDRESS = "billing@acme.example"
DECLINED = "insufficient_funds"
RETRIES = (3, 7, 14)


def writing_world(notices: NoticePolicy | None = None, **client: Any) -> World:
    """A firm that writes, at once and at any time unless `notices` says otherwise, to a client with an address."""
    world = World(policy=Policy(notices=notices or NoticePolicy()))
    change(world, **{"email": ADDRESS, **client})
    return world


def change(world: World, **client: Any) -> None:
    """The client is another one from now on."""
    change_client(world.ports, world.firm.id, world.client.id, client, ADMIN)


def decide(world: World, **notices: Any) -> None:
    """The firm decides otherwise about its notices."""
    firms.replace_policy(world.ports, world.firm.id, Policy(notices=NoticePolicy(**notices)), ADMIN)
    world.run_due()


def fail(world: World, *answers: str) -> str:
    """A new invoice whose first attempt is declined, or answered so; the retries get the further answers."""
    world.gateway.answers.extend(answers or (DECLINED,))
    invoice_id = world.invoice().invoice.id
    world.run_due()
    return invoice_id


def play_course(world: World, *answers: str) -> str:
    """An invoice whose attempts are answered so, each at its time."""
    invoice_id = fail(world, *answers)
    for days in RETRIES[: len(answers) - 1]:
        world.advance(days * DAY)
    return invoice_id


def stage_of(mail: Mail) -> str:
    """Which notice a mail is, by its headers."""
    return dict(mail.headers)["X-Dunlin-Stage"]


def mailed(world: World) -> list[str]:
    """The stages of all mails that the server took, in order."""
    return [stage_of(mail) for mail in world.mailer.sent]


def notices(world: World, **wanted: str) -> list[Notice]:
    """What is kept of notices, oldest first."""
    page = reading.list_notices(world.ports, world.firm.id, NoticeFilter(**wanted), PageRequest(limit=100))
    return list(reversed(page.items))


def outcomes(world: World) -> list[tuple[str, str]]:
    """Stage and status of each notice, oldest first."""
    return [(notice.stage.value, notice.status.value) for notice in notices(world)]


def alerted(world: World) -> list[str]:
    """What the firm's staff was told, without the alerts about the payments themselves."""
    return [alert.action for alert in world.alerts.alerts if alert.action.startswith(("notice_", "client_"))]
