"""`ports.repositories.Invoices`: refunds and disputes are facts of their invoice, written and read with it."""

from dataclasses import replace
from typing import Any

import pytest

from domain.model.errors import Conflict
from domain.model.exposure import Reversals
from domain.model.invoices import InvoiceFacts
from domain.model.refunds import RefundReason, RefundStatus, RequestStatus
from ports.unit_of_work import Transaction, UnitOfWork
from tests.builders import FIRM_ID, INVOICE_ID, NOW, a_change, a_success, an_invoice, days, facts_of
from tests.reversal_builders import (
    a_dispute,
    a_refund_request,
    a_refund_total,
    a_reinstatement,
    a_withdrawal,
    dispute_telling,
    inquiry_telling,
    refund_telling,
    with_reversals,
)
from tests.storage import dispute_invoice, in_firm, keep_invoice, locked_facts, southern_invoice

EVERYTHING: dict[str, Any] = {
    "disputes": [
        dispute_telling(movements=(a_withdrawal(), a_reinstatement())),
        dispute_telling(told_at=NOW + days(9), stripe_status="under_review", submissions=1),
        inquiry_telling(stripe_dispute_id="dp_0", network_reason_code=None),
    ],
    "refunds": [
        refund_telling(),
        refund_telling(told_at=NOW + days(9), status=RefundStatus.FAILED, failure_reason="lost_or_stolen_card"),
        refund_telling(stripe_refund_id="re_0", status=RefundStatus.PENDING, created_at=None, request_id="rfr_2"),
    ],
    "totals": [a_refund_total(), a_refund_total(stripe_charge_id="ch_0", stripe_payment_intent_id=None)],
    "requests": [
        a_refund_request(),
        a_refund_request(
            id="rfr_0",
            status=RequestStatus.REFUSED,
            stripe_charge_id=None,
            reason=RefundReason.FRAUDULENT,
            first_sent_at=NOW,
            absent_since=NOW,
            is_replay_useless=True,
            finished_at=NOW + days(1),
            stripe_refund_id="re_7",
            refusal="Stripe: this charge was refunded already.",
        ),
        a_refund_request(id="rfr_2", requested_at=NOW - days(1), status=RequestStatus.ACCEPTED),
    ],
}


def reverse(
    uow: UnitOfWork, told: dict[str, Any], *, invoice_id: str = INVOICE_ID, firm_id: str = FIRM_ID
) -> InvoiceFacts:
    """Add what was told to the facts of a stored invoice."""

    def save(tx: Transaction) -> InvoiceFacts:
        before = locked_facts(tx, invoice_id)
        after = with_reversals(before, **told)
        tx.invoices.save(a_change(before=before, after=after))
        return after

    return in_firm(uow, save, firm_id=firm_id)


def test_an_invoice_without_any_has_none(uow: UnitOfWork) -> None:
    keep_invoice(uow)

    assert in_firm(uow, locked_facts).reversals == Reversals()


def test_what_was_told_and_asked_for_comes_back_with_the_facts(uow: UnitOfWork) -> None:
    keep_invoice(uow)

    after = reverse(uow, EVERYTHING)

    with uow.firm(FIRM_ID) as tx:
        assert locked_facts(tx).reversals == after.reversals
        read = tx.history.facts(INVOICE_ID)
    assert read is not None
    assert read.reversals == after.reversals


