"""What happened to an invoice and what happens next, as it goes out."""

from dataclasses import dataclass

from domain.model.attempts import Attempt, AttemptStatus, Trigger
from domain.model.declines import FailureCode
from entrypoints.web.api import shown
from entrypoints.web.api.lists import page_of
from entrypoints.web.api.shown import Shown


@dataclass(frozen=True)
class AttemptShown:
    """An attempt with the invoice that it is about."""

    invoice_id: str
    attempt: Attempt


class AttemptSchema(Shown):
    """One try to collect an invoice, ours or one that we heard of."""

    id = shown.text("Ours.", "att_9Wq4tYx2LmK8vBn5RzCd7f", attribute="attempt.id")
    invoice_id = shown.text("The invoice.", "inv_3Kd8vT5bNq1XyZ7WcRmF2h")
    number = shown.number("Its place in order of time, from 1.", 1, attribute="attempt.number")
    trigger = shown.choice("Why it was made; `external`: not by Dunlin.", list(Trigger), attribute="attempt.trigger")
    status = shown.choice("Where it stands.", list(AttemptStatus), attribute="attempt.status")
    amount = shown.number("In minor units of the currency.", 12900, attribute="attempt.amount_minor")
    currency = shown.text("Lower-case ISO code.", "eur", attribute="attempt.currency")
    failure_code = shown.choice("Why it failed.", list(FailureCode), nullable=True, attribute="attempt.failure_code")
    decline_code = shown.text(
        "Stripe's own.", "insufficient_funds", nullable=True, attribute="attempt.codes.decline_code"
    )
    advice_code = shown.text(
        "The issuer's advice.", "try_again_later", nullable=True, attribute="attempt.codes.advice_code"
    )
    network_decline_code = shown.text(
        "The network's.", "51", nullable=True, attribute="attempt.codes.network_decline_code"
    )
    failure_reason = shown.text(
        "The failure in words.", "The card has insufficient funds.", nullable=True, attribute="attempt.failure_reason"
    )
    counts = shown.flag("Whether its failure uses up a step of the failure course.", attribute="attempt.counts")
    idempotency_key = shown.text(
        "What Stripe was sent.", "att_9Wq4tYx2LmK8vBn5RzCd7f-charge", nullable=True, attribute="attempt.idempotency_key"
    )
    stripe_payment_intent_id = shown.text(
        "The PaymentIntent.", "pi_3PgafmB7WZ01zgkW", nullable=True, attribute="attempt.stripe_payment_intent_id"
    )
    stripe_charge_id = shown.text(
        "The charge.", "ch_3PgafmB7WZ01zgkW", nullable=True, attribute="attempt.stripe_charge_id"
    )
    stripe_payment_method_id = shown.text(
        "The card.", "pm_1PgafmB7WZ01zgkW", nullable=True, attribute="attempt.stripe_payment_method_id"
    )
    scheduled_for = shown.instant("When it was due.", nullable=True, attribute="attempt.scheduled_for")
    started_at = shown.instant("When it began.", nullable=True, attribute="attempt.started_at")
    finished_at = shown.instant("When its outcome was known.", nullable=True, attribute="attempt.finished_at")


class TimelineEntrySchema(Shown):
    """One thing that happened."""

    at = shown.instant("When.", attribute="created_at")
    kind = shown.text("What.", "payment_failed", attribute="action")
    summary = shown.text("In words.", "The payment of 129.00 EUR failed: The card has insufficient funds.")
    actor = shown.text("Who: `stripe`, `dunlin`, or an API key.", "stripe")
    data = shown.facts("What belongs to it.", {"attempt_id": "att_9Wq4tYx2LmK8vBn5RzCd7f"}, attribute="metadata")


class PlanSchema(Shown):
    """What happens next, when, on which card, and why."""

    next = shown.text("The kind of the next step; null when nothing is to come.", "retry", nullable=True)
    at = shown.instant("When; null while it is held.", nullable=True)
    stripe_payment_method_id = shown.text("The card that would be charged.", "pm_1PgafmB7WZ01zgkW", nullable=True)
    reasons = shown.texts("Why, in words.", ["The customer's card pm_1PgafmB7WZ01zgkW is next."])
    blocked_by = shown.text("What has to be done first.", "The invoice is paid.", nullable=True)


AttemptPageSchema = page_of(AttemptSchema, "AttemptPage")
TimelinePageSchema = page_of(TimelineEntrySchema, "TimelinePage")
