"""Stripe's disputes of any API version from 2012 to 2026, read into what we use of them.

In what the captured shapes differ: the oldest have no id, and say `evidence_due_by` where `evidence_details` stands
since; `balance_transaction` names one transaction, `balance_transactions` holds all of them in full; `payment_intent`
and `payment_method_details` came later.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from adapters.stripe_api.json_values import (
    Json,
    UnreadableShape,
    count,
    identifier,
    mapping,
    moment,
    required_amount,
    required_currency,
    required_id,
    signed_amount,
    status_among,
    text,
)
from domain.model.dispute_statuses import STRIPE_STATUSES
from domain.model.disputes import Deadline, DisputeTelling, Movement


def read_dispute(source: Json, told_at: datetime) -> DisputeTelling:
    """The dispute in `source` as it was at `told_at`. Raises `UnreadableShape`, also for a status that is new to us."""
    card = mapping(mapping(source, "payment_method_details"), "card")
    brand = text(card, "brand")
    refundable = source.get("is_charge_refundable")
    return DisputeTelling(
        stripe_dispute_id=required_id(source),
        stripe_status=status_among(source, STRIPE_STATUSES),
        told_at=told_at,
        amount_minor=required_amount(source, "amount"),
        currency=required_currency(source),
        opened_at=moment(source, "created"),
        stripe_charge_id=identifier(source, "charge"),
        stripe_payment_intent_id=identifier(source, "payment_intent"),
        reason=text(source, "reason"),
        network_reason_code=text(card, "network_reason_code") or text(source, "network_reason_code"),
        brand=brand.lower() if brand else None,
        case_type=text(card, "case_type"),
        deadline=_deadline(source),
        submissions=count(mapping(source, "evidence_details"), "submission_count"),
        is_charge_refundable=refundable if isinstance(refundable, bool) else None,
        movements=tuple(_movement(transaction) for transaction in _shown_transactions(source)),
    )


def _deadline(source: Json) -> Deadline | None:
    """Epoch 0 and null say that no answer is possible. Source: the published stripe package 16.1.0."""
    details, name = mapping(source, "evidence_details"), "due_by"
    if name not in details:
        details, name = source, "evidence_due_by"
    if name not in details:
        return None
    return Deadline(None if details[name] == 0 else moment(details, name))


def _shown_transactions(source: Json) -> Iterator[Json]:
    """The balance transactions that are there in full. One that is named alone tells no amount."""
    listed = source.get("balance_transactions")
    for transaction in (*(listed if isinstance(listed, list) else ()), source.get("balance_transaction")):
        if isinstance(transaction, Mapping):
            yield transaction


def _movement(transaction: Json) -> Movement:
    try:
        return _read_movement(transaction)
    except UnreadableShape as problem:
        raise UnreadableShape(f"in balance_transactions, {problem}") from None


def _read_movement(transaction: Json) -> Movement:
    occurred_at = moment(transaction, "created")
    if occurred_at is None:
        raise UnreadableShape("created is missing")
    return Movement(
        stripe_id=required_id(transaction),
        amount_minor=signed_amount(transaction, "amount"),
        fee_minor=signed_amount(transaction, "fee"),
        currency=required_currency(transaction),
        occurred_at=occurred_at,
    )
