"""What the host is told of a change. Expected values: the issue (point 10), design.md 5."""

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.model.attempts import OwnAttempt
from domain.model.cards import Card
from domain.model.derivation import derive
from domain.model.disputes import Dispute
from domain.model.host_events import (
    HostEvent,
    HostEventType,
    card_expiring,
    dispute_events,
    envelope,
    host_event_id,
    invoice_events,
)
from domain.model.invoices import Invoice, InvoiceFacts
from domain.model.payment_facts import PaymentFact, merge
from domain.model.policies import Policy, Terms
from tests.builders import FIRM_ID, NOW, days
from tests.payment_stories import START, decline, deliveries, invoice, payment, skipped_slot
from tests.reversal_builders import a_dispute, dispute_telling, inquiry_telling, with_reversals

TERMS = Terms(Policy())
DAY = timedelta(days=1)
Delivery = tuple[tuple[OwnAttempt, ...], list[PaymentFact], list[PaymentFact]]


def facts_of(*told: PaymentFact, own: tuple[OwnAttempt, ...] = (), invoiced: Invoice | None = None) -> InvoiceFacts:
    return InvoiceFacts(invoiced or invoice(), own, merge((), told))


def events(before: InvoiceFacts, after: InvoiceFacts, terms: Terms = TERMS) -> dict[str, HostEvent]:
    found = invoice_events(before, after, derive(before, terms), derive(after, terms))
    by_type = {event.type.value: event for event in found}
    assert len(by_type) == len(found)
    return by_type


def declines(count: int) -> list[PaymentFact]:
    return [decline(START + number * 20 * DAY, f"ch_{number}") for number in range(count)]


def test_nothing_new_is_nothing_to_tell() -> None:
    facts = facts_of(*declines(2))

    assert events(facts, facts) == {}


def test_a_failure_that_counts_is_told_with_the_invoice_and_the_attempt() -> None:
    told = events(facts_of(), facts_of(*declines(1)))

    (failed,) = told.values()
    assert (failed.type, failed.occurred_at, failed.invoice_id) == (HostEventType.INVOICE_FAILED, START, "inv_story")
    assert failed.data["invoice"] == {
        "id": "inv_story",
        "client_id": "cli_story",
        "number": "2026-1",
        "status": "failed",
        "currency": "usd",
        "amount_due": 4200,
        "amount_paid": 0,
        "amount_refunded": 0,
        "amount_disputed": 0,
        "payment_failed_at": "2026-03-01T12:00:00Z",
        "payment_failure_code": "card_declined",
        "payment_decline_code": "generic_decline",
        "payment_retry_count": 1,
        "next_payment_retry_at": "2026-03-04T12:00:00Z",
        "paid_at": None,
    }
    assert {"status": "declined", "amount": 4200, "stripe_charge_id": "ch_0"}.items() <= failed.data["attempt"].items()


def test_a_slot_that_was_skipped_counts_and_is_told() -> None:
    told = events(facts_of(*declines(1)), facts_of(*declines(1), own=(skipped_slot("att_1", START + 3 * DAY),)))

    assert told["invoice.failed"].data["attempt"]["status"] == "skipped"


def test_each_failure_is_an_event_of_its_own() -> None:
    first = events(facts_of(), facts_of(*declines(1)))["invoice.failed"]
    second = events(facts_of(*declines(1)), facts_of(*declines(2)))["invoice.failed"]

    assert first.id != second.id


def test_the_failure_that_exhausts_the_course_makes_the_invoice_overdue_and_ends_dunning() -> None:
    told = events(facts_of(*declines(3)), facts_of(*declines(4)))

    assert set(told) == {"invoice.failed", "invoice.overdue", "dunning.finished"}
    assert told["invoice.overdue"].occurred_at == START + 60 * DAY
    assert {"how": "exhausted", "failures_count": 4}.items() <= told["dunning.finished"].data.items()


def test_a_payment_after_failures_is_a_recovery_and_ends_dunning() -> None:
    paid = payment(START + 30 * DAY, "ch_paid")

    told = events(facts_of(*declines(2)), facts_of(*declines(2), paid))

    assert set(told) == {"invoice.recovered", "dunning.finished"}
    assert told["invoice.recovered"].data["invoice"]["status"] == "paid"
    assert {"how": "recovered", "failures_count": 2}.items() <= told["dunning.finished"].data.items()


def test_a_payment_after_the_course_is_a_recovery_and_dunning_had_ended_before() -> None:
    paid = payment(START + 90 * DAY, "ch_paid")

    assert set(events(facts_of(*declines(4)), facts_of(*declines(4), paid))) == {"invoice.recovered"}


