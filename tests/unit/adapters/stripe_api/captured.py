"""What each captured event of a type that we use must mean, written down by hand from its body."""

from dataclasses import dataclass
from datetime import UTC, datetime

from domain.model.declines import DeclineCodes


@dataclass(frozen=True)
class Meaning:
    """`key` is the fact's natural key, None where the event tells nothing. Times are epoch seconds."""

    stripe_ids: tuple[str, ...]
    key: str | None = None
    amount: tuple[int, str] | None = None
    charge: str | None = None
    method: str | None = None
    charged_at_epoch: int | None = None
    codes: DeclineCodes = DeclineCodes()
    pending_status: str | None = None

    @property
    def charged_at(self) -> datetime | None:
        return None if self.charged_at_epoch is None else datetime.fromtimestamp(self.charged_at_epoch, UTC)


ZEROS = "000000000000000000000000"
PI, CH, IN, PM = f"pi_{ZEROS}", f"ch_{ZEROS}", f"in_{ZEROS}", f"pm_{ZEROS}"
VISA = DeclineCodes(brand="visa")
GENERIC_VISA = DeclineCodes(code="card_declined", decline_code="generic_decline", brand="visa")
# Stripe's sample events say nothing that fits their type: this one PaymentIntent always waits for a payment method.
SAMPLE_2022 = Meaning(("pi_1JGpBw4Lf1hyuG3tSrdK3llw",))
SAMPLE_2020 = Meaning(("pi_1IqxJOJDPojXS6LN9uOebAea",))
# Zulip's recordings have file names where ids were.
ADDED_INTENT, ADDED_CHARGE = "add_minimum_licenses--Event.list.2.json", "add_minimum_licenses--Charge.list.1.json"
VOIDED_INTENT = "downgrade_realm_and_void_open_invoices--Event.list.2.json"

