"""Fetching missed events and running by the clock: nothing is lost, nothing is done twice, nobody is charged for it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.model.inbox import StripeEvent
from domain.model.invoices import InvoiceStatus
from domain.model.outbox import LEASE, OutboxKind, OutboxStatus
from domain.services import firms
from domain.services.backfill import KEPT, OVERLAP, Window, backfill_page
from domain.services.clients import NewClient, create_client
from domain.services.collection import NewInvoice, create_invoice
from domain.services.reading import get_invoice, list_outbox
from domain.services.steps import in_system
from domain.services.upkeep import plan_upkeep
from ports.payment_gateway import GatewayRefuses, GatewayUnavailable
from ports.repositories import OutboxFilter, PageRequest
from tests import stripe_events as stripe
from tests.builders import NOW, days
from tests.reversal_world import Json, charged, deliver, disputed, refunded, rows
from tests.service_world import ADMIN, DAY, World

HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> World:
    return World()


def listed(world: World, *bodies: Json) -> None:
    """What Stripe lists, newest first."""
    world.records.listed = [stripe.parsed(body) for body in reversed(bodies)]


def story() -> list[Json]:
    return [charged(), refunded(amount=1000), disputed(amount=500)]


def backfill(world: World, cursor: str | None = None) -> list[tuple[int, int, int]]:
    """(seen, missed, failed) of each page."""
    window = Window("", NOW - DAY, world.clock.now())
    counts = []
    while True:
        page = backfill_page(world.ports, world.mailroom, world.records, window, cursor)
        counts.append((page.seen, page.missed, page.failed))
        cursor = page.next_cursor
        if cursor is None:
            return counts


def invoice(world: World) -> str:
    return world.invoice(autopay=False, stripe_payment_intent_id="pi_1").invoice.id


def test_what_was_missed_is_applied_page_by_page_in_whatever_order(world: World) -> None:
    invoice_id = invoice(world)
    listed(world, *story())

    assert backfill(world) == [(1, 1, 0)] * 3

    world.run_due()
    figures = world.row(invoice_id).figures
    assert (figures.status, figures.amount_refunded, figures.amount_disputed) == (InvoiceStatus.DISPUTED, 1000, 500)


def test_what_was_delivered_is_no_news(world: World) -> None:
    invoice_id = invoice(world)
    bodies = story()
    deliver(world, *bodies)
    before = world.row(invoice_id)
    listed(world, *bodies)

    assert backfill(world) == [(1, 0, 0)] * 3
    assert backfill(world) == [(1, 0, 0)] * 3
    assert world.row(invoice_id) == before


def test_one_that_cannot_be_used_stops_no_other(world: World) -> None:
    invoice_id = invoice(world)
    listed(world, charged(), disputed(status="warning_mediation"), refunded(amount=1000))

    assert sum(failed for _, _, failed in backfill(world)) == 1

    world.run_due()
    assert world.row(invoice_id).figures.amount_refunded == 1000
    assert [alert.action for alert in world.alerts.alerts] == ["event_failed"]


def test_old_failures_that_are_fetched_charge_nobody(world: World) -> None:
    invoice_id = world.invoice(send=False, stripe_payment_intent_id="pi_1").invoice.id
    world.clock.advance(10 * DAY)
    failed = stripe.charge("ch_1", "pi_1", NOW, decline_code="generic_decline")
    listed(world, stripe.event("charge.failed", failed, NOW))

    backfill(world)
    world.advance(DAY)

    assert world.row(invoice_id).figures.status is InvoiceStatus.FAILED
    assert world.gateway.sent == []
    held = [item.status for item in world.pending(invoice_id) if item.kind is OutboxKind.RETRY]
    assert held == [OutboxStatus.HELD]


def tick(world: World, by: timedelta = HOUR) -> None:
    """Time passes, the timers are looked at, and what falls due is run."""
    world.clock.advance(by)
    plan_upkeep(world.ports)
    world.run_due()


def windows(world: World) -> list[tuple[datetime, datetime]]:
    """From when to when each backfill fetched."""
    found = [item.payload for item in rows(world, OutboxKind.BACKFILL) if "cursor" not in item.payload]
    return [(datetime.fromisoformat(told["since"]), datetime.fromisoformat(told["until"])) for told in found]


def test_an_account_that_is_new_is_fetched_from_now_on(world: World) -> None:
    plan_upkeep(world.ports)
    plan_upkeep(world.ports)

    assert rows(world, OutboxKind.BACKFILL) == rows(world, OutboxKind.RECONCILE) == []


def test_it_runs_every_hour_and_overlaps_with_the_hour_before(world: World) -> None:
    plan_upkeep(world.ports)
    for _ in range(6):
        tick(world, HOUR / 3)

    first, second = NOW + HOUR, NOW + 2 * HOUR
    assert windows(world) == [(NOW - OVERLAP, first), (first - OVERLAP, second)]
    assert {item.status for item in rows(world, OutboxKind.BACKFILL)} == {OutboxStatus.DONE}


def test_an_installation_that_was_off_fetches_all_that_stripe_keeps(world: World) -> None:
    plan_upkeep(world.ports)
    tick(world, timedelta(days=60))

    assert windows(world) == [(world.clock.now() - KEPT, world.clock.now())]


def test_every_page_is_a_row_that_can_be_taken_up_by_another_worker(world: World) -> None:
    invoice_id = invoice(world)
    listed(world, *story())
    plan_upkeep(world.ports)
    world.clock.advance(HOUR)
    plan_upkeep(world.ports)
    (row,) = rows(world, OutboxKind.BACKFILL)
    in_system(world.ports, lambda step: step.tx.outbox.claim(row.id, step.now, step.now + LEASE))

    world.advance(LEASE + timedelta(seconds=1))

    assert [item.payload.get("cursor") for item in rows(world, OutboxKind.BACKFILL)] == [None, "1", "2"]
    assert {item.status for item in rows(world, OutboxKind.BACKFILL)} == {OutboxStatus.DONE}
    assert world.row(invoice_id).figures.amount_refunded == 1000


def test_while_stripe_is_down_it_is_put_off_and_goes_on_where_it_stood(world: World) -> None:
    invoice_id = invoice(world)
    listed(world, *story())
    plan_upkeep(world.ports)
    world.records.failure = GatewayUnavailable("503")
    tick(world)
    (row,) = rows(world, OutboxKind.BACKFILL)
    assert (row.status, row.last_error) == (OutboxStatus.DUE, "503")
    assert row.due_at > world.clock.now()

    world.records.failure = None
    world.advance(timedelta(minutes=1))

    assert world.row(invoice_id).figures.amount_refunded == 1000
    assert len(windows(world)) == 1


def test_while_stripe_is_down_for_long_what_waits_does_not_pile_up_and_nothing_is_left_out(world: World) -> None:
    plan_upkeep(world.ports)
    world.records.failure = GatewayUnavailable("Stripe was not reached")
    tick(world)
    for _ in range(20):
        tick(world)
    assert len(windows(world)) == 1
    last_until = windows(world)[-1][1]

    world.records.failure = None
    world.advance(HOUR)
    tick(world)

    since, until = windows(world)[-1]
    assert (since, until) == (last_until - OVERLAP, world.clock.now())
    assert {item.status for item in rows(world, OutboxKind.BACKFILL)} == {OutboxStatus.DONE}


def test_an_account_that_stripe_refuses_is_told_of_once_a_day_and_tried_again_the_next(world: World) -> None:
    plan_upkeep(world.ports)
    began = world.clock.now()
    world.records.failure = GatewayRefuses("Stripe answered 403: the account is not connected any more")
    for _ in range(30):
        tick(world)

    assert len(windows(world)) == 2
    assert {item.status for item in rows(world, OutboxKind.BACKFILL)} == {OutboxStatus.DONE}
    told = [alert.text for alert in world.alerts.alerts if alert.action == "stripe_refuses"]
    assert sum("for backfill" in text for text in told) == 2
    assert windows(world)[-1][0] == began - OVERLAP


def with_account(world: World, name: str, account: str) -> tuple[str, str]:
    """A firm with an account of its own, and its invoice."""
    firm = firms.create_firm(world.ports, name, account, ADMIN)
    client = create_client(world.ports, firm.id, NewClient("Client"), ADMIN)
    wanted = NewInvoice(client.id, "usd", 4200, stripe_payment_intent_id="pi_1")
    return firm.id, create_invoice(world.ports, firm.id, wanted, ADMIN).invoice.id


def test_every_account_has_its_own_clock_and_its_own_events(world: World) -> None:
    north_id = invoice(world)
    plan_upkeep(world.ports)
    world.clock.advance(HOUR / 2)
    south, south_id = with_account(world, "South Ltd", "acct_south")
    plan_upkeep(world.ports)
    told: dict[str, list[StripeEvent]] = {"acct_south": [replace(stripe.parsed(charged()), account="")]}
    events = world.records.events

    def of_account(account: str | None, *asked: object) -> object:
        world.records.listed = told.get(account or "", [])
        return events(account, *asked)  # type: ignore[arg-type]

    world.records.events = of_account  # type: ignore[assignment,method-assign]
    tick(world, HOUR / 2)
    tick(world, HOUR / 2)

    assert [account for account, _ in world.records.asked] == [None, "acct_south"]
    assert get_invoice(world.ports, south, south_id).figures.status is InvoiceStatus.PAID
    assert world.row(north_id).figures.status is InvoiceStatus.SENT
    southern = list_outbox(world.ports, south, OutboxFilter(kind=OutboxKind.BACKFILL), PageRequest())
    assert [item.payload["account"] for item in southern.items] == ["acct_south"]


def test_firms_that_share_an_account_are_fetched_for_once(world: World) -> None:
    firms.create_firm(world.ports, "South Ltd", None, ADMIN)
    plan_upkeep(world.ports)
    tick(world)

    assert len(world.records.asked) == 1


def nights(world: World) -> set[str]:
    return {item.payload["run"] for item in rows(world, OutboxKind.RECONCILE)}


def test_reconciliation_runs_once_a_night_and_goes_through_every_kind(world: World) -> None:
    plan_upkeep(world.ports)
    for _ in range(17):
        tick(world)
    assert nights(world) == set(), "at nine in the morning it was first looked at, and now it is two at night"

    for _ in range(23):
        tick(world)

    assert nights(world) == {"2026-03-03"}
    assert [item.payload["kind"] for item in rows(world, OutboxKind.RECONCILE)] == [
        "payment_intent",
        "refund",
        "dispute",
    ]
    assert {item.status for item in rows(world, OutboxKind.RECONCILE)} == {OutboxStatus.DONE}
    tick(world, timedelta(hours=2))
    assert nights(world) == {"2026-03-03", "2026-03-04"}


def test_reconciliation_waits_while_stripe_is_down(world: World) -> None:
    plan_upkeep(world.ports)
    world.records.failure = GatewayUnavailable("503")
    tick(world, days(1))
    assert [item.status for item in rows(world, OutboxKind.RECONCILE)] == [OutboxStatus.DUE]

    world.records.failure = None
    world.advance(HOUR)
    assert [item.status for item in rows(world, OutboxKind.RECONCILE)] == [OutboxStatus.DONE] * 3
