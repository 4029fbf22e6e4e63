"""Rows of our attempts and of what sources told about payments."""

from typing import Any

from adapters.postgres.line import Row
from adapters.postgres.rows.values import known_moment, moment, or_none
from domain.model.attempts import AttemptStatus, FrozenCharge, OwnAttempt, Settlement, Trigger
from domain.model.declines import DeclineCodes, FailureCode
from domain.model.payment_facts import FactKind, PaymentFact, Source


def attempt_row(firm_id: str, attempt: OwnAttempt, effective_status: AttemptStatus) -> dict[str, Any]:
    """One attempt of ours as a row."""
    frozen, settlement = attempt.frozen, attempt.settlement
    return {
        "firm_id": firm_id,
        "id": attempt.id,
        "invoice_id": attempt.invoice_id,
        "trigger": attempt.trigger,
        "status": attempt.status,
        "effective_status": effective_status,
        "amount_minor": attempt.amount_minor,
        "currency": attempt.currency,
        "slot_key": attempt.slot_key,
        "scheduled_for": attempt.scheduled_for,
        "started_at": attempt.started_at,
        "finished_at": attempt.finished_at,
        "stripe_customer_id": attempt.stripe_customer_id,
        "stripe_payment_method_id": attempt.stripe_payment_method_id,
        "card_brand": attempt.card_brand,
        "idempotency_key": frozen.idempotency_key if frozen else None,
        "stripe_payment_intent_id": frozen.stripe_payment_intent_id if frozen else None,
        "requests": list(frozen.requests) if frozen else None,
        "is_replayed": settlement.is_replayed,
        "is_replay_useless": settlement.is_replay_useless,
        "absent_since": settlement.absent_since,
        "last_request_ended_at": settlement.last_request_ended_at,
        "failure_code": attempt.failure_code,
        "reason": attempt.reason,
    }


def attempt_of(row: Row) -> OwnAttempt:
    """A row as an attempt of ours."""
    return OwnAttempt(
        id=row["id"],
        invoice_id=row["invoice_id"],
        trigger=Trigger(row["trigger"]),
        status=AttemptStatus(row["status"]),
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        started_at=known_moment(row["started_at"]),
        slot_key=row["slot_key"],
        scheduled_for=moment(row["scheduled_for"]),
        finished_at=moment(row["finished_at"]),
        stripe_customer_id=row["stripe_customer_id"],
        stripe_payment_method_id=row["stripe_payment_method_id"],
        card_brand=row["card_brand"],
        frozen=_frozen_of(row),
        settlement=Settlement(
            is_replayed=row["is_replayed"],
            is_replay_useless=row["is_replay_useless"],
            absent_since=moment(row["absent_since"]),
            last_request_ended_at=moment(row["last_request_ended_at"]),
        ),
        failure_code=or_none(FailureCode, row["failure_code"]),
        reason=row["reason"],
    )


def _frozen_of(row: Row) -> FrozenCharge | None:
    if row["idempotency_key"] is None:
        return None
    return FrozenCharge(row["idempotency_key"], tuple(row["requests"]), row["stripe_payment_intent_id"])


def fact_row(firm_id: str, invoice_id: str, fact: PaymentFact) -> dict[str, Any]:
    """One telling as a row; what nothing is looked up by goes into `detail`."""
    codes = {name: value for name, value in vars(fact.codes).items() if value is not None}
    return {
        "firm_id": firm_id,
        "invoice_id": invoice_id,
        "fact_key": fact.key,
        "kind": fact.kind,
        "source": fact.source,
        "told_at": fact.told_at,
        "heard_at": fact.heard_at,
        "charge_created_at": fact.charge_created_at,
        "event_id": fact.event_id,
        "attempt_id": fact.attempt_id,
        "stripe_payment_intent_id": fact.stripe_payment_intent_id,
        "stripe_charge_id": fact.stripe_charge_id,
        "stripe_invoice_id": fact.stripe_invoice_id,
        "stripe_payment_method_id": fact.stripe_payment_method_id,
        "amount_minor": fact.amount_minor,
        "currency": fact.currency,
        "detail": {
            "codes": codes,
            "message": fact.message,
            "pending_status": fact.pending_status,
            "is_out_of_band": fact.is_out_of_band,
        },
    }


def fact_of(row: Row) -> PaymentFact:
    """A row as one telling."""
    detail = row["detail"]
    return PaymentFact(
        kind=FactKind(row["kind"]),
        source=Source(row["source"]),
        told_at=known_moment(row["told_at"]),
        heard_at=known_moment(row["heard_at"]),
        charge_created_at=moment(row["charge_created_at"]),
        event_id=row["event_id"],
        attempt_id=row["attempt_id"],
        stripe_payment_intent_id=row["stripe_payment_intent_id"],
        stripe_charge_id=row["stripe_charge_id"],
        stripe_invoice_id=row["stripe_invoice_id"],
        stripe_payment_method_id=row["stripe_payment_method_id"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        codes=DeclineCodes(**detail["codes"]),
        message=detail["message"],
        pending_status=detail["pending_status"],
        is_out_of_band=detail["is_out_of_band"],
    )