MEANINGS = {
    "charge.failed/stripe-ruby-mock--charge.failed.json": Meaning(
        (PI, CH), f"failed:charge:{CH}", (2000, "usd"), CH, PM, 1648320028, GENERIC_VISA
    ),
    "charge.failed/sync-engine--charge_failed.json": Meaning(
        ("pi_3KtoMeJDPojXS6LN0XnGDnI3", "ch_3KtoMeJDPojXS6LN0igeffJ6", "in_1KJdKkJDPojXS6LNSwSWkZSN"),
        "failed:charge:ch_3KtoMeJDPojXS6LN0igeffJ6",
        (2500, "usd"),
        "ch_3KtoMeJDPojXS6LN0igeffJ6",
        "pm_1KtoMBJDPojXS6LNhoWgdwNI",
        1651217744,
        DeclineCodes(code="card_declined", decline_code="transaction_not_allowed", brand="mastercard"),
    ),
    # Says both "succeeded" and "not paid".
    "charge.failed/zulip--charge_failed.json": Meaning(("ch_00000000000000",)),
    "charge.failed/zulip--charge_failed_with_pi.json": Meaning(
        ("pi_3TbGfyJEe0yY0QKr0V9PBbP9", "ch_3TbGfyJEe0yY0QKr0Nh9uVjd"),
        "failed:charge:ch_3TbGfyJEe0yY0QKr0Nh9uVjd",
        (2200, "usd"),
        "ch_3TbGfyJEe0yY0QKr0Nh9uVjd",
        "pm_1TbGfxJEe0yY0QKr6Adq5Ky8",
        1779785366,
        DeclineCodes("card_declined", "generic_decline", "try_again_later", "01", brand="visa"),
    ),
    "charge.succeeded/stripe-ruby-mock--charge.succeeded.json": Meaning(
        (PI, CH), f"succeeded:charge:{CH}", (2000, "usd"), CH, PM, 1648320032, VISA
    ),
    "charge.succeeded/stripe_event--evt_charge_succeeded.json": Meaning(
        ("ch_00000000000000",),
        "succeeded:charge:ch_00000000000000",
        (3279, "usd"),
        "ch_00000000000000",
        charged_at_epoch=1335427082,
    ),
    "charge.succeeded/sync-engine--charge_succeeded.json": Meaning(
        ("pi_3KtQThJDPojXS6LN0H9EfsjV", "ch_3KtQThJDPojXS6LN0YmgbxGj", "in_1KJdKkJDPojXS6LNSwSWkZSN"),
        "succeeded:charge:ch_3KtQThJDPojXS6LN0YmgbxGj",
        (3000, "usd"),
        "ch_3KtQThJDPojXS6LN0YmgbxGj",
        "pm_1KtQTCJDPojXS6LNmYLNUmTc",
        1651125926,
        VISA,
    ),
    "charge.succeeded/zulip--add_minimum_licenses--Event.list.2--1.json": Meaning(
        (ADDED_INTENT, ADDED_CHARGE),
        f"succeeded:charge:{ADDED_CHARGE}",
        (100000, "usd"),
        ADDED_CHARGE,
        "pm_NORMALIZED",
        1000000000,
        VISA,
    ),
    "charge.succeeded/zulip--charge_succeeded__card.json": Meaning(
        (CH, IN), f"succeeded:charge:{CH}", (100, "aud"), CH, f"card_{ZEROS}", 1542991183, VISA
    ),
    "charge.succeeded/zulip--charge_succeeded__invoice.json": Meaning(
        (f"py_{ZEROS}", IN),
        f"succeeded:charge:py_{ZEROS}",
        (100, "usd"),
        f"py_{ZEROS}",
        f"src_{ZEROS}",
        1543500571,
    ),
    "invoice.paid/stripe-ruby-mock--invoice.paid.json": Meaning(
        (PI, CH, IN), f"succeeded:invoice:{PI}", (2000, "usd"), CH
    ),
    # Nothing was due.
    "invoice.paid/sync-engine--invoice_paid.json": Meaning(("in_1KJqKBJDPojXS6LNJbvLUgEy",)),
    "invoice.paid/zulip--add_minimum_licenses--Event.list.3--1.json": Meaning(
        (ADDED_INTENT,), f"invoice_paid:invoice:{ADDED_INTENT}", (100000, "usd")
    ),
    "invoice.payment_failed/stripe-ruby-mock--invoice.payment_failed.json": Meaning(
        (PI, CH, IN), f"failed:invoice:{CH}", (2000, "usd"), CH
    ),
    "invoice.payment_failed/stripe_model_callbacks--invoice.payment_failed.json": Meaning(("in_00000000000000",)),
    "invoice.payment_failed/zulip--invoice_payment_failed.json": Meaning(("in_00000000000000",)),
    "invoice.payment_succeeded/stripe-ruby-mock--invoice.payment_succeeded.json": Meaning(
        (PI, CH, IN), f"succeeded:invoice:{PI}", (2000, "usd"), CH
    ),
    # Says "paid" and "draft" at once.
    "invoice.payment_succeeded/stripe_model_callbacks--invoice.payment_succeeded.json": Meaning(
        ("ch_1BrsEhAT5SYrvIfdDOd8ifsb", "in_1BrsEhAT5SYrvIfdlmd9sZns")
    ),
    "invoice.payment_succeeded/zulip--add_minimum_licenses--Event.list.3--0.json": Meaning(
        (ADDED_INTENT,), f"invoice_paid:invoice:{ADDED_INTENT}", (100000, "usd")
    ),
    "invoice_payment.paid/sync-engine--invoice_payment_paid.json": Meaning(
        ("pi_103Q0w2eZvKYlo2C364X582Z", "in_103Q0w2eZvKYlo2C5PYwf6Wf"),
        "succeeded:invoice:pi_103Q0w2eZvKYlo2C364X582Z",
        (2000, "usd"),
    ),
    "invoice_payment.paid/zulip--add_minimum_licenses--Event.list.4--0.json": Meaning(
        ("pi_NORMALIZED", "in_NORMALIZED"), "succeeded:invoice:pi_NORMALIZED", (10000, "usd")
    ),
    "payment_intent.canceled/stripe-ruby-mock--payment_intent.canceled.json": Meaning(
        (PI,), f"canceled:payment_intent:{PI}"
    ),
    "payment_intent.canceled/stripe_model_callbacks--payment_intent.canceled.json": SAMPLE_2022,
    "payment_intent.canceled/sync-engine--payment_intent_canceled.json": SAMPLE_2020,
    "payment_intent.canceled/zulip--downgrade_realm_and_void_open_invoices--Event.list.3--0.json": Meaning(
        (VOIDED_INTENT,), f"canceled:payment_intent:{VOIDED_INTENT}"
    ),
    "payment_intent.payment_failed/stripe-ruby-mock--payment_intent.payment_failed.json": Meaning(
        (PI, CH), f"failed:payment_intent:{CH}", (2000, "usd"), CH, PM, 1648320028, GENERIC_VISA
    ),
    # Without an error and without a charge: it failed all the same, and only the event's id names it.
    "payment_intent.payment_failed/stripe_model_callbacks--payment_intent.payment_failed.json": Meaning(
        SAMPLE_2022.stripe_ids, "failed:payment_intent:evt_1MxwhGIICJxvfdbRjLpH5qNb", (1000, "usd")
    ),
    "payment_intent.payment_failed/sync-engine--payment_intent_payment_failed.json": Meaning(
        SAMPLE_2020.stripe_ids, "failed:payment_intent:evt_1IlYUUJDPojXS6LN7NEWYSm2", (1000, "usd")
    ),
    "payment_intent.processing/stripe-ruby-mock--payment_intent.processing.json": Meaning(
        ("pi_00000000000000", "ch_00000000000000"),
        "pending:payment_intent:pi_00000000000000:",
        (900, "eur"),
        "ch_00000000000000",
        method="pm_00000000000000",
        pending_status="processing",
    ),
    "payment_intent.processing/stripe_model_callbacks--payment_intent.processing.json": SAMPLE_2022,
    "payment_intent.processing/sync-engine--payment_intent_processing.json": SAMPLE_2020,
    "payment_intent.requires_action/stripe-ruby-mock--payment_intent.requires_action.json": Meaning(
        (PI, CH, IN),
        f"pending:payment_intent:{PI}:",
        (2000, "usd"),
        method=PM,
        pending_status="requires_action",
    ),
    "payment_intent.requires_action/stripe_model_callbacks--payment_intent.requires_action.json": SAMPLE_2022,
    "payment_intent.requires_action/sync-engine--payment_intent_requires_action.json": SAMPLE_2020,
    "payment_intent.succeeded/stripe-ruby-mock--payment_intent.succeeded.json": Meaning(
        (PI, CH), f"succeeded:payment_intent:{PI}", (2000, "usd"), CH, PM, 1648320032
    ),
    "payment_intent.succeeded/stripe_model_callbacks--payment_intent.succeeded.json": SAMPLE_2022,
    "payment_intent.succeeded/sync-engine--payment_intent_succeeded.json": SAMPLE_2020,
    "payment_intent.succeeded/zulip--add_minimum_licenses--Event.list.2--0.json": Meaning(
        (ADDED_INTENT, ADDED_CHARGE),
        f"succeeded:payment_intent:{ADDED_INTENT}",
        (100000, "usd"),
        ADDED_CHARGE,
        "pm_NORMALIZED",
    ),
}
