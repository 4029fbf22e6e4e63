"""Rows of invoices with their derived figures."""

from datetime import datetime
from typing import Any

from adapters.postgres.line import Row
from adapters.postgres.rows.values import known_moment, moment, or_none
from domain.model.declines import FailureCode
from domain.model.exposure import Reversals
from domain.model.invoices import Invoice, InvoiceFacts, InvoiceFigures, InvoiceStatus
from ports.repositories import InvoiceRow

KEYS = ("firm_id", "id")


def stored_invoice(facts: InvoiceFacts, figures: InvoiceFigures, version: int, updated_at: datetime) -> dict[str, Any]:
    """An invoice and its figures as a row."""
    invoice = facts.invoice
    return {
        "firm_id": invoice.firm_id,
        "id": invoice.id,
        "client_id": invoice.client_id,
        "number": invoice.number,
        "currency": invoice.currency,
        "amount_due": invoice.amount_due,
        "autopay": invoice.autopay,
        "due_on": invoice.due_on,
        "description": invoice.description,
        "given_payment_intent_id": invoice.given_payment_intent_id,
        "stripe_invoice_id": invoice.stripe_invoice_id,
        "sent_at": invoice.sent_at,
        "voided_at": invoice.voided_at,
        "paused_at": invoice.paused_at,
        "paused_until": invoice.paused_until,
        "paused_reason": invoice.paused_reason,
        "released_slot_key": invoice.released_slot_key,
        "link_serial": invoice.link_serial,
        "created_at": invoice.created_at,
        "status": figures.status,
        "amount_paid": figures.amount_paid,
        "amount_refunded": figures.amount_refunded,
        "amount_disputed": figures.amount_disputed,
        "payment_failed_at": figures.payment_failed_at,
        "payment_failure_reason": figures.payment_failure_reason,
        "payment_failure_code": figures.payment_failure_code,
        "payment_decline_code": figures.payment_decline_code,
        "payment_retry_count": figures.payment_retry_count,
        "last_payment_retry_at": figures.last_payment_retry_at,
        "next_payment_retry_at": figures.next_payment_retry_at,
        "paid_at": figures.paid_at,
        "stripe_payment_intent_id": figures.stripe_payment_intent_id,
        "has_reversals": facts.reversals != Reversals(),
        "version": version,
        "updated_at": updated_at,
    }


def invoice_of(row: Row) -> Invoice:
    """What was decided about the invoice."""
    return Invoice(
        id=row["id"],
        firm_id=row["firm_id"],
        client_id=row["client_id"],
        number=row["number"],
        currency=row["currency"],
        amount_due=row["amount_due"],
        autopay=row["autopay"],
        created_at=known_moment(row["created_at"]),
        due_on=row["due_on"],
        description=row["description"],
        given_payment_intent_id=row["given_payment_intent_id"],
        stripe_invoice_id=row["stripe_invoice_id"],
        sent_at=moment(row["sent_at"]),
        voided_at=moment(row["voided_at"]),
        paused_at=moment(row["paused_at"]),
        paused_until=moment(row["paused_until"]),
        paused_reason=row["paused_reason"],
        released_slot_key=row["released_slot_key"],
        link_serial=row["link_serial"],
    )


def figures_of(row: Row) -> InvoiceFigures:
    """What was derived for it."""
    return InvoiceFigures(
        status=InvoiceStatus(row["status"]),
        amount_paid=row["amount_paid"],
        amount_refunded=row["amount_refunded"],
        amount_disputed=row["amount_disputed"],
        payment_failed_at=moment(row["payment_failed_at"]),
        payment_failure_reason=row["payment_failure_reason"],
        payment_failure_code=or_none(FailureCode, row["payment_failure_code"]),
        payment_decline_code=row["payment_decline_code"],
        payment_retry_count=row["payment_retry_count"],
        last_payment_retry_at=moment(row["last_payment_retry_at"]),
        next_payment_retry_at=moment(row["next_payment_retry_at"]),
        paid_at=moment(row["paid_at"]),
        stripe_payment_intent_id=row["stripe_payment_intent_id"],
    )


def invoice_row_of(row: Row) -> InvoiceRow:
    """Both, for reading."""
    return InvoiceRow(invoice_of(row), figures_of(row), known_moment(row["updated_at"]))
