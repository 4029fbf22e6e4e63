"""Whether the ledger agrees with the amounts. Expected values: design.md 5 (amounts, ledger), the issue (point 4)."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.model.books import Figures, disagreements
from domain.model.derivation import derive
from domain.model.invoices import InvoiceFacts, InvoiceStatus
from domain.model.ledger import EntryKind, LedgerEntry, entries
from domain.model.policies import Policy, Terms
from domain.model.refunds import RefundStatus
from tests.builders import a_success, facts_of
from tests.payment_stories import START
from tests.reversal_builders import a_reinstatement, a_withdrawal, dispute_telling, refund_telling, with_reversals
from tests.reversal_stories import Story, facts_after, stories

PAID = facts_of(payments=[a_success()])
WITHDRAWN = (a_withdrawal(),)
CREDITED = (a_withdrawal(), a_reinstatement(amount_minor=2000))
RETURNED = (a_withdrawal(), a_reinstatement())


def booked(facts: InvoiceFacts) -> list[LedgerEntry]:
    return list(entries(derive(facts, Terms(Policy())).attempts, facts.reversals.refunds, facts.disputes))


def judged(facts: InvoiceFacts, ledger: list[LedgerEntry]) -> tuple[str, ...]:
    """What disagrees between the figures that the facts give and the ledger."""
    shown, currency = derive(facts, Terms(Policy())).figures, facts.invoice.currency
    sums = Counter[str]()
    for entry in ledger:
        if entry.currency == currency:
            sums[entry.kind] += entry.amount_minor
    foreign = {str(entry.kind) for entry in ledger if entry.currency != currency}
    figures = Figures(shown.status, currency, shown.amount_paid, shown.amount_refunded, shown.amount_disputed)
    return disagreements(figures, sums, foreign)


@settings(max_examples=100, deadline=None)
@given(stories(), st.sampled_from([None, None, START]))
def test_the_books_of_a_story_that_was_told_to_its_end_agree(story: Story, voided_at: object) -> None:
    facts = facts_after(story, voided_at=voided_at)

    assert judged(facts, booked(facts)) == ()


def test_an_invoice_without_money_agrees() -> None:
    assert judged(facts_of(), []) == ()


REFUNDED = with_reversals(PAID, refunds=[refund_telling()])
LOST = with_reversals(PAID, disputes=[dispute_telling(stripe_status="lost", movements=WITHDRAWN)])
WON = with_reversals(PAID, disputes=[dispute_telling(stripe_status="won", movements=RETURNED)])
OPEN = with_reversals(PAID, disputes=[dispute_telling(movements=WITHDRAWN)])
CASES = {"paid": PAID, "refunded": REFUNDED, "lost": LOST, "won": WON, "open": OPEN}
JUDGED_KINDS = {
    EntryKind.PAYMENT,
    EntryKind.REFUND,
    EntryKind.DISPUTE_WITHDRAWAL,
    EntryKind.DISPUTE_REINSTATEMENT,
}
PLACES = [
    (name, number)
    for name, facts in CASES.items()
    for number, entry in enumerate(booked(facts))
    if entry.kind in JUDGED_KINDS
]


@pytest.mark.parametrize("name", CASES)
def test_a_case_agrees_as_it_is_booked(name: str) -> None:
    assert judged(CASES[name], booked(CASES[name])) == ()


@pytest.mark.parametrize(("name", "number"), PLACES)
def test_an_entry_that_is_missing_is_noticed(name: str, number: int) -> None:
    ledger = booked(CASES[name])

    assert judged(CASES[name], ledger[:number] + ledger[number + 1 :])


@pytest.mark.parametrize(("name", "number"), PLACES)
def test_an_entry_of_the_other_sign_is_noticed(name: str, number: int) -> None:
    ledger = booked(CASES[name])
    ledger[number] = replace(ledger[number], amount_minor=-ledger[number].amount_minor)

    assert judged(CASES[name], ledger)


NEVER_TOO_MUCH = [place for place in PLACES if place[0] not in ("open", "lost") or place == ("lost", 0)]
"""What a standing dispute withdrew has no upper bound among the invoice's amounts: it may be larger than its charge."""


@pytest.mark.parametrize(("name", "number"), NEVER_TOO_MUCH)
def test_an_entry_that_is_there_twice_is_noticed(name: str, number: int) -> None:
    ledger = booked(CASES[name])

    assert judged(CASES[name], [*ledger, ledger[number]])


@pytest.mark.parametrize(("name", "number"), NEVER_TOO_MUCH)
@pytest.mark.parametrize("by", [-1, 1])
def test_an_entry_that_was_altered_by_a_cent_is_noticed(name: str, number: int, by: int) -> None:
    ledger = booked(CASES[name])
    ledger[number] = replace(ledger[number], amount_minor=ledger[number].amount_minor + by)

    assert judged(CASES[name], ledger)


def test_a_chargeback_of_a_charge_that_was_refunded_in_full_agrees() -> None:
    facts = with_reversals(OPEN, refunds=[refund_telling(amount_minor=5000)])

    assert derive(facts, Terms(Policy())).figures.amount_disputed == 0
    assert judged(facts, booked(facts)) == ()


def test_a_loss_with_a_partial_credit_agrees() -> None:
    facts = with_reversals(PAID, disputes=[dispute_telling(stripe_status="lost", movements=CREDITED)])

    assert judged(facts, booked(facts)) == ()


def test_a_dispute_that_took_more_than_its_charge_agrees() -> None:
    larger = dispute_telling(amount_minor=9000, movements=(a_withdrawal(amount_minor=-9000),))

    facts = with_reversals(PAID, disputes=[larger])

    assert judged(facts, booked(facts)) == ()


def test_what_a_balance_in_another_currency_holds_is_not_compared() -> None:
    facts = with_reversals(PAID, disputes=[dispute_telling(movements=(a_withdrawal(currency="eur"),))])

    assert judged(facts, booked(facts)) == ()


def test_what_a_won_dispute_still_holds_is_told_in_words() -> None:
    figures = Figures(InvoiceStatus.PAID, "usd", 5000, 0, 0)

    (words,) = disagreements(figures, {EntryKind.PAYMENT: 5000, EntryKind.DISPUTE_WITHDRAWAL: -5000}, set())

    assert words.startswith("disputes hold 50.00 USD by the ledger")


def test_a_refund_that_failed_is_booked_back_and_agrees() -> None:
    facts = with_reversals(PAID, refunds=[refund_telling(), refund_telling(status=RefundStatus.FAILED)])

    assert len(booked(facts)) == 3
    assert judged(facts, booked(facts)) == ()
