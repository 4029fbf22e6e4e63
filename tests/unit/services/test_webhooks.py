"""Events: applied once, in any order, to the right invoice; kept when they cannot be applied yet."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.model.attempts import AttemptStatus, Trigger
from domain.model.firms import Firm
from domain.model.inbox import InboxStatus
from domain.model.invoices import InvoiceStatus
from domain.model.outbox import OutboxKind
from domain.services import collection, firms, pausing
from domain.services.clients import NewClient, create_client
from domain.services.collection import NewInvoice
from domain.services.reading import get_invoice
from domain.services.steps import in_firm, in_system
from domain.services.webhooks import EventNotProcessed, Outcome, Receipt, apply_event, replay_event
from tests import stripe_events as stripe
from tests.builders import NOW
from tests.service_world import ADMIN, DAY, World

LINKED = {"stripe_payment_intent_id": "pi_1", "stripe_invoice_id": "in_1"}


@pytest.fixture
def world() -> World:
    return World()


def deliver(world: World, body: dict[str, Any]) -> Receipt:
    return apply_event(world.ports, world.mailroom, stripe.parsed(body))


def failed_intent(charge_id: str = "ch_1", at: Any = NOW, **rest: Any) -> dict[str, Any]:
    error = stripe.decline_error(charge_id, "insufficient_funds")
    intent = stripe.payment_intent("pi_1", "requires_payment_method", charge_id=charge_id, error=error)
    return stripe.event("payment_intent.payment_failed", intent, at, **rest)


def failed_charge(charge_id: str = "ch_1", at: Any = NOW) -> dict[str, Any]:
    return stripe.event("charge.failed", stripe.charge(charge_id, "pi_1", at, decline_code="insufficient_funds"), at)


def failed_invoice(charge_id: str = "ch_1", at: Any = NOW) -> dict[str, Any]:
    body = stripe.old_invoice("in_1", is_paid=False, intent_id="pi_1", charge_id=charge_id)
    return stripe.event("invoice.payment_failed", body, at)


def paid_intent(charge_id: str = "ch_2", at: Any = NOW) -> dict[str, Any]:
    intent = stripe.payment_intent("pi_1", "succeeded", charge_id=charge_id)
    return stripe.event("payment_intent.succeeded", intent, at)


def test_one_decline_told_by_three_events_is_one_failure(world: World) -> None:
    invoice_id = world.invoice(autopay=False, **LINKED).invoice.id

    for body in (failed_invoice(), failed_charge(), failed_intent()):
        assert deliver(world, body).outcome is Outcome.PROCESSED

    figures = world.row(invoice_id).figures
    assert (figures.status, figures.payment_retry_count) == (InvoiceStatus.FAILED, 1)
    assert [event.action for event in world.audit("payment_failed")] == ["payment_failed"]


def test_the_same_delivery_again_is_a_duplicate(world: World) -> None:
    world.invoice(**LINKED)
    body = failed_intent()

    assert [deliver(world, body).outcome for _ in range(3)] == [Outcome.PROCESSED, Outcome.DUPLICATE, Outcome.DUPLICATE]


def test_a_late_failure_does_not_reopen_a_paid_invoice(world: World) -> None:
    invoice_id = world.invoice(autopay=False, **LINKED).invoice.id

    deliver(world, paid_intent(at=NOW))
    deliver(world, failed_intent(at=NOW - DAY))

    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID


def test_a_success_cancels_what_is_still_pending_for_the_course(world: World) -> None:
    invoice_id = world.invoice(**LINKED, send=False).invoice.id
    deliver(world, failed_intent())
    assert [item.kind for item in world.pending(invoice_id) if item.kind is OutboxKind.RETRY] == [OutboxKind.RETRY]

    deliver(world, paid_intent())

    assert [item.kind for item in world.pending(invoice_id) if item.kind is OutboxKind.RETRY] == []


def test_an_external_failure_counts_and_starts_the_course(world: World) -> None:
    invoice_id = world.invoice(**LINKED, send=False).invoice.id

    deliver(world, failed_intent())

    assert world.row(invoice_id).figures.next_payment_retry_at == NOW + 3 * DAY
    assert [(a.trigger, a.counts) for a in world.attempts(invoice_id)] == [(Trigger.EXTERNAL, True)]


def test_metadata_names_the_invoice_before_anything_else(world: World) -> None:
    other = world.invoice(autopay=False, **LINKED).invoice.id
    named = world.invoice(autopay=False).invoice.id
    intent = stripe.payment_intent("pi_1", "succeeded", charge_id="ch_2", metadata={"invoice_id": named})

    deliver(world, stripe.event("payment_intent.succeeded", intent, NOW))

    assert world.row(named).figures.status is InvoiceStatus.PAID
    assert world.row(other).figures.status is InvoiceStatus.SENT


def test_an_event_for_an_unknown_invoice_waits_and_is_applied_when_the_invoice_appears(world: World) -> None:
    assert deliver(world, failed_intent()).outcome is Outcome.UNMATCHED

    invoice_id = world.invoice(send=False, **LINKED).invoice.id
    world.run_due()

    assert world.row(invoice_id).figures.status is InvoiceStatus.FAILED


def test_an_event_whose_charge_becomes_known_later_is_applied_then(world: World) -> None:
    invoice_id = world.invoice(autopay=False, stripe_payment_intent_id="pi_1").invoice.id
    lone = stripe.event("charge.succeeded", stripe.charge("ch_2", None, NOW), NOW)
    assert deliver(world, lone).outcome is Outcome.UNMATCHED

    deliver(world, paid_intent(charge_id="ch_2"))
    world.run_due()

    assert in_system(world.ports, lambda step: step.tx.backlog.with_status(InboxStatus.UNMATCHED, None, 10)) == []
    assert world.row(invoice_id).figures.amount_paid == 4200


def test_types_that_are_not_used_are_kept_as_ignored(world: World) -> None:
    body = stripe.event("customer.updated", {"id": "cus_1", "object": "customer"}, NOW)

    assert [deliver(world, body).outcome for _ in range(2)] == [Outcome.IGNORED, Outcome.DUPLICATE]


def test_an_event_of_the_other_livemode_is_ignored(world: World) -> None:
    invoice_id = world.invoice(**LINKED).invoice.id
    body = {**paid_intent(), "livemode": True}

    assert deliver(world, body).outcome is Outcome.IGNORED
    assert world.row(invoice_id).figures.status is InvoiceStatus.SENT


def test_an_event_that_cannot_be_read_is_kept_as_failed_and_processed_once_it_can(world: World) -> None:
    world.invoice(**LINKED)
    broken = paid_intent()
    broken["data"]["object"]["amount_received"] = "a lot"

    with pytest.raises(EventNotProcessed):
        deliver(world, broken)

    (key,) = in_system(world.ports, lambda step: step.tx.backlog.with_status(InboxStatus.FAILED, None, 10))
    assert key == ("", broken["id"])
    whole = {**paid_intent(), "id": broken["id"]}
    assert deliver(world, whole).outcome is Outcome.PROCESSED


def test_replaying_a_processed_event_changes_nothing(world: World) -> None:
    invoice_id = world.invoice(**LINKED, send=False).invoice.id
    body = failed_intent()
    deliver(world, body)
    before = (world.row(invoice_id).figures, world.attempts(invoice_id), world.pending(invoice_id))

    receipt = replay_event(world.ports, world.mailroom, "", body["id"])

    assert receipt is not None
    assert receipt.outcome is Outcome.PROCESSED
    assert (world.row(invoice_id).figures, world.attempts(invoice_id), world.pending(invoice_id)) == before


def connected_invoice(world: World, firm: Firm) -> str:
    """An invoice of a firm with an account of its own that claims the same PaymentIntent."""
    client = create_client(world.ports, firm.id, NewClient("South SA", stripe_customer_id="cus_1"), ADMIN)
    asked = NewInvoice(client.id, "usd", 4200, stripe_payment_intent_id="pi_1")
    return collection.create_invoice(world.ports, firm.id, asked, ADMIN).invoice.id


def test_an_event_of_one_account_never_touches_another_firms_invoice(world: World) -> None:
    ours = world.invoice(**LINKED).invoice.id
    connected = firms.create_firm(world.ports, "South SA", "acct_south", ADMIN)
    theirs = connected_invoice(world, connected)
    named = {"invoice_id": ours}
    intent = stripe.payment_intent("pi_1", "succeeded", charge_id="ch_2", metadata=named)

    deliver(world, stripe.event("payment_intent.succeeded", intent, NOW, account="acct_south"))

    assert world.row(ours).figures.amount_paid == 0
    assert get_invoice(world.ports, connected.id, theirs).figures.amount_paid in (0, 4200)


def test_an_account_that_nobody_owns_matches_nothing(world: World) -> None:
    world.invoice(**LINKED)

    body = {**paid_intent(), "account": "acct_unknown"}

    assert deliver(world, body).outcome is Outcome.UNMATCHED


def test_a_paid_invoice_since_basil_counts_once_with_its_payment_intent(world: World) -> None:
    invoice_id = world.invoice(autopay=False, **LINKED).invoice.id

    deliver(world, stripe.event("invoice.paid", stripe.new_invoice("in_1", is_paid=True), NOW))
    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID
    deliver(world, stripe.event("invoice_payment.paid", stripe.invoice_payment("in_1", "pi_1"), NOW))
    deliver(world, paid_intent())

    assert world.row(invoice_id).figures.amount_paid == 4200


def test_a_second_success_is_recorded_and_alerted(world: World) -> None:
    invoice_id = world.invoice(autopay=False, **LINKED).invoice.id
    deliver(world, paid_intent())
    again = stripe.payment_intent("pi_9", "succeeded", charge_id="ch_9", metadata={"invoice_id": invoice_id})

    deliver(world, stripe.event("payment_intent.succeeded", again, NOW))
    world.run_due()

    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID
    assert [(alert.action, alert.severity) for alert in world.alerts.alerts] == [("overpaid", "CRITICAL")]


def test_a_pending_payment_blocks_our_own_retry_until_it_is_known(world: World) -> None:
    invoice_id = world.invoice(send=False, **LINKED).invoice.id
    deliver(world, failed_intent())
    processing = stripe.payment_intent("pi_1", "processing", charge_id=None)
    deliver(world, stripe.event("payment_intent.processing", processing, NOW + DAY))

    world.advance(3 * DAY)

    assert world.gateway.sent == []
    assert world.attempts(invoice_id)[-1].status is AttemptStatus.PENDING


def test_facts_older_than_a_day_when_first_heard_of_are_held_not_charged(world: World) -> None:
    invoice_id = world.invoice(send=False, **LINKED).invoice.id

    deliver(world, failed_charge(at=NOW - 5 * DAY))
    world.advance(timedelta(hours=1))

    assert world.gateway.sent == []
    assert [item.status for item in world.pending(invoice_id) if item.kind is OutboxKind.RETRY] == ["held"]
    assert [alert.action for alert in world.alerts.alerts] == ["retry_held"]

    world.gateway.answers.append("succeed")
    pausing.resume_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    world.run_due()
    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID


def test_an_event_that_came_an_hour_late_is_due_now_once(world: World) -> None:
    invoice_id = world.invoice(send=False, **LINKED).invoice.id
    world.gateway.answers.append("succeed")

    world.clock.advance(3 * DAY)
    deliver(world, failed_charge(at=NOW + timedelta(hours=-1) + 2.5 * DAY))
    assert world.row(invoice_id).figures.status is InvoiceStatus.FAILED
    world.advance(3 * DAY)

    assert len(world.gateway.sent) == 1


def standing(world: World, invoice_id: str) -> tuple[Any, ...]:
    """What must not depend on the order of events; ids of new rows do, and are left out."""
    ledger = in_firm(world.ports, world.firm.id, lambda step: step.tx.journal.ledger_of(invoice_id))
    pending = {(i.kind, i.dedupe_key, i.due_at, i.status) for i in world.pending(invoice_id) if i.kind in _STATEFUL}
    return world.row(invoice_id).figures, world.attempts(invoice_id), sorted(map(repr, ledger)), pending


_STATEFUL = {OutboxKind.RETRY, OutboxKind.COLLECT, OutboxKind.SETTLE, OutboxKind.POLL_PENDING}


def all_tellings() -> list[dict[str, Any]]:
    """Two declines and a success, each in every way in which Stripe tells of it, in old and new shapes."""
    later, last = NOW + timedelta(minutes=5), NOW + timedelta(minutes=9)
    paid = stripe.charge("ch_3", "pi_1", last)
    return [
        failed_intent("ch_1", NOW, id="evt_1"),
        failed_charge("ch_1", NOW),
        failed_invoice("ch_1", NOW),
        failed_intent("ch_2", later, id="evt_2"),
        failed_charge("ch_2", later),
        stripe.event("charge.succeeded", paid, last),
        paid_intent("ch_3", last),
        stripe.event("invoice.payment_succeeded", stripe.old_invoice("in_1", is_paid=True, charge_id="ch_3"), last),
        stripe.event("invoice.paid", stripe.new_invoice("in_1", is_paid=True), last),
        stripe.event("invoice_payment.paid", stripe.invoice_payment("in_1", "pi_1"), last),
        stripe.event("payment_intent.requires_action", stripe.payment_intent("pi_1", "requires_action"), later),
    ]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_order_and_repetition_of_events_ends_in_the_same_invoice(data: st.DataObject) -> None:
    chosen = data.draw(
        st.lists(st.sampled_from(all_tellings()), min_size=1, unique_by=lambda body: body["type"] + body["id"])
    )
    shuffled = data.draw(st.permutations(chosen + data.draw(st.lists(st.sampled_from(chosen), max_size=5))))

    assert after(shuffled) == after(chosen)


def after(bodies: Sequence[dict[str, Any]]) -> tuple[Any, ...]:
    world = World()
    world.clock.advance(timedelta(minutes=10))
    invoice_id = world.invoice(**LINKED, send=False).invoice.id
    for body in bodies:
        deliver(world, body)
    world.run_due()
    return standing(world, invoice_id)
