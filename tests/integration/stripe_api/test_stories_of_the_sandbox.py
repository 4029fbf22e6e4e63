"""What the sandbox's own events tell of a story, in any order, is what Stripe's records tell of its end."""

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest

from adapters.stripe_api.events.interpreter import StripeEventInterpreter
from domain.model.answers import Refunded
from domain.model.disputes import Dispute, merge_disputes
from domain.model.inbox import Interpretation
from domain.model.refunds import Refund, merge_refunds
from ports.refund_gateway import RefundOrder
from ports.stripe_records import RecordKind
from tests.contracts.payments.banks import NOW, BankOverHttp, bank_over_http, charge_of, paid
from tests.contracts.payments.conftest import NewBank

_numbers = count(1)
HOUR = timedelta(hours=1)
STORIES = [
    ("needs_response", []),
    ("needs_response", ["under_review", "won"]),
    ("needs_response", ["under_review", "lost", "won"]),
    ("needs_response", ["lost", "appeal_needs_response", "appeal_under_review", "lost"]),
    ("needs_response", ["prevented"]),
    ("warning_needs_response", ["warning_under_review", "warning_closed"]),
    ("warning_needs_response", ["needs_response", "under_review", "lost"]),
]


@pytest.fixture(scope="module")
def new_bank() -> Iterator[NewBank]:
    with bank_over_http() as new_bank:
        yield new_bank


@pytest.fixture
def bank(new_bank: NewBank) -> BankOverHttp:
    bank = new_bank(f"acct_{next(_numbers)}")
    assert isinstance(bank, BankOverHttp)
    return bank


def told_by_events(bank: BankOverHttp) -> list[Interpretation]:
    page = bank.records.events(bank.account, NOW, NOW + HOUR, None)
    return [StripeEventInterpreter().interpret(event, NOW) for event in page.events]


def told_by_records(bank: BankOverHttp, kind: RecordKind) -> list[Interpretation]:
    page = bank.records.records(bank.account, kind, NOW, NOW, None)
    assert [record.problem for record in page.records] == [None] * len(page.records)
    return [record.told for record in page.records]


def disputes_of(told: list[Interpretation]) -> tuple[Dispute, ...]:
    return merge_disputes("frm_1", (), [telling for one in told for telling in one.disputes])


def refunds_of(told: list[Interpretation]) -> tuple[Refund, ...]:
    return merge_refunds((), [telling for one in told for telling in one.refunds])


@pytest.mark.parametrize(("first", "then"), STORIES)
def test_a_disputes_events_tell_the_money_that_its_record_tells(
    bank: BankOverHttp, first: str, then: list[str]
) -> None:
    dispute = bank.dispute(charge_of(paid(bank)), is_inquiry=first.startswith("warning_"))
    for status in then:
        bank.resolve(dispute, status)
    events = told_by_events(bank)
    random.Random(1).shuffle(events)

    (heard,), (fetched,) = disputes_of(events), disputes_of(told_by_records(bank, RecordKind.DISPUTE))

    assert heard.movements == fetched.movements
    assert sum(movement.amount_minor for movement in heard.movements) in (0, -5000)
    # All of it happens in one second here: what its rank cannot tell apart is left to the time of the answer.
    assert fetched.stripe_status == ([first, *then])[-1]
    assert {heard.newest.reason, heard.newest.brand, heard.newest.stripe_charge_id} == {
        fetched.newest.reason,
        fetched.newest.brand,
        fetched.newest.stripe_charge_id,
    }


@pytest.mark.parametrize("has_failed", [False, True])
def test_a_refunds_events_tell_what_its_record_tells(bank: BankOverHttp, has_failed: bool) -> None:
    order = RefundOrder("ref_1", "inv_1", "k1", 2000, NOW, charge_of(paid(bank)))
    answer = bank.refunds.refund(bank.account, order)
    assert isinstance(answer, Refunded)
    if has_failed:
        bank.fail_refund(answer.telling.stripe_refund_id)
    events = told_by_events(bank)
    random.Random(1).shuffle(events)

    (heard,), (fetched,) = refunds_of(events), refunds_of(told_by_records(bank, RecordKind.REFUND))

    assert heard.newest == fetched.newest
    assert {total.amount_minor for one in events for total in one.totals} == {2000}
