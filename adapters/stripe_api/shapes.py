"""Stripe's PaymentIntents and charges of any API version from 2012 to 2026, read into what we use of them.

What changed over the years (changelog of docs.stripe.com/api): PaymentIntents held `charges` until 2022-11-15 and
name `latest_charge` since; `requires_source` became `requires_payment_method` with 2019-02-11; `invoice` went from
both objects with 2025-03-31 (basil); a charge's `status` was `paid` before 2014-12-17 and missing before that.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.stripe_api.json_values import (
    Json,
    amount,
    currency,
    identifier,
    mapping,
    members,
    moment,
    required_id,
    text,
)
from domain.model.declines import DeclineCodes

_OUR_ATTEMPT = re.compile(r"att_[0-9A-Za-z_-]{1,100}")
_OUR_INVOICE = re.compile(r"inv_[0-9A-Za-z_-]{1,100}")
_STATUS_TODAY = {"requires_source": "requires_payment_method", "requires_source_action": "requires_action"}
# Cards that are legacy sources spell the brand for people.
_BRAND_TODAY = {"american express": "amex", "diners club": "diners"}


@dataclass(frozen=True)
class Charge:
    """One charge. `status` is `succeeded`, `failed`, `pending`, `uncaptured` (money is reserved, not taken) or None
    when the object contradicts itself.
    """

    id: str
    status: str | None
    created_at: datetime | None
    amount_minor: int | None
    currency: str | None
    stripe_payment_intent_id: str | None
    stripe_invoice_id: str | None
    stripe_payment_method_id: str | None
    codes: DeclineCodes
    message: str | None
    attempt_id: str | None
    named_invoice_id: str | None


@dataclass(frozen=True)
class PaymentError:
    """Why a payment failed, as an API error or `last_payment_error` tells it."""

    stripe_charge_id: str | None
    stripe_payment_method_id: str | None
    codes: DeclineCodes
    message: str | None


@dataclass(frozen=True)
class Intent:
    """One PaymentIntent. `charges` are those that it shows in full, newest first; `stripe_charge_ids` all it names."""

    id: str
    status: str
    amount_minor: int | None
    amount_received_minor: int | None
    currency: str | None
    stripe_payment_method_id: str | None
    stripe_invoice_id: str | None
    stripe_charge_ids: tuple[str, ...]
    charges: tuple[Charge, ...]
    error: PaymentError | None
    attempt_id: str | None
    named_invoice_id: str | None


def read_charge(source: Json) -> Charge:
    """The charge in `source`. Raises `UnreadableShape`."""
    card = mapping(mapping(source, "payment_method_details"), "card")
    return Charge(
        id=required_id(source),
        status=_charge_status(source),
        created_at=moment(source, "created"),
        amount_minor=amount(source, "amount_captured") or amount(source, "amount"),
        currency=currency(source),
        stripe_payment_intent_id=identifier(source, "payment_intent"),
        stripe_invoice_id=identifier(source, "invoice"),
        stripe_payment_method_id=identifier(source, "payment_method") or identifier(source, "source"),
        codes=_charge_codes(source, card or mapping(source, "source")),
        message=text(source, "failure_message"),
        attempt_id=our_attempt_id(source),
        named_invoice_id=named_invoice_id(source),
    )


def read_intent(source: Json) -> Intent:
    """The PaymentIntent in `source`. Raises `UnreadableShape`."""
    status = text(source, "status") or "unknown"
    shown = (mapping(source, "latest_charge"), *members(source, "charges"))
    charges = tuple(read_charge(charge) for charge in shown if charge.get("id"))
    error = mapping(source, "last_payment_error")
    read_error = read_payment_error(error) if error else None
    named = (identifier(source, "latest_charge"), *(charge.id for charge in charges))
    of_error = read_error.stripe_charge_id if read_error else None
    return Intent(
        id=required_id(source),
        status=_STATUS_TODAY.get(status, status),
        amount_minor=amount(source, "amount"),
        amount_received_minor=amount(source, "amount_received"),
        currency=currency(source),
        stripe_payment_method_id=identifier(source, "payment_method") or identifier(source, "source"),
        stripe_invoice_id=identifier(source, "invoice"),
        stripe_charge_ids=tuple(dict.fromkeys(charge_id for charge_id in (*named, of_error) if charge_id)),
        charges=charges,
        error=read_error,
        attempt_id=our_attempt_id(source),
        named_invoice_id=named_invoice_id(source),
    )


def read_payment_error(source: Json) -> PaymentError:
    """What an error object of the API, or `last_payment_error`, says about a payment."""
    method = mapping(source, "payment_method") or mapping(source, "source")
    return PaymentError(
        stripe_charge_id=identifier(source, "charge"),
        stripe_payment_method_id=identifier(source, "payment_method") or identifier(source, "source"),
        codes=DeclineCodes(
            code=text(source, "code"),
            decline_code=text(source, "decline_code"),
            advice_code=text(source, "advice_code"),
            network_decline_code=text(source, "network_decline_code"),
            network_advice_code=text(source, "network_advice_code"),
            brand=_brand(mapping(method, "card") or method),
        ),
        message=text(source, "message"),
    )


def our_attempt_id(source: Json) -> str | None:
    """`metadata.attempt_id` where it is one of ours; a host application may use the same key for something else."""
    attempt_id = text(mapping(source, "metadata"), "attempt_id")
    return attempt_id if attempt_id and _OUR_ATTEMPT.fullmatch(attempt_id) else None


def named_invoice_id(source: Json) -> str | None:
    """`metadata.invoice_id`."""
    return text(mapping(source, "metadata"), "invoice_id")


def our_invoice_id(source: Json) -> str | None:
    """`metadata.invoice_id` where it looks like ours: on objects whose metadata are mostly the host application's."""
    named = named_invoice_id(source)
    return named if named and _OUR_INVOICE.fullmatch(named) else None


def _charge_status(source: Json) -> str | None:
    status, is_paid, is_captured = source.get("status"), source.get("paid"), source.get("captured")
    if status in (None, "succeeded", "paid") and is_paid is True:
        return "uncaptured" if is_captured is False else "succeeded"
    if status in (None, "failed") and is_paid is not True:
        return "failed"
    return "pending" if status == "pending" else None


def _charge_codes(source: Json, card: Json) -> DeclineCodes:
    outcome = mapping(source, "outcome")
    is_decline = bool(source.get("failure_code")) or outcome.get("type") in ("issuer_declined", "blocked")
    return DeclineCodes(
        code=text(source, "failure_code"),
        decline_code=text(outcome, "reason") if is_decline else None,
        advice_code=text(outcome, "advice_code"),
        network_decline_code=text(outcome, "network_decline_code"),
        network_advice_code=text(outcome, "network_advice_code"),
        brand=_brand(card),
    )


def _brand(card: Json) -> str | None:
    brand: Any = text(card, "brand")
    return _BRAND_TODAY.get(brand.lower(), brand.lower()) if brand else None
