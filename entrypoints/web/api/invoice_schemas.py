"""Invoices as they come in and go out."""

from domain.model.declines import FailureCode
from domain.model.invoices import InvoiceStatus
from domain.model.money import AMOUNT_MAX_MINOR
from entrypoints.web.api import shown
from entrypoints.web.api.fields import Accepted, Choice, Day, Flag, Moment, Text, WholeNumber, supported_currency
from entrypoints.web.api.lists import ListQuery, page_of
from entrypoints.web.api.shown import Shown
from entrypoints.web.api.stripe_ids import StripeId

_ID_LENGTH = 64
_MINOR = "in the currency's minor units as Stripe counts them"


class HoldSchema(Accepted):
    """Until when to hold collection."""

    until = Moment(
        metadata={
            "description": "When it goes on by itself; until resumed when missing.",
            "example": "2026-12-01T08:00:00Z",
        }
    )


class PauseSchema(HoldSchema):
    """Until when to hold collection of an invoice, and whether its customer promised to pay."""

    promised = Flag(load_default=False, metadata={"description": "The customer promised to pay until then."})


class NewInvoiceSchema(Accepted):
    """An invoice that is to be made."""

    client_id = Text(
        longest=_ID_LENGTH,
        required=True,
        metadata={"description": "Who owes it.", "example": "cli_7Jq2mX9LzK4tVw8RbYpD3n"},
    )
    currency = Text(
        longest=8,
        required=True,
        validate=[supported_currency],
        metadata={"description": "Lower-case ISO code that Stripe charges in.", "example": "eur"},
    )
    amount_due = WholeNumber(
        least=1,
        most=AMOUNT_MAX_MINOR,
        required=True,
        metadata={
            "description": f"What is owed, {_MINOR}. In currencies with three decimals the last digit is 0.",
            "example": 12900,
        },
    )
    number = Text(
        longest=64,
        allow_none=True,
        metadata={"description": "Unique in the firm; made when missing.", "example": "2026-000417"},
    )
    due_on = Day(allow_none=True, metadata={"description": "When it is due.", "example": "2026-12-31"})
    autopay = Flag(
        load_default=False,
        metadata={"description": "Whether Dunlin charges the client's card by itself once the invoice is sent."},
    )
    description = Text(
        longest=500, allow_none=True, metadata={"description": "Shown on the payment.", "example": "Hosting, December"}
    )
    stripe_payment_intent_id = StripeId("pi_", "A PaymentIntent that collects this invoice already.")
    stripe_invoice_id = StripeId("in_", "Stripe Billing's invoice that this one stands for.")


class InvoiceQuery(ListQuery):
    """Which invoices to list."""

    status = Choice([status.value for status in InvoiceStatus], metadata={"description": "Only in this status."})
    client_id = Text(longest=_ID_LENGTH, metadata={"description": "Only of this client."})
    q = Text(
        longest=200,
        metadata={"description": "Only with this in number or description, whatever the case."},
    )


class InvoiceSchema(Shown):
    """An invoice. Its status, amounts and dates of payment follow from what happened."""

    id = shown.text("Ours.", "inv_3Kd8vT5bNq1XyZ7WcRmF2h", attribute="invoice.id")
    firm_id = shown.text("Whose invoice it is.", "frm_5Hs8dF2kLq9ZxW3mTyVbN6", attribute="invoice.firm_id")
    client_id = shown.text("Who owes it.", "cli_7Jq2mX9LzK4tVw8RbYpD3n", attribute="invoice.client_id")
    number = shown.text("Unique in the firm.", "2026-000417", attribute="invoice.number")
    status = shown.choice("Where it stands.", list(InvoiceStatus), attribute="figures.status")
    currency = shown.text("Lower-case ISO code.", "eur", attribute="invoice.currency")
    amount_due = shown.number(f"What is owed, {_MINOR}.", 12900, attribute="invoice.amount_due")
    amount_paid = shown.number(f"What came in, {_MINOR}.", 0, attribute="figures.amount_paid")
    amount_refunded = shown.number(f"What was refunded, {_MINOR}.", 0, attribute="figures.amount_refunded")
    amount_disputed = shown.number(f"What is disputed or lost, {_MINOR}.", 0, attribute="figures.amount_disputed")
    autopay = shown.flag("Whether Dunlin charges by itself.", attribute="invoice.autopay")
    due_on = shown.day("When it is due.", nullable=True, attribute="invoice.due_on")
    description = shown.text("Shown on the payment.", "Hosting", nullable=True, attribute="invoice.description")
    payment_failed_at = shown.instant("The newest failure.", nullable=True, attribute="figures.payment_failed_at")
    payment_failure_reason = shown.text(
        "The newest failure in words.",
        "The card has insufficient funds.",
        nullable=True,
        attribute="figures.payment_failure_reason",
    )
    payment_failure_code = shown.choice(
        "The newest failure.", list(FailureCode), nullable=True, attribute="figures.payment_failure_code"
    )
    payment_decline_code = shown.text(
        "Stripe's own code.", "insufficient_funds", nullable=True, attribute="figures.payment_decline_code"
    )
    payment_retry_count = shown.number(
        "Counting failures since the last success.", 1, attribute="figures.payment_retry_count"
    )
    last_payment_retry_at = shown.instant("The newest retry.", nullable=True, attribute="figures.last_payment_retry_at")
    next_payment_retry_at = shown.instant("The next one.", nullable=True, attribute="figures.next_payment_retry_at")
    paid_at = shown.instant("When it was paid in full.", nullable=True, attribute="figures.paid_at")
    paused_at = shown.instant("Since when collection is held.", nullable=True, attribute="invoice.paused_at")
    paused_until = shown.instant(
        "When it goes on by itself; null when somebody has to resume it.",
        nullable=True,
        attribute="invoice.paused_until",
    )
    paused_reason = shown.text(
        "Why it is held.", "the customer promised to pay", nullable=True, attribute="invoice.paused_reason"
    )
    stripe_payment_intent_id = shown.text(
        "The newest PaymentIntent.",
        "pi_3PgafmB7WZ01zgkW",
        nullable=True,
        attribute="figures.stripe_payment_intent_id",
    )
    stripe_invoice_id = shown.text(
        "Stripe Billing's invoice.", "in_1PgafmB7WZ01zgkW", nullable=True, attribute="invoice.stripe_invoice_id"
    )
    created_at = shown.instant("When it was made.", attribute="invoice.created_at")
    updated_at = shown.instant("When anything about it last changed.")


InvoicePageSchema = page_of(InvoiceSchema, "InvoicePage")
