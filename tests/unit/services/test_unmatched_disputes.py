"""Disputes whose invoice nobody knows yet, and disputes that this version cannot read: kept, told, never lost."""

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.model.answers import NotReached
from domain.model.errors import Conflict, InvalidInput, NotFound
from domain.model.invoices import InvoiceStatus
from domain.model.outbox import LEASE, OutboxKind, OutboxStatus
from domain.services import firms
from domain.services.clients import NewClient, create_client
from domain.services.collection import NewInvoice, create_invoice
from domain.services.dispute_desk import list_disputes
from domain.services.dispute_work import request_acceptance
from domain.services.disputes import link_dispute, record_unmatched
from domain.services.outbox import run_outbox
from domain.services.reading import list_events
from domain.services.steps import in_firm, in_system
from domain.services.telling import tell_invoice
from domain.services.webhooks import EventNotProcessed, Outcome, replay_event
from ports.dispute_repositories import DisputeFilter
from ports.repositories import PageRequest
from tests import stripe_events as stripe
from tests.builders import NOW, days
from tests.reversal_builders import dispute_telling
from tests.reversal_world import (
    alerts,
    booked,
    charged,
    deliver,
    disputed,
    disputes,
    paid_invoice,
    pending,
    reinstated,
    rows,
    standing,
    the_dispute,
    withdrawn,
)
from tests.service_world import ADMIN, World


@pytest.fixture
def world() -> World:
    return World()


def link(world: World, invoice_id: str, dispute_id: str = "dp_1") -> None:
    link_dispute(world.ports, world.firm.id, dispute_id, invoice_id, ADMIN)
    world.run_due()


def reminder_owners(world: World) -> set[str | None]:
    return {item.invoice_id for item in pending(world, OutboxKind.DISPUTE_DEADLINE)}


def test_it_is_stored_alerted_reminded_of_and_listed(world: World) -> None:
    assert deliver(world, disputed()).outcome is Outcome.UNMATCHED
    world.run_due()

    (row,) = disputes(world, is_matched=False)
    assert (row.dispute.stripe_dispute_id, row.invoice_id, row.client_id) == ("dp_1", None, None)
    assert len(alerts(world, "dispute_unmatched")) == 1
    assert "charge ch_1" in alerts(world, "dispute_unmatched")[0]
    assert len(pending(world, OutboxKind.DISPUTE_DEADLINE)) == 4


def test_telling_it_again_alerts_nobody_again(world: World) -> None:
    for at in range(3):
        deliver(world, disputed("updated", NOW + timedelta(minutes=at)))
    world.sweep()

    assert len(alerts(world, "dispute_unmatched")) == len(alerts(world, "payment_disputed")) == 1


def story() -> list[Any]:
    """An inquiry that became a chargeback, was lost, and won late."""
    moved = [withdrawn()]
    back = [withdrawn(), reinstated(at=NOW + days(70))]
    return [
        disputed(status="warning_needs_response"),
        disputed("funds_withdrawn", NOW + days(2), movements=moved),
        disputed("closed", NOW + days(40), status="lost", movements=moved),
        disputed("funds_reinstated", NOW + days(70), status="won", movements=back),
    ]


def test_a_whole_story_that_was_told_before_the_invoice_was_created_is_attached_to_it() -> None:
    told_late = World()
    expected_id = paid_invoice(told_late)
    deliver(told_late, *story())
    told_late.run_due()
    expected = standing(told_late, expected_id)

    for order in itertools.permutations([*story(), charged()]):
        world = World()
        deliver(world, *order)
        invoice_id = world.invoice(autopay=False, stripe_payment_intent_id="pi_1").invoice.id
        world.run_due()
        assert standing(world, invoice_id) == expected
        assert disputes(world, is_matched=False) == []


