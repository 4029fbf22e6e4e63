"""What Stripe's books show that ours do not: the difference that a snapshot of Stripe's would make."""

from domain.model.derivation import derive
from domain.model.disputes import Dispute
from domain.model.invoices import InvoiceFacts
from domain.model.ledger import entries
from domain.model.money import Money, in_words
from domain.model.policies import Terms
from domain.model.refunds import Refund


def drift(before: InvoiceFacts, after: InvoiceFacts, terms: Terms) -> tuple[str, ...]:
    """Sentences on what changes when the facts go from `before` to `after`; empty when nothing that matters does."""
    return (
        *_figures(before, after, terms),
        *_refunds(before, after),
        *_disputes(before, after),
        *_ledger(before, after, terms),
    )


def _figures(before: InvoiceFacts, after: InvoiceFacts, terms: Terms) -> tuple[str, ...]:
    was, now = derive(before, terms).figures, derive(after, terms).figures
    currency = after.invoice.currency
    words = []
    if was.status is not now.status:
        words.append(f"is {was.status} here and {now.status} by Stripe's books")
    for name in ("amount_paid", "amount_refunded", "amount_disputed"):
        ours, theirs = getattr(was, name), getattr(now, name)
        if ours != theirs:
            words.append(f"{name} is {_words(ours, currency)} here and {_words(theirs, currency)} by Stripe's books")
    if was.payment_retry_count != now.payment_retry_count:
        words.append(f"has {was.payment_retry_count} failures here and {now.payment_retry_count} by Stripe's books")
    return tuple(words)


def _refunds(before: InvoiceFacts, after: InvoiceFacts) -> tuple[str, ...]:
    known = {refund.stripe_refund_id: refund for refund in before.reversals.refunds}
    changed = [r for r in after.reversals.refunds if _refund_shown(known.get(r.stripe_refund_id)) != _refund_shown(r)]
    return tuple(
        f"refund {refund.stripe_refund_id} is {_status(known.get(refund.stripe_refund_id))} here "
        f"and {refund.status} at Stripe"
        for refund in changed
    )


def _refund_shown(refund: Refund | None) -> object:
    return None if refund is None else (refund.status, refund.money)


def _disputes(before: InvoiceFacts, after: InvoiceFacts) -> tuple[str, ...]:
    known = {dispute.id: dispute for dispute in before.disputes}
    return tuple(
        words for dispute in after.disputes if (words := dispute_drift(known.get(dispute.id), dispute)) is not None
    )


def dispute_drift(before: Dispute | None, after: Dispute) -> str | None:
    """The same for one dispute; None when nothing that matters changes."""
    if before is not None and _dispute_shown(before) == _dispute_shown(after):
        return None
    ours = "unknown" if before is None else before.stripe_status
    return f"dispute {after.stripe_dispute_id} is {ours} here and {after.stripe_status} at Stripe"


def _dispute_shown(dispute: Dispute) -> object:
    submissions = dispute.newest.submissions or 0
    return dispute.stripe_status, dispute.money, dispute.respond_by, submissions, dispute.movements


def _ledger(before: InvoiceFacts, after: InvoiceFacts, terms: Terms) -> tuple[str, ...]:
    def booked(facts: InvoiceFacts) -> set[tuple[str, str]]:
        attempts = derive(facts, terms).attempts
        return {entry.key for entry in entries(attempts, facts.reversals.refunds, facts.disputes)}

    missing = sorted(booked(after) - booked(before))
    return tuple(f"the ledger lacks the {kind} {stripe_id}" for stripe_id, kind in missing)


def _status(refund: Refund | None) -> str:
    return "unknown" if refund is None else refund.status.value


def _words(amount_minor: int, currency: str) -> str:
    return in_words(Money(amount_minor, currency))
