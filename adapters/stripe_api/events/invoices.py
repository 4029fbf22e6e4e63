"""Events about Stripe's own invoices and their payments.

Until 2025-03-31 (basil) an invoice names its PaymentIntent and charge and says `paid` and `paid_out_of_band`; since
then its payments are objects of their own (`invoice_payment`), which an invoice holds in `payments` where it shows
them. Before 2018 it had neither PaymentIntent, `status` nor `amount_paid`.
"""

from dataclasses import dataclass

from adapters.stripe_api.events.reading import Subject, understood
from adapters.stripe_api.facts import Telling
from adapters.stripe_api.json_values import (
    Json,
    amount,
    currency,
    identifier,
    mapping,
    members,
    required_id,
)
from adapters.stripe_api.shapes import our_invoice_id
from domain.model.inbox import Interpretation
from domain.model.payment_facts import FactKind, PaymentFact, Source


@dataclass(frozen=True)
class _Payment:
    """One payment of a Stripe invoice; `is_paid` when money came by it."""

    stripe_payment_intent_id: str | None
    stripe_charge_id: str | None
    amount_minor: int | None
    is_paid: bool

    @property
    def is_named(self) -> bool:
        return bool(self.stripe_payment_intent_id or self.stripe_charge_id)


@dataclass(frozen=True)
class _Invoice:
    id: str
    is_paid: bool
    is_out_of_band: bool
    amount_due_minor: int | None
    amount_paid_minor: int
    currency: str | None
    payments: tuple[_Payment, ...]


def read_invoice_paid(subject: Subject) -> Interpretation:
    """invoice.paid and invoice.payment_succeeded. Raises `UnreadableShape`."""
    invoice = _read_invoice(subject.object)
    if not invoice.is_paid:
        return _about(subject, invoice, note=f"{subject.type} tells nothing: its invoice is not paid.")
    if invoice.amount_paid_minor == 0:
        return _about(subject, invoice, note=f"{subject.type} tells nothing: nothing was to be paid.")
    return _about(subject, invoice, facts=_payments_of(invoice, subject.telling(Source.INVOICE)))


def read_invoice_failure(subject: Subject) -> Interpretation:
    """invoice.payment_failed: a failure where it names the charge that failed, and else a note alone, because a
    decline without a charge could not be told from the one that other events tell. Raises `UnreadableShape`.
    """
    invoice = _read_invoice(subject.object)
    failed = next((payment for payment in invoice.payments if payment.stripe_charge_id and not payment.is_paid), None)
    if invoice.is_paid or failed is None:
        reason = "its invoice is paid" if invoice.is_paid else "it names no charge"
        return _about(subject, invoice, note=f"{subject.type} is logged only: {reason}.")
    telling = subject.telling(Source.INVOICE)
    return _about(subject, invoice, facts=(_fact(FactKind.FAILED, invoice, failed, invoice.amount_due_minor, telling),))


def read_invoice_payment(subject: Subject) -> Interpretation:
    """invoice_payment.paid: links a Stripe invoice and the PaymentIntent or charge that paid it.

    Raises `UnreadableShape`.
    """
    payment = _read_payment(subject.object)
    invoice = _Invoice(
        id=identifier(subject.object, "invoice") or "",
        is_paid=payment.is_paid,
        is_out_of_band=False,
        amount_due_minor=None,
        amount_paid_minor=payment.amount_minor or 0,
        currency=currency(subject.object),
        payments=(payment,),
    )
    if not payment.is_paid or not payment.is_named or not payment.amount_minor:
        return _about(subject, invoice, note=f"{subject.type} tells nothing: no payment through Stripe is named.")
    telling = subject.telling(Source.INVOICE)
    fact = _fact(FactKind.SUCCEEDED, invoice, payment, payment.amount_minor, telling)
    return _about(subject, invoice, facts=(fact,))


def _payments_of(invoice: _Invoice, telling: Telling) -> tuple[PaymentFact, ...]:
    """A success for each payment that is named, and for what they leave open that the invoice is paid.

    An invoice marked as paid out of band still names the PaymentIntent that did not collect it, so it is not one.
    """
    paid = [] if invoice.is_out_of_band else [payment for payment in invoice.payments if payment.is_paid]
    named = [
        _fact(FactKind.SUCCEEDED, invoice, payment, payment.amount_minor, telling)
        for payment in paid
        if payment.is_named and payment.amount_minor
    ]
    if sum(fact.amount_minor or 0 for fact in named) >= invoice.amount_paid_minor:
        return tuple(named)
    nobody = _Payment(None, None, None, is_paid=True)
    return (*named, _fact(FactKind.INVOICE_PAID, invoice, nobody, invoice.amount_paid_minor, telling))


def _fact(
    kind: FactKind, invoice: _Invoice, payment: _Payment, amount_minor: int | None, telling: Telling
) -> PaymentFact:
    return PaymentFact(
        kind=kind,
        source=telling.source,
        told_at=telling.told_at,
        heard_at=telling.heard_at,
        event_id=telling.event_id,
        stripe_payment_intent_id=payment.stripe_payment_intent_id,
        stripe_charge_id=payment.stripe_charge_id,
        stripe_invoice_id=invoice.id or None,
        amount_minor=amount_minor,
        currency=invoice.currency,
        is_out_of_band=invoice.is_out_of_band,
    )


def _about(
    subject: Subject, invoice: _Invoice, *, facts: tuple[PaymentFact, ...] = (), note: str | None = None
) -> Interpretation:
    intents = [payment.stripe_payment_intent_id for payment in invoice.payments]
    charges = [payment.stripe_charge_id for payment in invoice.payments]
    return understood(
        (*intents, *charges, invoice.id),
        named_invoice_id=our_invoice_id(subject.object),
        facts=facts,
        note=note,
    )


def _read_invoice(source: Json) -> _Invoice:
    status = source.get("status")
    paid_minor = amount(source, "amount_paid")
    due_minor = amount(source, "amount_due")
    is_paid = status == "paid" if isinstance(status, str) else source.get("paid") is True
    amount_paid_minor = (paid_minor if paid_minor is not None else due_minor) or 0
    return _Invoice(
        id=required_id(source),
        is_paid=is_paid,
        is_out_of_band=source.get("paid_out_of_band") is True,
        amount_due_minor=due_minor,
        amount_paid_minor=amount_paid_minor,
        currency=currency(source),
        payments=_payments(source, is_paid=is_paid, amount_paid_minor=amount_paid_minor),
    )


def _payments(source: Json, *, is_paid: bool, amount_paid_minor: int) -> tuple[_Payment, ...]:
    listed = tuple(_read_payment(payment) for payment in members(source, "payments"))
    own = _Payment(
        identifier(source, "payment_intent"), identifier(source, "charge"), amount_paid_minor or None, is_paid=is_paid
    )
    return listed or ((own,) if own.is_named else ())


def _read_payment(source: Json) -> _Payment:
    payment = mapping(source, "payment")
    return _Payment(
        stripe_payment_intent_id=identifier(payment, "payment_intent"),
        stripe_charge_id=identifier(payment, "charge"),
        amount_minor=amount(source, "amount_paid"),
        is_paid=source.get("status") == "paid",
    )