def test_what_was_pending_for_it_belongs_to_the_invoice_from_then_on(world: World) -> None:
    deliver(world, disputed())
    assert reminder_owners(world) == {None}

    invoice_id = world.invoice(autopay=False, stripe_payment_intent_id="pi_1").invoice.id
    world.run_due()

    assert reminder_owners(world) == {invoice_id}
    assert len(rows(world, OutboxKind.DISPUTE_DEADLINE)) == 4
    deliver(world, disputed("closed", NOW + days(1), status="won"))
    assert pending(world, OutboxKind.DISPUTE_DEADLINE) == []


def test_it_is_linked_by_an_administrator_and_gets_its_later_events(world: World) -> None:
    deliver(world, disputed(intent=None))
    invoice_id = world.invoice(autopay=False).invoice.id

    link(world, invoice_id)
    assert world.row(invoice_id).figures.status is InvoiceStatus.DISPUTED
    assert reminder_owners(world) == {invoice_id}
    assert [event.actor for event in world.audit("dispute_linked")] == [str(ADMIN)]

    receipt = deliver(world, disputed("closed", NOW + days(1), intent=None, status="lost"))
    assert receipt.outcome is Outcome.PROCESSED
    assert world.row(invoice_id).figures.status is InvoiceStatus.CHARGED_BACK


def test_its_waiting_events_and_its_charge_follow_the_link(world: World) -> None:
    deliver(world, disputed(intent=None), charged())
    invoice_id = world.invoice(autopay=False).invoice.id

    link(world, invoice_id)

    assert world.row(invoice_id).figures.amount_paid == 4200
    assert booked(world) == {"payment": 4200}


def test_a_link_outweighs_the_invoice_that_knows_the_charge(world: World) -> None:
    deliver(world, disputed(intent=None))
    linked = world.invoice(autopay=False).invoice.id
    link(world, linked)
    other = paid_invoice(world)

    deliver(world, disputed("closed", NOW + days(1), intent=None, status="lost"))

    assert [row.invoice_id for row in disputes(world)] == [linked]
    assert world.row(linked).figures.status is InvoiceStatus.CHARGED_BACK
    assert world.row(other).figures.status is InvoiceStatus.PAID


def test_an_event_that_was_matched_just_before_the_link_follows_it(world: World) -> None:
    deliver(world, disputed(intent=None))
    linked, matched = world.invoice(autopay=False).invoice.id, world.invoice(autopay=False).invoice.id
    event = stripe.parsed(disputed("closed", NOW + days(1), intent=None, status="lost"))
    told = world.mailroom.interpreter.interpret(event, NOW)
    link(world, linked)

    in_firm(world.ports, world.firm.id, lambda step: tell_invoice(step, world.firm.id, matched, told, ADMIN))

    assert world.row(linked).figures.status is InvoiceStatus.CHARGED_BACK
    assert world.row(matched).figures.status is InvoiceStatus.SENT


def test_linking_twice_is_fine_and_linking_elsewhere_is_refused(world: World) -> None:
    deliver(world, disputed(intent=None))
    invoice_id, other = world.invoice(autopay=False).invoice.id, world.invoice(autopay=False).invoice.id
    link(world, invoice_id)
    link(world, invoice_id)

    assert len(world.audit("dispute_linked")) == 1
    with pytest.raises(Conflict, match="belongs to invoice"):
        link(world, other)


def test_only_a_dispute_and_an_invoice_of_ones_own_can_be_linked(world: World) -> None:
    deliver(world, disputed())
    south = firms.create_firm(world.ports, "South Ltd", "acct_south", ADMIN)
    client = create_client(world.ports, south.id, NewClient("Southern"), ADMIN)
    southern = create_invoice(world.ports, south.id, NewInvoice(client.id, "usd", 4200), ADMIN).invoice.id

    with pytest.raises(InvalidInput, match="No such invoice"):
        link(world, southern)
    with pytest.raises(NotFound):
        link_dispute(world.ports, south.id, "dp_1", southern, ADMIN)
    with pytest.raises(NotFound):
        link_dispute(world.ports, south.id, the_dispute(world).id, southern, ADMIN)


