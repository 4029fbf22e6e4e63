"""Refunds as they come in and go out."""

from marshmallow import fields

from domain.model.money import AMOUNT_MAX_MINOR
from domain.model.refunds import RefundReason, RefundStatus, RequestStatus
from domain.services.refund_desk import REQUESTED
from entrypoints.web.api import shown
from entrypoints.web.api.fields import Accepted, Choice, Text, WholeNumber
from entrypoints.web.api.lists import page_of
from entrypoints.web.api.shown import Shown

_STATUSES = [REQUESTED, *RefundStatus, RequestStatus.REFUSED]
_MINOR = "in minor units of the currency"


class NewRefundSchema(Accepted):
    """What is to be given back."""

    amount = WholeNumber(
        least=1,
        most=AMOUNT_MAX_MINOR,
        allow_none=True,
        metadata={"description": f"How much, {_MINOR}; without it, all that is left of the charge.", "example": 2000},
    )
    stripe_charge_id = Text(
        longest=255,
        allow_none=True,
        metadata={
            "description": "The charge (or its PaymentIntent). Needed only where the invoice has several payments.",
            "example": "ch_3PgafmB7WZ01zgkW",
        },
    )
    reason = Choice(
        [reason.value for reason in RefundReason],
        allow_none=True,
        metadata={
            "description": "What Stripe is told. `fraudulent` also blocks the card and the mail address there.",
            "example": "requested_by_customer",
        },
    )


class RefundSchema(Shown):
    """Money given back, by us or elsewhere."""

    id = shown.text("Ours where Dunlin asked for it, else Stripe's.", "ref_4Nf8sTq2WxYz6BvCmKjH9p")
    invoice_id = shown.text("The invoice.", "inv_3Kd8vT5bNq1XyZ7WcRmF2h")
    stripe_refund_id = shown.text("Stripe's id, once it is known.", "re_3PgafmB7WZ01zgkW", nullable=True)
    stripe_charge_id = shown.text("The charge.", "ch_3PgafmB7WZ01zgkW", nullable=True)
    amount = shown.number(f"How much, {_MINOR}.", 2000, attribute="money.amount_minor")
    currency = shown.text("Lower-case ISO code.", "eur", attribute="money.currency")
    status = shown.choice(
        "Stripe's; `requested` until that is known, `refused` where nothing came of our request.", _STATUSES
    )
    reason = shown.text("Stripe's.", "requested_by_customer", nullable=True)
    failure_reason = shown.text("Why it failed or was refused.", "expired_or_canceled_card", nullable=True)
    requested_by = shown.text("Who asked Dunlin for it; null elsewhere.", "api_key:3f9a81c27d40", nullable=True)
    created_at = shown.instant("When it was asked for, or made.")


class ChargeSchema(Shown):
    """A payment of the invoice, and what stands against it; amounts in minor units of its currency."""

    stripe_charge_id = shown.text(
        "The charge.", "ch_3PgafmB7WZ01zgkW", nullable=True, attribute="exposure.payment.stripe_charge_id"
    )
    stripe_payment_intent_id = shown.text(
        "The PaymentIntent.",
        "pi_3PgafmB7WZ01zgkW",
        nullable=True,
        attribute="exposure.payment.stripe_payment_intent_id",
    )
    currency = shown.text("Lower-case ISO code.", "eur", attribute="exposure.payment.currency")
    amount = shown.number("What came in.", 12900, attribute="exposure.payment.amount_minor")
    refunded = shown.number("What was given back.", 2000, attribute="exposure.refunded_minor")
    on_its_way = shown.number("What is being given back.", 0, attribute="exposure.on_its_way_minor")
    disputed = shown.number("What chargebacks hold, open or lost.", 0, attribute="exposure.disputed_minor")
    refundable = shown.number("What may still be given back.", 10900, attribute="refundable_minor")
    refusal = shown.text(
        "Why nothing can be given back now; null when something can.", "Nothing is left to refund.", nullable=True
    )


RefundPageSchema = page_of(
    RefundSchema,
    "RefundPage",
    charges=fields.List(
        fields.Nested(ChargeSchema),
        required=True,
        metadata={"description": "The invoice's payments, and how much of each can still be refunded."},
    ),
)
