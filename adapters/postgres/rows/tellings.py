"""Tellings as JSON: what each says, without what it does not tell of."""

from typing import Any

from adapters.postgres.line import Row
from adapters.postgres.rows.values import known_moment, moment
from domain.model.disputes import Deadline, DisputeTelling, Movement
from domain.model.refunds import RefundStatus, RefundTelling


def dispute_telling_json(telling: DisputeTelling) -> dict[str, Any]:
    """A snapshot of a dispute; its balance transactions are the dispute's own."""
    told = {**vars(telling), "movements": None, "deadline": None}
    if telling.deadline is not None:
        told["deadline"] = {"respond_by": telling.deadline.respond_by}
    return _without_none(told)


def dispute_telling_of(told: Row) -> DisputeTelling:
    """The snapshot."""
    deadline = told.get("deadline")
    return DisputeTelling(
        stripe_dispute_id=told["stripe_dispute_id"],
        stripe_status=told["stripe_status"],
        told_at=known_moment(told["told_at"]),
        amount_minor=told["amount_minor"],
        currency=told["currency"],
        opened_at=moment(told.get("opened_at")),
        stripe_charge_id=told.get("stripe_charge_id"),
        stripe_payment_intent_id=told.get("stripe_payment_intent_id"),
        reason=told.get("reason"),
        network_reason_code=told.get("network_reason_code"),
        brand=told.get("brand"),
        case_type=told.get("case_type"),
        deadline=None if deadline is None else Deadline(moment(deadline["respond_by"])),
        submissions=told.get("submissions"),
        is_charge_refundable=told.get("is_charge_refundable"),
    )


def movement_of(row: Row) -> Movement:
    """A balance transaction of a dispute."""
    return Movement(
        stripe_id=row["stripe_id"],
        amount_minor=row["amount_minor"],
        fee_minor=row["fee_minor"],
        currency=row["currency"],
        occurred_at=known_moment(row["occurred_at"]),
    )


def refund_telling_json(telling: RefundTelling) -> dict[str, Any]:
    """A snapshot of a refund."""
    return _without_none(vars(telling))


def refund_telling_of(told: Row) -> RefundTelling:
    """The snapshot."""
    return RefundTelling(
        stripe_refund_id=told["stripe_refund_id"],
        status=RefundStatus(told["status"]),
        told_at=known_moment(told["told_at"]),
        amount_minor=told["amount_minor"],
        currency=told["currency"],
        created_at=moment(told.get("created_at")),
        stripe_charge_id=told.get("stripe_charge_id"),
        stripe_payment_intent_id=told.get("stripe_payment_intent_id"),
        reason=told.get("reason"),
        failure_reason=told.get("failure_reason"),
        request_id=told.get("request_id"),
    )


def _without_none(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value is not None}
