"""Captured and made-up events, read into facts."""

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.stripe_api.events.interpreter import HANDLED_TYPES, StripeEventInterpreter
from domain.model.declines import DeclineCodes
from domain.model.inbox import Interpretation
from domain.model.payment_facts import FactKind, PaymentFact, Source
from ports.event_interpreter import UnreadableEvent
from tests.unit.adapters.stripe_api.captured import MEANINGS, Meaning
from tests.unit.adapters.stripe_api.captured_reversals import NAMELESS, REVERSALS
from tests.unit.adapters.stripe_api.event_builders import NOW, captured_bodies, event_about, event_of

CAPTURED = captured_bodies()
# The captured Checkout Sessions are host applications' own: test_checkout_events.py.
HANDLED = {
    path: body
    for path, body in CAPTURED.items()
    if body["type"] in HANDLED_TYPES and not body["type"].startswith("checkout.")
}
ODD = (
    None,
    True,
    -1,
    10**30,
    0.5,
    "",
    "x\x00y",
    "\ud800",
    [],
    {},
    [1],
    {"id": 7},
    {"data": [{"id": ""}]},
    253402300801,
)


def interpret(kind: str, subject: dict[str, Any]) -> Interpretation:
    return StripeEventInterpreter().interpret(event_about(kind, subject), NOW)


def fact_of(kind: str, subject: dict[str, Any]) -> PaymentFact:
    (fact,) = interpret(kind, subject).facts
    return fact


def intent(**fields: Any) -> dict[str, Any]:
    return {"id": "pi_1", "status": "succeeded", "amount": 5000, "amount_received": 5000, "currency": "usd", **fields}


