"""What each captured event about disputes, refunds, fraud warnings and reviews must mean, written down by hand from
its body. Times are epoch seconds.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.model.disputes import Deadline, DisputeTelling, Movement
from domain.model.refunds import RefundStatus, RefundTelling, RefundTotal
from tests.unit.adapters.stripe_api.captured import ZEROS

# The `created` of Stripe's sample events.
SAMPLE_2012, SAMPLE_2021, SAMPLE_2022 = 1326853478, 1619701111, 1642649111


@dataclass(frozen=True)
class Reversed:
    """`keys` are those of the facts about payments. `note` stands for the whole note."""

    stripe_ids: tuple[str, ...]
    disputes: tuple[DisputeTelling, ...] = ()
    refunds: tuple[RefundTelling, ...] = ()
    totals: tuple[RefundTotal, ...] = ()
    keys: tuple[str, ...] = ()
    note: str | None = None


def at(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)


def of_dispute(told: DisputeTelling) -> Reversed:
    ids = (told.stripe_dispute_id, told.stripe_charge_id, told.stripe_payment_intent_id)
    return Reversed(tuple(one for one in ids if one), disputes=(told,))


def of_refund(told: RefundTelling) -> Reversed:
    ids = (told.stripe_refund_id, told.stripe_charge_id, told.stripe_payment_intent_id)
    return Reversed(tuple(one for one in ids if one), refunds=(told,))


def sample_2018(status: str, opened_at: int, **terms: Any) -> Reversed:
    told = DisputeTelling(
        stripe_dispute_id="dp_00000000000000",
        stripe_status=status,
        told_at=at(SAMPLE_2012),
        amount_minor=1000,
        currency="usd",
        opened_at=at(opened_at),
        stripe_charge_id="ch_00000000000000",
        reason="general",
        deadline=Deadline(at(1519603199)),
        submissions=0,
        is_charge_refundable=False,
    )
    return of_dispute(DisputeTelling(**{**vars(told), **terms}))


def recorded_2016(status: str, opened_at: int, amount_minor: int, currency: str) -> Reversed:
    deadline = Deadline(at(1482364799))
    return sample_2018(status, opened_at, amount_minor=amount_minor, currency=currency, deadline=deadline)


# One object stands in all five events of this source.
SAMPLE_2023 = of_dispute(
    DisputeTelling(
        stripe_dispute_id="dp_1MLuxQJDPojXS6LNrukJCBBG",
        stripe_status="warning_needs_response",
        told_at=at(SAMPLE_2021),
        amount_minor=1000,
        currency="usd",
        opened_at=at(1672692608),
        stripe_charge_id="ch_1IqtGAJDPojXS6LNstgEfUji",
        stripe_payment_intent_id="pi_1IqtG9JDPojXS6LNOGnYrIqq",
        reason="general",
        deadline=Deadline(at(1674345599)),
        submissions=0,
        is_charge_refundable=True,
    )
)


def recorded_2026(status: str, told_at: int) -> Reversed:
    return of_dispute(
        DisputeTelling(
            stripe_dispute_id="du_1TbG46JEe0yY0QKr8P0G3pa3",
            stripe_status=status,
            told_at=at(told_at),
            amount_minor=2200,
            currency="usd",
            opened_at=at(1779783018),
            stripe_charge_id="ch_3TbG44JEe0yY0QKr0aPnlMSQ",
            stripe_payment_intent_id="pi_3TbG44JEe0yY0QKr0OnHpigY",
            reason="product_not_received",
            network_reason_code="13.1",
            brand="visa",
            case_type="chargeback",
            deadline=Deadline(at(1780531199)),
            submissions=0,
            is_charge_refundable=False,
            movements=(Movement("txn_1TbG47JEe0yY0QKrI4W6EK83", -2200, 1500, "usd", at(1779783019)),),
        )
    )


# Also what the event about the reinstatement shows: the withdrawal alone, under the first status.
WITHDRAWN_2018 = sample_2018(
    "needs_response",
    1516145022,
    amount_minor=25000,
    reason="fraudulent",
    deadline=Deadline(at(1517529599)),
    movements=(Movement("txn_1Bl3mMGWCopOTFn18p8iALq8", -25000, 1500, "usd", at(1516145022)),),
)
# One object stands in all three events of this source, that of a failure too.
REFUND_2023 = of_refund(
    RefundTelling(
        "re_1Nispe2eZvKYlo2Cd31jOCgZ",
        RefundStatus.SUCCEEDED,
        at(SAMPLE_2022),
        1000,
        "usd",
        at(1692942318),
        "ch_1NirD82eZvKYlo2CIvbtLWuY",
        "pi_1GszsK2eZvKYlo2CfhZyoZLp",
    )
)
WARNING = Reversed(
    ("ch_1234",), note="Early fraud warning for the charge (misc). A full refund may still prevent a dispute."
)
OPENED, CLOSED = "The payment is under review at Stripe (rule).", "Stripe's review of the payment has ended (rule)."

# Shapes of before 2014: without an id, a dispute cannot be told from another one.
NAMELESS = (
    "charge.dispute.closed/stripe-ruby-mock--charge.dispute.closed.json",
    "charge.dispute.updated/stripe-ruby-mock--charge.dispute.updated.json",
)

REVERSALS = {
    "charge.dispute.closed/stripe_model_callbacks--charge.dispute.closed.json": sample_2018("won", 1517922714),
    "charge.dispute.closed/sync-engine--charge_dispute_closed.json": SAMPLE_2023,
    "charge.dispute.closed/zulip--charge_dispute_closed.json": recorded_2016("won", 1480672052, 1001, "aud"),
    "charge.dispute.closed/zulip--charge_dispute_closed_with_pi.json": recorded_2026("lost", 1779783749),
    "charge.dispute.created/stripe-ruby-mock--charge.dispute.created.json": sample_2018(
        "warning_needs_response",
        1648319940,
        stripe_dispute_id=f"dp_{ZEROS}",
        stripe_charge_id=f"ch_{ZEROS}",
        told_at=at(1648319940),
        amount_minor=100,
        reason="fraudulent",
        deadline=Deadline(at(1649116799)),
        is_charge_refundable=True,
    ),
    "charge.dispute.created/stripe_model_callbacks--charge.dispute.created.json": sample_2018(
        "needs_response", 1517922679
    ),
    "charge.dispute.created/sync-engine--charge_dispute_created.json": SAMPLE_2023,
    "charge.dispute.created/zulip--charge_dispute_created.json": recorded_2016(
        "needs_response", 1480672043, 1000, "jpy"
    ),
    "charge.dispute.created/zulip--charge_dispute_created_with_pi.json": recorded_2026("needs_response", 1779783019),
    "charge.dispute.funds_reinstated/stripe-ruby-mock--charge.dispute.funds_reinstated.json": WITHDRAWN_2018,
    "charge.dispute.funds_reinstated/stripe_model_callbacks--charge.dispute.funds_reinstated.json": sample_2018(
        "needs_response", 1517922729
    ),
    "charge.dispute.funds_reinstated/sync-engine--charge_dispute_funds_reinstated.json": SAMPLE_2023,
    "charge.dispute.funds_withdrawn/stripe-ruby-mock--charge.dispute.funds_withdrawn.json": WITHDRAWN_2018,
    "charge.dispute.funds_withdrawn/stripe_model_callbacks--charge.dispute.funds_withdrawn.json": sample_2018(
        "needs_response", 1517922760
    ),
    "charge.dispute.funds_withdrawn/sync-engine--charge_dispute_funds_withdrawn.json": SAMPLE_2023,
    "charge.dispute.updated/stripe_model_callbacks--charge.dispute.updated.json": sample_2018(
        "under_review", 1517922776
    ),
    "charge.dispute.updated/sync-engine--charge_dispute_updated.json": SAMPLE_2023,
    "refund.created/stripe_model_callbacks--refund.created.json": of_refund(
        RefundTelling(
            "re_CGQ7INZZQPOC8U",
            RefundStatus.SUCCEEDED,
            at(SAMPLE_2012),
            100,
            "dkk",
            at(1675958030),
            "ch_3MI7uIIICJxvfdbR0gVMAA5h",
        )
    ),
    "refund.created/sync-engine--refund_created.json": REFUND_2023,
    "refund.failed/sync-engine--refund_failed.json": REFUND_2023,
    "refund.updated/sync-engine--refund_updated.json": REFUND_2023,
    "charge.refund.updated/pay-connector--charge_refund_updated.json": of_refund(
        RefundTelling(
            "re_123456",
            RefundStatus.FAILED,
            at(SAMPLE_2012),
            1000,
            "gbp",
            at(1627297208),
            "ch_123456",
            "pi_123456",
            failure_reason="expired_or_canceled_card",
        )
    ),
    "charge.refund.updated/stripe-ruby-mock--charge.refund.updated.json": of_refund(
        RefundTelling(f"re_{ZEROS}", RefundStatus.SUCCEEDED, at(1648319945), 100, "usd", at(1648319945), f"ch_{ZEROS}")
    ),
    "charge.refund.updated/stripe_model_callbacks--charge.refund.updated.json": of_refund(
        RefundTelling(
            "re_00000000000000",
            RefundStatus.SUCCEEDED,
            at(SAMPLE_2012),
            100,
            "usd",
            at(1517848627),
            "ch_00000000000000",
        )
    ),
    "charge.refund.updated/zulip--pseudo_refund_event.json": of_refund(
        RefundTelling(
            "pyr_abcde12345ABCDF",
            RefundStatus.SUCCEEDED,
            at(1581391347),
            1234,
            "eur",
            at(1589212391),
            "py_abcde12345ABCDG",
            "pi_abcd1234ABCDH",
        )
    ),
    "charge.refund.updated/zulip--refund_event.json": of_refund(
        RefundTelling(
            "re_1Gib6ZHLwdCOCoR7VrzCnXlj",
            RefundStatus.FAILED,
            at(1589439827),
            30000000,
            "inr",
            at(1589439823),
            "ch_1Gib61HLwdCOCoR71rnkccye",
            "pi_1Gib60HLwdCOCoR7KJbTO3U7",
            failure_reason="expired_or_canceled_card",
        )
    ),
    "charge.refunded/stripe-ruby-mock--charge.refunded.json": Reversed(
        (f"ch_{ZEROS}", f"re_{ZEROS}"),
        refunds=(
            RefundTelling(
                f"re_{ZEROS}", RefundStatus.SUCCEEDED, at(1648319949), 100, "usd", at(1648319949), f"ch_{ZEROS}"
            ),
        ),
        totals=(RefundTotal(f"ch_{ZEROS}", 100, "usd", at(1648319949)),),
        keys=(f"succeeded:charge:ch_{ZEROS}",),
    ),
    # Never captured: a reservation was given back, and no money.
    "charge.refunded/stripe_model_callbacks--charge.refunded.json": Reversed(
        ("ch_00000000000000",),
        totals=(RefundTotal("ch_00000000000000", 100, "usd", at(1326853478)),),
        note="charge.refunded: its charge is uncaptured.",
    ),
    "charge.refunded/sync-engine--charge_refunded.json": Reversed(
        (
            "pi_3Kl36gJDPojXS6LN02fQVtKR",
            "ch_3Kl36gJDPojXS6LN0DCM4A8l",
            "in_1KJdKkJDPojXS6LNSwSWkZSN",
            "re_3Kl36gJDPojXS6LN0eP4yPDz",
        ),
        refunds=(
            RefundTelling(
                "re_3Kl36gJDPojXS6LN0eP4yPDz",
                RefundStatus.SUCCEEDED,
                at(SAMPLE_2021),
                2500,
                "usd",
                at(1649321738),
                "ch_3Kl36gJDPojXS6LN0DCM4A8l",
                "pi_3Kl36gJDPojXS6LN02fQVtKR",
            ),
        ),
        totals=(
            RefundTotal("ch_3Kl36gJDPojXS6LN0DCM4A8l", 2500, "usd", at(SAMPLE_2021), "pi_3Kl36gJDPojXS6LN02fQVtKR"),
        ),
        keys=("succeeded:charge:ch_3Kl36gJDPojXS6LN0DCM4A8l",),
    ),
    "radar.early_fraud_warning.created/sync-engine--early_fraud_warning_created.json": WARNING,
    "radar.early_fraud_warning.updated/sync-engine--early_fraud_warning_updated.json": WARNING,
    "review.closed/stripe_model_callbacks--review.closed.json": Reversed(("ch_00000000000000",), note=CLOSED),
    "review.closed/sync-engine--review_closed.json": Reversed(("pi_3NVy8c2eZvKYlo2C055h7pkd",), note=CLOSED),
    "review.opened/stripe_model_callbacks--review.opened.json": Reversed(("ch_00000000000000",), note=OPENED),
    "review.opened/sync-engine--review_opened.json": Reversed(("pi_3NVy8c2eZvKYlo2C055h7pkd",), note=OPENED),
}
