"""Rows of refunds: what was told of them, and what we asked for."""

from typing import Any

from adapters.postgres.line import Row
from adapters.postgres.rows.tellings import refund_telling_json, refund_telling_of
from adapters.postgres.rows.values import known_moment, moment, or_none
from domain.model.refunds import Refund, RefundReason, RefundRequest, RefundTotal, RequestStatus


def refund_row(firm_id: str, invoice_id: str, refund: Refund) -> dict[str, Any]:
    """A refund as a row: its tellings, and what follows from them."""
    newest = refund.newest
    return {
        "firm_id": firm_id,
        "stripe_refund_id": newest.stripe_refund_id,
        "invoice_id": invoice_id,
        "status": newest.status,
        "amount_minor": newest.amount_minor,
        "currency": newest.currency,
        "created_at": refund.created_at,
        "succeeded_at": refund.succeeded_at,
        "failed_at": refund.failed_at,
        "stripe_charge_id": newest.stripe_charge_id,
        "stripe_payment_intent_id": newest.stripe_payment_intent_id,
        "tellings": [refund_telling_json(telling) for telling in refund.tellings],
    }


def refund_of(row: Row) -> Refund:
    """The refund, made from its tellings."""
    return Refund(tuple(refund_telling_of(told) for told in row["tellings"]))


def total_row(firm_id: str, invoice_id: str, total: RefundTotal) -> dict[str, Any]:
    """What a charge said was refunded of it, as a row."""
    return {"firm_id": firm_id, "invoice_id": invoice_id, **vars(total)}


def total_of(row: Row) -> RefundTotal:
    """A row as what a charge said was refunded of it."""
    return RefundTotal(
        stripe_charge_id=row["stripe_charge_id"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        told_at=known_moment(row["told_at"]),
        stripe_payment_intent_id=row["stripe_payment_intent_id"],
    )


def request_row(firm_id: str, invoice_id: str, request: RefundRequest) -> dict[str, Any]:
    """A refund that we asked for, as a row."""
    return {"firm_id": firm_id, "invoice_id": invoice_id, **vars(request)}


def request_of(row: Row) -> RefundRequest:
    """A row as a refund that we asked for."""
    return RefundRequest(
        id=row["id"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        status=RequestStatus(row["status"]),
        requested_at=known_moment(row["requested_at"]),
        requested_by=row["requested_by"],
        stripe_charge_id=row["stripe_charge_id"],
        stripe_payment_intent_id=row["stripe_payment_intent_id"],
        reason=or_none(RefundReason, row["reason"]),
        first_sent_at=moment(row["first_sent_at"]),
        absent_since=moment(row["absent_since"]),
        is_replay_useless=row["is_replay_useless"],
        finished_at=moment(row["finished_at"]),
        stripe_refund_id=row["stripe_refund_id"],
        refusal=row["refusal"],
    )