def declined_intent(**fields: Any) -> dict[str, Any]:
    error = {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds", "charge": "ch_1"}
    return intent(**{"status": "requires_payment_method", "amount_received": 0, "last_payment_error": error, **fields})


def charge(**fields: Any) -> dict[str, Any]:
    told = {"id": "ch_1", "status": "succeeded", "paid": True, "captured": True, "amount": 5000, "currency": "usd"}
    return {**told, "created": 1795000000, **fields}


def invoice(**fields: Any) -> dict[str, Any]:
    return {"id": "in_1", "status": "paid", "amount_paid": 5000, "amount_due": 5000, "currency": "usd", **fields}


def payment(amount_paid: int, **named: str) -> dict[str, Any]:
    return {"id": "inpay_1", "status": "paid", "amount_paid": amount_paid, "payment": named}


def told_by(interpretation: Interpretation) -> Meaning:
    fact = interpretation.facts[0] if interpretation.facts else None
    if fact is None:
        return Meaning(interpretation.stripe_ids)
    return Meaning(
        interpretation.stripe_ids,
        fact.key,
        None if fact.amount_minor is None or fact.currency is None else (fact.amount_minor, fact.currency),
        fact.stripe_charge_id,
        fact.stripe_payment_method_id,
        None if fact.charge_created_at is None else int(fact.charge_created_at.timestamp()),
        fact.codes,
        fact.pending_status,
    )


@pytest.mark.parametrize("path", sorted(MEANINGS))
def test_each_captured_event_that_is_used_means_what_is_written_down(path: str) -> None:
    interpretation = StripeEventInterpreter().interpret(event_of(CAPTURED[path]), NOW)

    assert told_by(interpretation) == MEANINGS[path]


def test_every_captured_event_of_a_used_type_is_written_down() -> None:
    assert {*MEANINGS, *REVERSALS, *NAMELESS} == set(HANDLED)


@pytest.mark.parametrize("path", sorted(set(CAPTURED) - set(HANDLED)))
def test_a_captured_event_of_another_type_is_not_handled(path: str) -> None:
    interpretation = StripeEventInterpreter().interpret(event_of(CAPTURED[path]), NOW)

    assert interpretation == Interpretation(is_handled=False)


@pytest.mark.parametrize("path", [path for path, meaning in MEANINGS.items() if meaning.key is None])
def test_an_event_that_tells_nothing_says_why(path: str) -> None:
    interpretation = StripeEventInterpreter().interpret(event_of(CAPTURED[path]), NOW)

    assert interpretation.note


def test_facts_carry_the_events_id_and_time_and_when_it_was_heard() -> None:
    fact = fact_of("payment_intent.succeeded", intent())

    assert (fact.event_id, fact.told_at.timestamp(), fact.heard_at) == ("evt_1", NOW.timestamp() - 5, NOW)


def test_metadata_names_our_invoice_and_attempt() -> None:
    told = interpret(
        "charge.failed", charge(status="failed", paid=False, metadata={"invoice_id": "inv_1", "attempt_id": "att_1"})
    )

    assert (told.named_invoice_id, told.facts[0].attempt_id) == ("inv_1", "att_1")


def test_a_host_applications_own_attempt_id_is_not_taken_for_ours() -> None:
    fact = fact_of("payment_intent.succeeded", intent(metadata={"attempt_id": "17"}))

    assert fact.attempt_id is None


def test_an_invoices_own_metadata_names_our_invoice_only_when_it_looks_like_one() -> None:
    named = [interpret("invoice.paid", invoice(metadata={"invoice_id": told})) for told in ("4711", "inv_1")]

    assert [told.named_invoice_id for told in named] == [None, "inv_1"]


def test_an_expanded_charge_gives_the_time_of_the_charge() -> None:
    fact = fact_of("payment_intent.succeeded", intent(latest_charge=charge(created=1795000001)))

    assert (fact.stripe_charge_id, fact.charge_created_at and fact.charge_created_at.timestamp()) == (
        "ch_1",
        1795000001,
    )


def test_a_failure_carries_every_code_of_its_error() -> None:
    error = {
        "code": "card_declined",
        "decline_code": "do_not_honor",
        "advice_code": "do_not_try_again",
        "network_decline_code": "05",
        "network_advice_code": "03",
        "charge": "ch_9",
        "payment_method": {"id": "pm_9", "card": {"brand": "mastercard"}},
        "message": "Your card was declined.",
    }

    fact = fact_of("payment_intent.payment_failed", declined_intent(last_payment_error=error))

    assert (fact.stripe_charge_id, fact.stripe_payment_method_id, fact.message, fact.codes) == (
        "ch_9",
        "pm_9",
        "Your card was declined.",
        DeclineCodes("card_declined", "do_not_honor", "do_not_try_again", "05", "03", "mastercard"),
    )


def test_a_failure_without_a_charge_is_not_given_the_charge_of_an_earlier_try() -> None:
    error = {"code": "authentication_required", "decline_code": "authentication_required"}

    told = interpret(
        "payment_intent.payment_failed", declined_intent(last_payment_error=error, latest_charge="ch_earlier")
    )

    assert (told.facts[0].stripe_charge_id, told.facts[0].key) == (None, "failed:payment_intent:evt_1")
    assert told.stripe_ids == ("pi_1", "ch_earlier")


def test_a_blocked_charge_gives_stripes_reason_as_decline_code() -> None:
    outcome = {"type": "blocked", "reason": "highest_risk_level"}

    fact = fact_of("charge.failed", charge(status="failed", paid=False, failure_code="card_declined", outcome=outcome))

    assert fact.codes == DeclineCodes(code="card_declined", decline_code="highest_risk_level")


@pytest.mark.parametrize(
    ("written", "brand"), [("Visa", "visa"), ("American Express", "amex"), ("MasterCard", "mastercard")]
)
def test_a_legacy_cards_brand_is_spelled_as_today(written: str, brand: str) -> None:
    source = {"id": "card_1", "object": "card", "brand": written}

    assert fact_of("charge.succeeded", charge(source=source)).codes.brand == brand


def test_a_charge_that_only_reserved_money_tells_no_success() -> None:
    told = interpret("charge.succeeded", charge(captured=False, amount_captured=0))

    assert (told.facts, told.stripe_ids) == ((), ("ch_1",))


def test_a_part_capture_counts_what_was_captured() -> None:
    assert fact_of("charge.succeeded", charge(amount_captured=3000)).amount_minor == 3000


def test_the_old_names_of_states_are_understood() -> None:
    failed = fact_of("payment_intent.payment_failed", declined_intent(status="requires_source"))
    waiting = fact_of("payment_intent.requires_action", intent(status="requires_source_action"))

    assert (failed.kind, waiting.kind, waiting.pending_status) == (FactKind.FAILED, FactKind.PENDING, "requires_action")


def test_an_invoice_paid_out_of_band_is_no_success_of_the_payment_intent_it_names() -> None:
    told = interpret("invoice.paid", invoice(payment_intent="pi_1", paid=True, paid_out_of_band=True))

    assert [(fact.kind, fact.is_out_of_band, fact.amount_minor) for fact in told.facts] == [
        (FactKind.INVOICE_PAID, True, 5000)
    ]
    assert told.stripe_ids == ("pi_1", "in_1")


def test_a_new_invoice_tells_each_payment_that_it_shows() -> None:
    payments = {"object": "list", "data": [payment(3000, payment_intent="pi_1"), payment(2000, charge="ch_2")]}

    told = interpret("invoice.paid", invoice(payments=payments))

    assert [(fact.key, fact.amount_minor) for fact in told.facts] == [
        ("succeeded:invoice:pi_1", 3000),
        ("succeeded:invoice:ch_2", 2000),
    ]
    assert told.stripe_ids == ("pi_1", "ch_2", "in_1")


def test_what_the_shown_payments_leave_open_is_told_as_the_invoice_being_paid() -> None:
    payments = {"object": "list", "data": [payment(3000, payment_intent="pi_1"), payment(2000, payment_record="pr_1")]}

    told = interpret("invoice.paid", invoice(payments=payments))

    assert [(fact.key, fact.amount_minor) for fact in told.facts] == [
        ("succeeded:invoice:pi_1", 3000),
        ("invoice_paid:invoice:in_1", 5000),
    ]


def test_an_invoice_of_before_2018_is_paid_by_its_charge() -> None:
    old = {"id": "in_1", "paid": True, "amount_due": 5000, "currency": "usd", "charge": "ch_1"}

    fact = fact_of("invoice.payment_succeeded", old)

    assert (fact.key, fact.source, fact.amount_minor) == ("succeeded:invoice:ch_1", Source.INVOICE, 5000)


def test_a_failed_invoice_payment_asks_for_what_is_due() -> None:
    fact = fact_of("invoice.payment_failed", invoice(status="open", amount_paid=0, amount_due=4000, charge="ch_1"))

    assert (fact.key, fact.amount_minor) == ("failed:invoice:ch_1", 4000)


@pytest.mark.parametrize("changed", [{"status": "open"}, {"amount_paid": 0}, {"payment": {"payment_record": "pr_1"}}])
def test_an_invoice_payment_without_money_through_stripe_tells_nothing_but_its_ids(changed: dict[str, Any]) -> None:
    told = interpret("invoice_payment.paid", {**payment(5000, payment_intent="pi_1"), "invoice": "in_1", **changed})

    assert (told.facts, "in_1" in told.stripe_ids, bool(told.note)) == ((), True, True)


@pytest.mark.parametrize(
    ("kind", "subject", "field"),
    [
        ("payment_intent.succeeded", intent(id=None), "id"),
        ("payment_intent.succeeded", intent(amount_received="5000"), "amount_received"),
        ("payment_intent.succeeded", intent(amount_received=-1), "amount_received"),
        ("payment_intent.succeeded", intent(currency=840), "currency"),
        ("payment_intent.succeeded", intent(object="charge"), "object"),
        ("charge.succeeded", charge(created="yesterday"), "created"),
        ("charge.succeeded", charge(amount=True), "amount"),
        ("invoice.paid", invoice(id={}), "id"),
        ("invoice.paid", invoice(amount_paid=1.5), "amount_paid"),
        ("invoice_payment.paid", payment(10**16, payment_intent="pi_1"), "amount_paid"),
    ],
)
def test_an_event_that_breaks_stripes_promise_names_the_field(kind: str, subject: dict[str, Any], field: str) -> None:
    with pytest.raises(UnreadableEvent, match=rf"{kind}: .*{field}"):
        interpret(kind, subject)


def test_an_event_without_an_object_is_unreadable() -> None:
    event = event_of({**CAPTURED[next(iter(HANDLED))], "data": {"object": None}})

    with pytest.raises(UnreadableEvent, match=r"data\.object"):
        StripeEventInterpreter().interpret(event, NOW)


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, entry in entries for place in ((*path, key), *places_in(entry, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    body = copy.deepcopy(draw(st.sampled_from(sorted(HANDLED.values(), key=lambda body: str(body["id"])))))
    subject = body["data"]["object"]
    for _ in range(draw(st.integers(1, 4))):
        *way, last = draw(st.sampled_from(places_in(subject)))
        holder = subject
        for step in way:
            holder = holder[step]
        holder[last] = copy.deepcopy(draw(st.sampled_from(ODD)))
    return body


@settings(max_examples=500)
@given(mutated())
def test_a_mutated_event_is_read_or_unreadable_and_nothing_else(body: dict[str, Any]) -> None:
    with suppress(UnreadableEvent):
        interpretation = StripeEventInterpreter().interpret(event_of(body), NOW)

        assert all(fact.key for fact in interpretation.facts)