def test_a_first_payment_is_no_news_for_the_host() -> None:
    assert events(facts_of(), facts_of(payment(START, "ch_paid"))) == {}


def test_a_part_payment_recovers_nothing() -> None:
    part = payment(START + 30 * DAY, "ch_part", amount_minor=100)

    assert events(facts_of(*declines(2)), facts_of(*declines(2), part)) == {}


def test_a_failure_that_is_heard_of_after_the_money_came_is_not_told() -> None:
    paid = payment(START + 30 * DAY, "ch_paid")

    assert events(facts_of(paid), facts_of(paid, *declines(1))) == {}


def test_money_for_a_void_invoice_recovers_nothing() -> None:
    void = invoice(voided_at=START + DAY)
    paid = payment(START + 30 * DAY, "ch_paid")

    assert events(facts_of(*declines(1), invoiced=void), facts_of(*declines(1), paid, invoiced=void)) == {}


def test_a_course_that_is_exhausted_again_under_another_policy_is_the_same_event() -> None:
    short, long = Terms(Policy(retry_delays_days=(3,))), Terms(Policy(retry_delays_days=(3, 7)))

    first = events(facts_of(*declines(1)), facts_of(*declines(2)), short)
    again = events(facts_of(*declines(2)), facts_of(*declines(3)), long)

    assert first["invoice.overdue"].id == again["invoice.overdue"].id
    assert first["dunning.finished"].id == again["dunning.finished"].id


def test_a_second_course_is_another_event() -> None:
    short = Terms(Policy(retry_delays_days=()))
    refunded_and_again = [payment(START + DAY, "ch_paid"), decline(START + 2 * DAY, "ch_again")]

    first = events(facts_of(), facts_of(*declines(1)), short)
    second = events(facts_of(*declines(1)), facts_of(*declines(1), *refunded_and_again), short)

    assert first["invoice.failed"].id != second["invoice.failed"].id


def told_one_by_one(own: tuple[OwnAttempt, ...], told: list[PaymentFact]) -> dict[str, HostEvent]:
    """Every event of a story, each id once."""
    facts = InvoiceFacts(invoice())
    found: dict[str, HostEvent] = {}
    for one in ([], *([one] for one in told)):
        after = InvoiceFacts(invoice(), own, merge(facts.payments, one))
        for event in invoice_events(facts, after, derive(facts, TERMS), derive(after, TERMS)):
            found.setdefault(event.id, event)
        facts = after
    return found


@settings(max_examples=100, deadline=None)
@given(deliveries())
def test_what_is_told_of_failures_alone_does_not_depend_on_the_order(delivery: Delivery) -> None:
    own, in_time, shuffled = delivery
    told = [fact for fact in in_time if fact.kind == "failed"]
    mixed = [fact for fact in shuffled if fact.kind == "failed"]

    straight = told_one_by_one(own, told)
    in_another_order = told_one_by_one(own, [*mixed, *mixed])
    ends = {event.id for event in told_one_by_one(own, [*told, *told]).values()}

    failures = {attempt.id for attempt in derive(InvoiceFacts(invoice(), own, merge((), told)), TERMS).course.failures}
    ids = {host_event_id("frm_story", HostEventType.INVOICE_FAILED, failure) for failure in failures}
    assert ids <= set(straight)
    assert ids <= set(in_another_order)
    assert ends == set(straight)
    one_for_all = [kind for kind in HostEventType if kind is not HostEventType.INVOICE_FAILED]
    for kind in one_for_all:
        assert {e.id for e in straight.values() if e.type is kind} == {
            e.id for e in in_another_order.values() if e.type is kind
        }


@settings(max_examples=100, deadline=None)
@given(deliveries(), st.randoms())
def test_telling_a_story_again_in_any_order_tells_the_host_nothing_new(delivery: Delivery, random) -> None:  # type: ignore[no-untyped-def]
    own, in_time, _ = delivery
    again = list(in_time)
    random.shuffle(again)

    assert set(told_one_by_one(own, [*in_time, *again])) == set(told_one_by_one(own, in_time))


def dispute_told(before: Dispute | None, after: Dispute) -> dict[str, HostEvent]:
    return {event.type.value: event for event in dispute_events(FIRM_ID, before, after)}


def then(dispute: Dispute, status: str, day: int) -> Dispute:
    return a_dispute(*dispute.tellings, dispute_telling(stripe_status=status, told_at=NOW + days(day)))


