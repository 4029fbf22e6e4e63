"""Stripe's refunds of any API version from 2012 to 2026, read into what we use of them.

The oldest shapes have no `status`: a refund that existed had succeeded. `payment_intent` came later.
"""

import re
from datetime import datetime

from adapters.stripe_api.json_values import (
    Json,
    identifier,
    mapping,
    moment,
    required_amount,
    required_currency,
    required_id,
    status_among,
    text,
)
from domain.model.refunds import RefundStatus, RefundTelling

_OUR_REQUEST = re.compile(r"ref_[0-9A-Za-z_-]{1,100}")


def read_refund(source: Json, told_at: datetime) -> RefundTelling:
    """The refund in `source` as it was at `told_at`. Raises `UnreadableShape`, also for a status that is new to us."""
    return RefundTelling(
        stripe_refund_id=required_id(source),
        status=_status(source),
        told_at=told_at,
        amount_minor=required_amount(source, "amount"),
        currency=required_currency(source),
        created_at=moment(source, "created"),
        stripe_charge_id=identifier(source, "charge"),
        stripe_payment_intent_id=identifier(source, "payment_intent"),
        reason=text(source, "reason"),
        failure_reason=text(source, "failure_reason"),
        request_id=our_request_id(source),
    )


def our_request_id(source: Json) -> str | None:
    """`metadata.refund_id` where it is one of ours; a host application may use the same key for something else."""
    request_id = text(mapping(source, "metadata"), "refund_id")
    return request_id if request_id and _OUR_REQUEST.fullmatch(request_id) else None


def _status(source: Json) -> RefundStatus:
    if source.get("status") is None:
        return RefundStatus.SUCCEEDED
    return RefundStatus(status_among(source, frozenset(RefundStatus)))
