"""One ceiling for each charge. Expected values: design.md 5 (amounts, disputes), stripe-facts 1, 2 and 9."""

from dataclasses import replace
from itertools import product

import pytest

from domain.model.derivation import derive
from domain.model.exposure import Exposure
from domain.model.invoices import InvoiceState
from domain.model.payment_facts import Source
from domain.model.policies import Policy, Terms
from domain.model.refunds import RefundStatus, RequestStatus
from tests.builders import NOW, a_success, days, facts_of
from tests.reversal_builders import (
    a_refund_request,
    a_refund_total,
    dispute_telling,
    inquiry_telling,
    refund_telling,
    with_reversals,
)

PAID = facts_of(payments=[a_success()])


def state_with(**told: object) -> InvoiceState:
    """The state of an invoice over 50.00 that charge `ch_1` paid, with what was told against it."""
    return derive(with_reversals(PAID, **told), Terms(Policy()))  # type: ignore[arg-type]


def exposure_with(**told: object) -> Exposure:
    """The exposure of the one payment."""
    (exposure,) = state_with(**told).exposures
    return exposure


def told_dispute(status: str, amount_minor: int = 5000, **changes: object):  # type: ignore[no-untyped-def]
    """A dispute of `ch_1` in this status."""
    return dispute_telling(stripe_status=status, amount_minor=amount_minor, **changes)


def test_nothing_against_a_payment_leaves_all_of_it_to_refund() -> None:
    assert (exposure_with().ceiling_minor, exposure_with().refusal) == (5000, None)


REFUNDED = {
    None: 0,
    RefundStatus.PENDING: 1200,
    RefundStatus.REQUIRES_ACTION: 1200,
    RefundStatus.SUCCEEDED: 1200,
    RefundStatus.FAILED: 0,
    RefundStatus.CANCELED: 0,
}
ASKED_FOR = {
    None: 0,
    RequestStatus.IN_FLIGHT: 700,
    RequestStatus.UNKNOWN: 700,
    RequestStatus.ACCEPTED: 700,
    RequestStatus.REFUSED: 0,
}
DISPUTED = {
    None: 0,
    "warning_needs_response": 0,
    "warning_under_review": 0,
    "warning_closed": 0,
    "needs_response": 2100,
    "under_review": 2100,
    "charge_refunded": 0,
    "prevented": 0,
    "lost": 2100,
    "appeal_needs_response": 2100,
    "appeal_under_review": 2100,
    "won": 0,
}


@pytest.mark.parametrize(("refund", "request_status", "dispute"), list(product(REFUNDED, ASKED_FOR, DISPUTED)))
def test_the_ceiling_is_the_charge_less_all_that_stands_against_it(refund, request_status, dispute) -> None:  # type: ignore[no-untyped-def]
    exposure = exposure_with(
        refunds=[refund_telling(status=refund, amount_minor=1200)] if refund else [],
        requests=[a_refund_request(status=request_status, amount_minor=700)] if request_status else [],
        disputes=[told_dispute(dispute, 2100)] if dispute else [],
    )

    assert exposure.ceiling_minor == 5000 - REFUNDED[refund] - ASKED_FOR[request_status] - DISPUTED[dispute]


def test_a_request_that_its_refund_was_told_of_counts_once() -> None:
    exposure = exposure_with(requests=[a_refund_request()], refunds=[refund_telling(request_id="rfr_1")])

    assert exposure.ceiling_minor == 3000


def test_a_request_in_flight_stands_against_its_charge_beside_a_refund_of_somebody_else() -> None:
    assert exposure_with(requests=[a_refund_request()], refunds=[refund_telling()]).ceiling_minor == 1000


def test_a_refund_that_only_the_charges_total_tells_of_counts() -> None:
    exposure = exposure_with(totals=[a_refund_total(amount_minor=2500)], refunds=[refund_telling()])

    assert (exposure.refunded_minor, exposure.ceiling_minor) == (2500, 2500)


def test_more_than_the_charge_is_never_shown_as_refunded() -> None:
    told = [refund_telling(stripe_refund_id=f"re_{n}", amount_minor=5000) for n in range(2)]

    exposure = exposure_with(refunds=told, totals=[a_refund_total(amount_minor=5000, told_at=NOW - days(1))])

    assert (exposure.refunded_minor, exposure.ceiling_minor) == (5000, 0)


def test_a_total_whose_refund_must_have_failed_since_is_not_shown_beside_the_next_one() -> None:
    total = a_refund_total(amount_minor=5000, told_at=NOW - days(1))

    assert exposure_with(refunds=[refund_telling(amount_minor=5000)], totals=[total]).refunded_minor == 5000


def test_the_ceiling_is_never_below_nothing() -> None:
    told = [told_dispute("needs_response", 9000), told_dispute("lost", 5000, stripe_dispute_id="dp_2")]

    exposure = exposure_with(disputes=told, refunds=[refund_telling()])

    assert (exposure.ceiling_minor, exposure.disputed_minor, exposure.lost_minor) == (0, 3000, 3000)


def test_several_disputes_of_one_charge_never_take_more_than_it_held() -> None:
    told = [told_dispute("lost", 2000, stripe_dispute_id=f"dp_{n}") for n in range(4)]

    assert exposure_with(disputes=told).lost_minor == 5000