def test_a_dispute_is_opened_with_what_is_disputed() -> None:
    opened = dispute_told(None, a_dispute())["dispute.opened"]

    shown = {"id": a_dispute().id, "status": "opened", "inquiry": False, "amount": 5000, "currency": "usd"}
    assert shown.items() <= opened.data["dispute"].items()
    assert (opened.data["invoice"], opened.occurred_at) == (None, NOW)


def test_a_dispute_of_an_invoice_comes_with_it() -> None:
    paid = facts_of(payment(START, "ch_1", "pi_1"))

    opened = events(paid, with_reversals(paid, disputes=[dispute_telling()]))["dispute.opened"]

    assert (opened.invoice_id, opened.data["invoice"]["status"]) == ("inv_story", "disputed")


def test_a_dispute_that_is_told_before_its_invoice_is_known_is_the_same_event() -> None:
    alone = dispute_events("frm_story", None, a_dispute(firm_id="frm_story"))
    paid = facts_of(payment(START, "ch_1", "pi_1"))

    attached = events(paid, with_reversals(paid, disputes=[dispute_telling()]))

    assert attached["dispute.opened"].id == alone[0].id


def test_an_inquiry_that_escalates_is_told_as_a_chargeback() -> None:
    inquiry = a_dispute(inquiry_telling())
    first = dispute_told(None, inquiry)["dispute.opened"]

    second = dispute_told(inquiry, then(inquiry, "needs_response", 3))["dispute.opened"]

    assert (first.data["dispute"]["inquiry"], second.data["dispute"]["inquiry"]) == (True, False)
    assert (first.id != second.id, second.occurred_at) == (True, NOW + days(3))


@pytest.mark.parametrize(("status", "resolution"), [("won", "won"), ("lost", "lost"), ("charge_refunded", "closed")])
def test_an_end_is_told_with_its_outcome(status: str, resolution: str) -> None:
    closed = dispute_told(a_dispute(), then(a_dispute(), status, 40))["dispute.closed"]

    assert (closed.data["dispute"]["resolution"], closed.occurred_at) == (resolution, NOW + days(40))


def test_an_inquiry_that_ends_is_told() -> None:
    inquiry = a_dispute(inquiry_telling())

    assert set(dispute_told(inquiry, then(inquiry, "warning_closed", 9))) == {"dispute.closed"}


def test_a_dispute_that_arrives_lost_is_opened_and_closed() -> None:
    assert set(dispute_told(None, a_dispute(stripe_status="lost"))) == {"dispute.opened", "dispute.closed"}


def test_evidence_and_deadlines_are_no_news_for_the_host() -> None:
    assert dispute_told(a_dispute(), then(a_dispute(), "under_review", 2)) == {}


def test_a_loss_a_win_after_it_and_a_loss_after_an_appeal_are_three_events() -> None:
    lost = then(a_dispute(), "lost", 10)
    appealed = then(lost, "appeal_under_review", 20)
    ends = [
        dispute_told(a_dispute(), lost),
        dispute_told(appealed, then(appealed, "won", 30)),
        dispute_told(appealed, then(appealed, "lost", 30)),
    ]

    assert len({told["dispute.closed"].id for told in ends}) == 3


def test_a_card_that_expires_is_told_once_for_each_expiry() -> None:
    card = Card("pm_1", brand="visa", last4="4242", exp_month=4, exp_year=2026, is_default=True)

    told = card_expiring(FIRM_ID, "cli_1", card, NOW)

    assert told == card_expiring(FIRM_ID, "cli_1", card, NOW + days(0))
    assert told.data == {
        "client_id": "cli_1",
        "payment_method": {
            "stripe_payment_method_id": "pm_1",
            "brand": "visa",
            "exp_month": 4,
            "exp_year": 2026,
        },
    }


def test_the_same_fact_of_two_firms_is_two_events() -> None:
    kind = HostEventType.INVOICE_FAILED

    assert host_event_id("frm_1", kind, "ch_1") != host_event_id("frm_2", kind, "ch_1")


def test_what_is_sent_is_json_with_type_time_and_data() -> None:
    failed = events(facts_of(), facts_of(*declines(1)))["invoice.failed"]

    sent = json.loads(json.dumps(envelope(failed)))

    assert set(sent) == {"id", "type", "timestamp", "data"}
    assert (sent["id"], sent["type"], sent["timestamp"]) == (failed.id, "invoice.failed", "2026-03-01T12:00:00Z")
