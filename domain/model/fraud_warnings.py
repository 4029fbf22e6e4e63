"""Early fraud warnings: a card network says that a payment was reported as fraud, usually before there is a dispute."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.model.audit import MetadataValue, Note, Severity
from domain.model.invoices import Invoice
from domain.model.money import Money, in_words
from domain.model.payment_facts import PaymentFact


@dataclass(frozen=True)
class FraudWarning:
    """A new warning as Stripe tells it. `is_actionable` until the charge is disputed or fully refunded; None: not told.

    Source: docs.stripe.com/disputes/how-disputes-work and Stripe's API description, read 2026-11.
    """

    stripe_id: str
    stripe_charge_id: str | None
    fraud_type: str
    is_actionable: bool | None = None


def warned(warning: FraudWarning, invoice: Invoice, payments: Iterable[PaymentFact]) -> Note:
    """What the firm's staff is told, once for each warning."""
    money = _amount(warning, payments)
    over = f" over {in_words(money)}" if money is not None else ""
    words = (
        f"The card network reported charge {warning.stripe_charge_id or '(not told)'}{over} of invoice "
        f"{invoice.number} as fraud ({warning.fraud_type}). {_advice(warning)}"
    )
    metadata: dict[str, MetadataValue] = {
        "invoice_id": invoice.id,
        "stripe_early_fraud_warning_id": warning.stripe_id,
        "stripe_charge_id": warning.stripe_charge_id,
        "fraud_type": warning.fraud_type,
        "actionable": warning.is_actionable,
        "amount": money.amount_minor if money else None,
        "currency": money.currency if money else None,
    }
    key = f"early_fraud_warning:{warning.stripe_id}"
    return Note("early_fraud_warning", Severity.WARNING, words, "invoice", invoice.id, metadata, key)


def _advice(warning: FraudWarning) -> str:
    if warning.is_actionable is False:
        return "Nothing is left to do: the charge is disputed or fully refunded."
    # About 80 % are disputed where nothing is done. Source: docs.stripe.com/disputes/how-disputes-work.
    return "Most of these become disputes. A full refund may still prevent that, and saves the dispute's fee."


def _amount(warning: FraudWarning, payments: Iterable[PaymentFact]) -> Money | None:
    for fact in payments:
        is_it = fact.stripe_charge_id is not None and fact.stripe_charge_id == warning.stripe_charge_id
        if is_it and fact.amount_minor is not None and fact.currency is not None:
            return Money(fact.amount_minor, fact.currency)
    return None
