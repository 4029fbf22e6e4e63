"""What a firm's staff is told of although nothing single went wrong: rates, repetitions, and what piles up.

Design: issue 4, point 3. Each rule is a pure function of figures and of what was told before.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.model.audit import MetadataValue, Note, Severity
from domain.model.invoices import Invoice, InvoiceState
from domain.model.money import Money, in_words
from domain.model.retries import covering_payments

RATE_WINDOW = timedelta(days=7)
RATE_ATTEMPTS_MIN = 20
"""Below this many attempts a rate says nothing."""
RATE_PERCENT = 10
RATE_CLEARED_PERCENT = 8
"""Told again only once it had fallen to this: a rate that wavers around the mark is one story."""
FAILURES_IN_A_ROW = 3
UNMATCHED_AFTER = timedelta(minutes=15)
"""An event may come before its invoice is known; most are matched within seconds."""


@dataclass(frozen=True)
class Payments:
    """How many payments of a firm failed and succeeded in the window."""

    failed: int = 0
    succeeded: int = 0

    @property
    def total(self) -> int:
        """All that came to an end."""
        return self.failed + self.succeeded


@dataclass(frozen=True)
class Unmatched:
    """Stored events of a firm that found no invoice in time; `newest_at` is when the newest was received."""

    count: int
    newest_at: datetime


@dataclass(frozen=True)
class Watch:
    """What the rules remember of a firm: since when its failure rate is told as high, and up to which unmatched event
    its staff knows.
    """

    rate_high_since: datetime | None = None
    unmatched_told_until: datetime | None = None


def watch_rate(watch: Watch, firm_id: str, payments: Payments, now: datetime) -> tuple[Watch, Note | None]:
    """A rate that crossed the mark is told once, and again only after it had fallen well below."""
    if watch.rate_high_since is not None:
        is_over = payments.failed * 100 <= payments.total * RATE_CLEARED_PERCENT
        return (replace(watch, rate_high_since=None) if is_over else watch), None
    if payments.total < RATE_ATTEMPTS_MIN or payments.failed * 100 <= payments.total * RATE_PERCENT:
        return watch, None
    percent = payments.failed * 100 / payments.total
    words = (
        f"{payments.failed} of {payments.total} payments of the last {RATE_WINDOW.days} days failed ({percent:.1f} %, "
        f"more than {RATE_PERCENT} %). Look at what their failure codes have in common: a fault of the integration, "
        "an attack with stolen cards, or one bank."
    )
    key = f"failure_rate_high:{firm_id}:{int(now.timestamp())}"
    metadata = {"failed": payments.failed, "total": payments.total}
    note = Note("failure_rate_high", Severity.WARNING, words, "firm", firm_id, metadata, key)
    return replace(watch, rate_high_since=now), note


def watch_unmatched(watch: Watch, firm_id: str, waiting: Unmatched) -> tuple[Watch, Note | None]:
    """All events that wait too long are one alert; it is repeated when another one joins them."""
    told_until = watch.unmatched_told_until
    if waiting.count == 0 or (told_until is not None and waiting.newest_at <= told_until):
        return watch, None
    events = "1 event" if waiting.count == 1 else f"{waiting.count} events"
    minutes = int(UNMATCHED_AFTER.total_seconds() // 60)
    words = (
        f"{events} from Stripe found no invoice for more than {minutes} minutes. If they are about an invoice of "
        "yours, give it the PaymentIntent's or Stripe invoice's id, or set metadata.invoice_id, then run `dunlin "
        "events replay --unmatched`."
    )
    key = f"events_unmatched:{firm_id}:{int(waiting.newest_at.timestamp() * 1_000_000)}"
    note = Note("events_unmatched", Severity.WARNING, words, "events", firm_id, {"count": waiting.count}, key)
    return replace(watch, unmatched_told_until=waiting.newest_at), note


def repeated_failures(invoice: Invoice, before: InvoiceState, after: InvoiceState) -> tuple[Note, ...]:
    """The third failure in a row of one course, told once for each course: by how often the debt was covered before."""
    count = len(after.course.failures)
    if count < FAILURES_IN_A_ROW or len(before.course.failures) >= FAILURES_IN_A_ROW:
        return ()
    last, debt = after.course.failures[-1], Money(invoice.amount_due, invoice.currency)
    words = (
        f"{count} payments of invoice {invoice.number} over {in_words(debt)} failed in a row, the last one because: "
        f"{last.failure_reason or 'no reason was told'} Ask the customer for another card."
    )
    courses_before = len(covering_payments(after.attempts, debt))
    key = f"failing_repeatedly:{invoice.id}:{courses_before}"
    metadata: dict[str, MetadataValue] = {"invoice_id": invoice.id, "failures": count}
    return (Note("failing_repeatedly", Severity.WARNING, words, "invoice", invoice.id, metadata, key),)