def test_the_parts_are_read_in_one_order_in_whatever_order_they_were_written(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    reversals = with_reversals(in_firm(uow, locked_facts), **EVERYTHING).reversals
    backwards = Reversals(*(getattr(reversals, name)[::-1] for name in ("refunds", "totals", "requests", "disputes")))

    with uow.firm(FIRM_ID) as tx:
        before = locked_facts(tx)
        tx.invoices.save(a_change(before=before, after=replace(before, reversals=backwards)))
        tx.commit()

    assert in_firm(uow, locked_facts).reversals == reversals


def test_a_change_of_what_is_stored_is_added_to_it(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    reverse(uow, EVERYTHING)
    more = {
        "disputes": [
            replace(a_dispute(), accept_requested_at=NOW + days(2)),
            dispute_telling(told_at=NOW + days(3), stripe_status="lost"),
        ],
        "refunds": [refund_telling(stripe_refund_id="re_0", told_at=NOW + days(2))],
        "totals": [a_refund_total(amount_minor=3000, told_at=NOW + days(1))],
        "requests": [a_refund_request(status=RequestStatus.UNKNOWN, first_sent_at=NOW)],
    }

    after = reverse(uow, more)

    assert in_firm(uow, locked_facts).reversals == after.reversals


def test_a_new_invoice_may_bring_its_own(uow: UnitOfWork) -> None:
    facts = with_reversals(facts_of(payments=[a_success()]), **EVERYTHING)

    in_firm(uow, lambda tx: tx.invoices.add(a_change(before=facts)))

    assert in_firm(uow, locked_facts).reversals == facts.reversals


@pytest.mark.parametrize("part", sorted(EVERYTHING))
def test_the_version_counts_up_when_a_part_is_new_and_not_when_it_is_told_again(uow: UnitOfWork, part: str) -> None:
    keep_invoice(uow)

    versions = []
    for _ in range(2):
        reverse(uow, {part: EVERYTHING[part]})
        versions.append(in_firm(uow, locked_facts).version)

    assert versions == [1, 1]


def test_what_is_not_committed_is_not_kept(uow: UnitOfWork) -> None:
    keep_invoice(uow)

    with uow.firm(FIRM_ID) as tx:
        before = locked_facts(tx)
        tx.invoices.save(a_change(before=before, after=with_reversals(before, **EVERYTHING)))

    assert in_firm(uow, locked_facts).reversals == Reversals()
    assert in_firm(uow, lambda tx: tx.disputes.get("dp_1")) is None


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ({"refunds": [refund_telling()]}, "re_1"),
        ({"totals": [a_refund_total()]}, "ch_1"),
        ({"requests": [a_refund_request()]}, "rfr_1"),
        ({"disputes": [dispute_telling()]}, a_dispute().id),
    ],
)
def test_what_belongs_to_one_invoice_is_refused_to_another_of_the_firm(
    uow: UnitOfWork, told: dict[str, Any], key: str
) -> None:
    keep_invoice(uow)
    keep_invoice(uow, an_invoice(id="inv_0002"))
    keep_invoice(uow, southern_invoice())
    reverse(uow, told)

    with pytest.raises(Conflict, match=f"^{key} belongs to another invoice"):
        reverse(uow, told, invoice_id="inv_0002")

    assert in_firm(uow, lambda tx: locked_facts(tx, "inv_0002")).reversals == Reversals()
    reverse(uow, told, invoice_id="inv_south", firm_id="frm_south")


def test_an_invoice_with_an_open_dispute_is_open_whatever_its_status(uow: UnitOfWork) -> None:
    invoices = [an_invoice(id=f"inv_000{number}") for number in range(1, 5)]
    told = [inquiry_telling, None, dispute_telling, dispute_telling]
    for number, (invoice, telling) in enumerate(zip(invoices, told, strict=True), start=1):
        keep_invoice(uow, invoice)
        pay(uow, invoice.id)
        if telling is not None:
            dispute_invoice(uow, telling(stripe_dispute_id=f"dp_{number}"), invoice=invoice)
    won = dispute_telling(stripe_dispute_id="dp_4", stripe_status="won", told_at=NOW + days(1))
    dispute_invoice(uow, won, invoice=invoices[3])

    assert in_firm(uow, lambda tx: [*tx.history.open_ids("", 10)]) == ["inv_0001", "inv_0003"]
    assert in_firm(uow, lambda tx: [*tx.history.open_ids("inv_0001", 10)]) == ["inv_0003"]


def pay(uow: UnitOfWork, invoice_id: str) -> None:
    def save(tx: Transaction) -> None:
        before = locked_facts(tx, invoice_id)
        tx.invoices.save(a_change(before=before, after=replace(before, payments=(a_success(),))))

    in_firm(uow, save)