def test_a_reminder_that_is_being_run_while_its_dispute_is_attached_stays_with_the_invoice(world: World) -> None:
    deliver(world, disputed(intent=None))
    invoice_id = world.invoice(autopay=False).invoice.id
    first = min(pending(world, OutboxKind.DISPUTE_DEADLINE), key=lambda item: item.due_at)
    world.clock.advance(first.due_at - NOW)
    in_system(world.ports, lambda step: step.tx.outbox.claim(first.id, step.now, step.now + LEASE))

    link(world, invoice_id)
    world.clock.advance(LEASE + timedelta(seconds=1))
    run_outbox(world.ports, world.workshop, first.id)
    world.run_due()

    (done,) = [item for item in rows(world, OutboxKind.DISPUTE_DEADLINE) if item.id == first.id]
    assert (done.status, done.invoice_id) == (OutboxStatus.DONE, invoice_id)
    assert len(alerts(world, "dispute_deadline_near")) == 1


def test_an_acceptance_that_is_put_off_while_its_dispute_is_attached_stays_with_the_invoice(world: World) -> None:
    deliver(world, disputed(intent=None))
    invoice_id = world.invoice(autopay=False).invoice.id
    request_acceptance(world.ports, world.firm.id, "dp_1", ADMIN)
    accept = world.disputes.accept

    def attached_meanwhile(account: str | None, stripe_dispute_id: str) -> Any:
        world.disputes.accept = accept  # type: ignore[method-assign]
        link_dispute(world.ports, world.firm.id, "dp_1", invoice_id, ADMIN)
        return NotReached("connection refused")

    world.disputes.accept = attached_meanwhile  # type: ignore[method-assign]
    world.run_due()

    assert [item.invoice_id for item in rows(world, OutboxKind.ACCEPT_DISPUTE)] == [invoice_id]


def test_where_several_firms_share_an_account_nobody_sees_a_dispute_before_its_invoice_is_known(world: World) -> None:
    south = firms.create_firm(world.ports, "South Ltd", None, ADMIN)

    assert deliver(world, disputed()).outcome is Outcome.UNMATCHED
    for firm_id in (world.firm.id, south.id):
        assert list_disputes(world.ports, firm_id, DisputeFilter(), PageRequest()).items == ()

    invoice_id = world.invoice(autopay=False, stripe_payment_intent_id="pi_1").invoice.id
    world.run_due()
    assert [row.invoice_id for row in disputes(world)] == [invoice_id]
    assert list_disputes(world.ports, south.id, DisputeFilter(), PageRequest()).items == ()


def test_a_dispute_of_anothers_account_is_the_others_alone(world: World) -> None:
    south = firms.create_firm(world.ports, "South Ltd", "acct_south", ADMIN)
    body = {**disputed(), "account": "acct_south"}

    deliver(world, body)

    assert disputes(world) == []
    (row,) = list_disputes(world.ports, south.id, DisputeFilter(), PageRequest()).items
    assert row.firm_id == south.id


UNKNOWN = {"status": "warning_mediation"}


def test_an_unknown_status_is_parked_alerted_once_and_replayed_when_it_is_understood(world: World) -> None:
    invoice_id = paid_invoice(world)
    body = disputed(**UNKNOWN)

    for _ in range(3):
        with pytest.raises(EventNotProcessed, match="warning_mediation"):
            deliver(world, body)
    world.sweep()

    assert len(alerts(world, "event_failed")) == len(world.audit("event_failed")) == 1
    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID
    understood = {**body, "data": {"object": {**body["data"]["object"], "status": "needs_response"}}}
    keep_body(world, understood)
    receipt = replay_event(world.ports, world.mailroom, "", body["id"])
    assert receipt is not None
    assert receipt.outcome is Outcome.PROCESSED
    assert world.row(invoice_id).figures.status is InvoiceStatus.DISPUTED


def keep_body(world: World, body: dict[str, Any]) -> None:
    """As if a newer version could read what is stored."""
    store = world.ports.uow.store  # type: ignore[attr-defined]
    key = ("", body["id"])
    kept = store.inbox.rows[key]
    store.inbox.rows[key] = replace(kept, event=stripe.parsed(body))