def test_a_dispute_in_another_currency_puts_all_of_the_charge_at_stake() -> None:
    exposure = exposure_with(disputes=[told_dispute("needs_response", 100, currency="eur")])

    assert (exposure.disputed_minor, exposure.ceiling_minor) == (5000, 0)


def test_what_goes_against_another_charge_leaves_this_one_alone() -> None:
    other = {"stripe_charge_id": "ch_9", "stripe_payment_intent_id": "pi_9"}

    exposure = exposure_with(disputes=[dispute_telling(**other)], refunds=[refund_telling(**other)])

    assert (exposure.ceiling_minor, exposure.refusal) == (5000, None)


def test_a_refund_that_names_the_payment_intent_alone_finds_its_payment() -> None:
    assert exposure_with(refunds=[refund_telling(stripe_charge_id=None)]).refunded_minor == 2000


def test_each_of_two_payments_has_a_ceiling_of_its_own() -> None:
    second = a_success(stripe_charge_id="ch_2", stripe_payment_intent_id="pi_2", at=NOW + days(1))
    facts = with_reversals(
        facts_of(payments=[a_success(), second]),
        disputes=[told_dispute("lost", 9000)],
        refunds=[refund_telling(stripe_charge_id="ch_2", stripe_payment_intent_id="pi_2")],
    )

    assert [exposure.ceiling_minor for exposure in derive(facts, Terms(Policy())).exposures] == [0, 3000]


# -- whether Stripe takes a refund at all ------------------------------------------------------------------------------

ENDED_WITHOUT_LOSS = ["warning_closed", "charge_refunded", "prevented", "won"]
AGAINST = ["needs_response", "under_review", "lost", "appeal_needs_response", "appeal_under_review"]


@pytest.mark.parametrize("status", AGAINST)
def test_a_chargeback_refuses_refunds(status: str) -> None:
    assert "dp_1" in (exposure_with(disputes=[told_dispute(status, 100)]).refusal or "")


@pytest.mark.parametrize("status", ENDED_WITHOUT_LOSS)
def test_a_dispute_that_ended_without_a_loss_refuses_nothing(status: str) -> None:
    assert exposure_with(disputes=[told_dispute(status)]).refusal is None


@pytest.mark.parametrize(("word", "is_refused"), [(True, False), (None, False), (False, True)])
def test_an_inquiry_refuses_refunds_only_when_stripe_says_so(word: bool | None, is_refused: bool) -> None:
    refusal = exposure_with(disputes=[inquiry_telling(is_charge_refundable=word)]).refusal

    assert (refusal is not None) is is_refused


@pytest.mark.parametrize("status", AGAINST)
def test_a_chargeback_that_says_nothing_refuses_refunds(status: str) -> None:
    assert exposure_with(disputes=[told_dispute(status, 100, is_charge_refundable=None)]).refusal is not None


@pytest.mark.parametrize(("first", "second"), list(product([*AGAINST, *ENDED_WITHOUT_LOSS], repeat=2)))
def test_one_dispute_that_says_no_is_enough(first: str, second: str) -> None:
    told = [told_dispute(first, 100), told_dispute(second, 100, stripe_dispute_id="dp_2")]

    assert (exposure_with(disputes=told).refusal is not None) is (first in AGAINST or second in AGAINST)


def test_an_inquiry_that_says_yes_does_not_outvote_a_chargeback() -> None:
    told = [inquiry_telling(stripe_dispute_id="dp_2"), told_dispute("needs_response", 100)]

    assert exposure_with(disputes=told).refusal is not None


# -- money that goes back twice ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("refunded_minor", [1, 2000, 5000])
def test_a_chargeback_of_a_refunded_charge_pays_out_twice(refunded_minor: int) -> None:
    told = refund_telling(amount_minor=refunded_minor)

    assert exposure_with(refunds=[told], disputes=[dispute_telling()]).is_paid_out_twice


def test_a_refund_and_a_chargeback_that_the_charge_covers_do_not_pay_out_twice() -> None:
    exposure = exposure_with(refunds=[refund_telling()], disputes=[told_dispute("needs_response", 3000)])

    assert not exposure.is_paid_out_twice


@pytest.mark.parametrize("status", ["won", "prevented", "warning_needs_response"])
def test_a_dispute_that_takes_nothing_does_not_pay_out_twice(status: str) -> None:
    assert not exposure_with(refunds=[refund_telling()], disputes=[told_dispute(status)]).is_paid_out_twice


def test_a_chargeback_larger_than_its_charge_alone_does_not_pay_out_twice() -> None:
    assert not exposure_with(disputes=[told_dispute("lost", 9000)]).is_paid_out_twice


def test_a_payment_is_known_by_its_intent_while_its_charge_is_not_told() -> None:
    nameless = replace(a_success(), stripe_charge_id=None, source=Source.PAYMENT_INTENT)
    facts = with_reversals(facts_of(payments=[nameless]), disputes=[told_dispute("lost", 2000)])

    assert derive(facts, Terms(Policy())).figures.amount_paid == 3000
