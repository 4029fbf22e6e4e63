"""Disputes and refunds for tests; see `tests.builders`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from domain.model.dispute_notes import DisputeNote
from domain.model.disputes import (
    Deadline,
    Dispute,
    DisputeTelling,
    Movement,
    dispute_id,
    merge_dispute,
    merge_disputes,
)
from domain.model.exposure import Reversals
from domain.model.invoices import InvoiceFacts
from domain.model.refunds import (
    Refund,
    RefundRequest,
    RefundStatus,
    RefundTelling,
    RefundTotal,
    RequestStatus,
    merge_refunds,
    merge_totals,
)
from tests.builders import FIRM_ID, NOW, days

DISPUTE_FEE = 1500


def dispute_telling(**changes: Any) -> DisputeTelling:
    """A chargeback over 50.00 USD of charge `ch_1`, just opened, to be answered within nine days."""
    told_at = changes.get("told_at", NOW)
    telling = DisputeTelling(
        stripe_dispute_id="dp_1",
        stripe_status="needs_response",
        told_at=told_at,
        amount_minor=5000,
        currency="usd",
        opened_at=NOW,
        stripe_charge_id="ch_1",
        stripe_payment_intent_id="pi_1",
        reason="fraudulent",
        network_reason_code="10.4",
        brand="visa",
        case_type="chargeback",
        deadline=Deadline(NOW + days(9)),
        submissions=0,
        is_charge_refundable=False,
    )
    return replace(telling, **changes)


def inquiry_telling(**changes: Any) -> DisputeTelling:
    """A question of the bank's about charge `ch_1`."""
    inquiry = {"stripe_status": "warning_needs_response", "case_type": "inquiry", "is_charge_refundable": True}
    return dispute_telling(**{**inquiry, **changes})


def a_withdrawal(**changes: Any) -> Movement:
    """The balance transaction that takes 50.00 USD and a fee of 15.00."""
    return replace(Movement("txn_withdrawn", -5000, DISPUTE_FEE, "usd", NOW), **changes)


def a_reinstatement(**changes: Any) -> Movement:
    """The balance transaction that brings 50.00 USD back."""
    return replace(Movement("txn_reinstated", 5000, 0, "usd", NOW + days(30)), **changes)


def a_dispute(
    *tellings: DisputeTelling, firm_id: str = FIRM_ID, accept_requested_at: datetime | None = None, **changes: Any
) -> Dispute:
    """The dispute that the tellings make; without any, of one `dispute_telling(**changes)`."""
    told = tellings or (dispute_telling(**changes),)
    dispute = merge_dispute(dispute_id(firm_id, told[0].stripe_dispute_id), None, told)
    return replace(dispute, accept_requested_at=accept_requested_at)


def refund_telling(**changes: Any) -> RefundTelling:
    """A refund of 20.00 USD of charge `ch_1` that succeeded."""
    told_at = changes.get("told_at", NOW)
    telling = RefundTelling(
        stripe_refund_id="re_1",
        status=RefundStatus.SUCCEEDED,
        told_at=told_at,
        amount_minor=2000,
        currency="usd",
        created_at=NOW,
        stripe_charge_id="ch_1",
        stripe_payment_intent_id="pi_1",
        reason="requested_by_customer",
    )
    return replace(telling, **changes)


def a_refund(*tellings: RefundTelling, **changes: Any) -> Refund:
    """The refund that the tellings make; without any, of one `refund_telling(**changes)`."""
    (refund,) = merge_refunds((), tellings or (refund_telling(**changes),))
    return refund


def a_refund_total(**changes: Any) -> RefundTotal:
    """Charge `ch_1` says that 20.00 USD were refunded of it."""
    return replace(RefundTotal("ch_1", 2000, "usd", NOW, "pi_1"), **changes)


def a_refund_request(**changes: Any) -> RefundRequest:
    """A refund of 20.00 USD of charge `ch_1` that a person asked for and that has not been sent yet."""
    request = RefundRequest(
        id="rfr_1",
        amount_minor=2000,
        currency="usd",
        status=RequestStatus.IN_FLIGHT,
        requested_at=NOW,
        requested_by="api_key:key_1",
        stripe_charge_id="ch_1",
        stripe_payment_intent_id="pi_1",
    )
    return replace(request, **changes)


def a_note(**changes: Any) -> DisputeNote:
    """The first version of a note on the dispute `dp_1`."""
    note = DisputeNote(
        id="dno_1",
        firm_id=FIRM_ID,
        dispute_id=dispute_id(FIRM_ID, "dp_1"),
        version=1,
        body="The parcel was signed for.",
        author="api_key:key_1",
        created_at=NOW,
    )
    return replace(note, **changes)


def an_edit(note: DisputeNote, body: str = "The parcel was signed for twice.", **changes: Any) -> DisputeNote:
    """The note's next version, an hour later."""
    edited = {"edited_by": "api_key:key_2", "edited_at": note.created_at + timedelta(hours=1)}
    return replace(note, **{"body": body, "version": note.version + 1, **edited, **changes})


def with_reversals(
    facts: InvoiceFacts,
    *,
    disputes: Sequence[DisputeTelling | Dispute] = (),
    refunds: Sequence[RefundTelling] = (),
    totals: Sequence[RefundTotal] = (),
    requests: Sequence[RefundRequest] = (),
) -> InvoiceFacts:
    """The facts with that added which was told; a whole `Dispute` replaces the known one, a request the one of its
    id.
    """
    known = facts.reversals
    whole = {dispute.id: dispute for dispute in disputes if isinstance(dispute, Dispute)}
    standing = [dispute for dispute in known.disputes if dispute.id not in whole]
    told = [telling for telling in disputes if isinstance(telling, DisputeTelling)]
    asked = {request.id: request for request in (*known.requests, *requests)}
    reversals = Reversals(
        refunds=merge_refunds(known.refunds, refunds),
        totals=merge_totals(known.totals, totals),
        requests=tuple(sorted(asked.values(), key=lambda request: (request.requested_at, request.id))),
        disputes=merge_disputes(facts.invoice.firm_id, [*standing, *whole.values()], told),
    )
    return replace(facts, reversals=reversals)