def test_an_unreadable_dispute_is_told_to_the_firm_whose_charge_it_names(world: World) -> None:
    firms.create_firm(world.ports, "South Ltd", None, ADMIN)
    paid_invoice(world)

    with pytest.raises(EventNotProcessed):
        deliver(world, disputed(**UNKNOWN))
    world.run_due()

    assert [alert.firm_id for alert in world.alerts.alerts if alert.action == "event_failed"] == [world.firm.id]


@pytest.mark.parametrize("wrong", [{"amount": -1}, {"currency": "dollars"}, {"amount": None}])
def test_a_dispute_with_figures_that_cannot_be_is_parked_and_nothing_of_it_is_kept(
    world: World, wrong: dict[str, Any]
) -> None:
    with pytest.raises(EventNotProcessed):
        deliver(world, disputed(**wrong))
    world.run_due()

    assert disputes(world) == []
    assert len(alerts(world, "event_failed")) == 1


def test_an_event_that_could_wait_but_cannot_be_applied_is_told_once(world: World) -> None:
    deliver(world, disputed())
    interpret = world.mailroom.interpreter.interpret

    def broken(*_: object) -> Any:
        raise ZeroDivisionError

    world.mailroom.interpreter.interpret = broken  # type: ignore[method-assign]
    world.invoice(autopay=False, stripe_payment_intent_id="pi_1")
    world.run_due()
    world.sweep()
    assert len(alerts(world, "event_failed")) == 1

    world.mailroom.interpreter.interpret = interpret  # type: ignore[method-assign]
    world.sweep()
    assert disputes(world, is_matched=False) == []


def test_reminders_come_for_a_dispute_without_an_invoice_too(world: World) -> None:
    deliver(world, disputed())

    world.advance(timedelta(days=2))
    world.advance(timedelta(days=4))

    texts = alerts(world, "dispute_deadline_near")
    assert [text.split("has ")[1].split(" left")[0] for text in texts] == ["7 days", "3 days"]


def test_it_can_be_accepted_without_an_invoice(world: World) -> None:
    deliver(world, disputed())
    world.disputes.shown["dp_1"] = dispute_telling(told_at=NOW, amount_minor=4200)

    request_acceptance(world.ports, world.firm.id, "dp_1", ADMIN)
    world.run_due()

    assert world.disputes.accepted == ["dp_1"]
    assert the_dispute(world).stripe_status == "lost"


def test_one_that_came_without_an_event_is_attached_when_its_invoice_appears(world: World) -> None:
    in_firm(world.ports, world.firm.id, lambda step: record_unmatched(step, world.firm, dispute_telling()))
    invoice_id = paid_invoice(world)

    world.sweep()

    assert standing_of(world, invoice_id) is InvoiceStatus.DISPUTED
    assert reminder_owners(world) == {invoice_id}


def standing_of(world: World, invoice_id: str) -> InvoiceStatus:
    return world.row(invoice_id).figures.status


def test_an_event_that_cannot_be_used_is_listed_with_its_firm_and_invoice(world: World) -> None:
    invoice_id = paid_invoice(world)
    with pytest.raises(EventNotProcessed):
        deliver(world, disputed(status="arbitration_pending"))

    (entry,) = list_events(world.ports, world.firm.id, "failed", PageRequest()).items

    assert (entry.firm_id, entry.invoice_id) == (world.firm.id, invoice_id)
    assert "ch_1" in entry.stripe_ids


def test_a_dispute_that_could_be_any_firms_is_nobodys_and_that_is_said(world: World) -> None:
    firms.create_firm(world.ports, "South Ltd", None, ADMIN)

    receipt = deliver(world, disputed())

    assert (receipt.outcome, receipt.is_lost_dispute) == (Outcome.UNMATCHED, True)
    assert world.metrics.counted["dunlin_disputes_without_firm_total"] == 1
