"""Disputes as they come in and go out."""

from marshmallow import fields

from domain.model.dispute_statuses import DisputeStatus, Stage
from entrypoints.web.api import shown
from entrypoints.web.api.dispute_options import ACTIONS
from entrypoints.web.api.fields import Accepted, Choice, Moment, QueryFlag, Text
from entrypoints.web.api.lists import ListQuery, page_of
from entrypoints.web.api.shown import Shown
from ports.dispute_repositories import DisputeOrder

ID_LENGTH = 64
_STATUSES = [status.value for status in DisputeStatus]
_MINOR = "in minor units of the currency"


class DisputeQuery(ListQuery):
    """Which disputes to list."""

    status = Choice(_STATUSES, metadata={"description": "Only in this status."})
    reason = Text(longest=100, metadata={"description": "Only with this reason of Stripe's.", "example": "fraudulent"})
    client_id = Text(longest=ID_LENGTH, metadata={"description": "Only of this client."})
    invoice_id = Text(longest=ID_LENGTH, metadata={"description": "Only about this invoice."})
    respond_before = Moment(
        metadata={"description": "Only with a deadline before this time.", "example": "2026-11-30T00:00:00Z"}
    )
    inquiry = QueryFlag(metadata={"description": "Only inquiries, or only what is none."})
    matched = QueryFlag(metadata={"description": "Only with an invoice, or only those whose invoice is not known."})
    order = Choice(
        [order.value for order in DisputeOrder],
        load_default=DisputeOrder.RESPOND_BY.value,
        metadata={"description": "By deadline (those without one last), or newest first.", "example": "respond_by"},
    )


class LinkSchema(Accepted):
    """The invoice that a dispute is about."""

    invoice_id = Text(
        longest=ID_LENGTH,
        required=True,
        metadata={"description": "The invoice.", "example": "inv_3Kd8vT5bNq1XyZ7WcRmF2h"},
    )


class DisputeSchema(Shown):
    """A dispute. Its status follows from what Stripe told of it, in whatever order."""

    id = shown.text("Ours.", "dsp_6Yt5rEw2QaSd8FgHj3KlZx", attribute="row.dispute.id")
    invoice_id = shown.text(
        "The invoice; null while none is known for it.",
        "inv_3Kd8vT5bNq1XyZ7WcRmF2h",
        nullable=True,
        attribute="row.invoice_id",
    )
    client_id = shown.text(
        "Whose payment is disputed.", "cli_7Jq2mX9LzK4tVw8RbYpD3n", nullable=True, attribute="row.client_id"
    )
    status = shown.choice("Where it stands.", _STATUSES, attribute="row.dispute.status")
    stripe_status = shown.text("Stripe's own.", "needs_response", attribute="row.dispute.stripe_status")
    inquiry = shown.flag(
        "Whether it is a question of the bank's that takes no money.", attribute="row.dispute.is_inquiry"
    )
    stage = shown.choice("The round that it is in.", list(Stage), attribute="row.dispute.stage")
    reason = shown.text("Stripe's.", "fraudulent", nullable=True, attribute="row.dispute.newest.reason")
    network_reason_code = shown.text(
        "The network's.", "10.4", nullable=True, attribute="row.dispute.newest.network_reason_code"
    )
    brand = shown.text("The card's.", "visa", nullable=True, attribute="row.dispute.newest.brand")
    case_type = shown.text(
        "Stripe's word on the kind of case.", "chargeback", nullable=True, attribute="row.dispute.newest.case_type"
    )
    amount = shown.number(f"What is disputed, {_MINOR}.", 12900, attribute="row.dispute.money.amount_minor")
    currency = shown.text("Lower-case ISO code.", "eur", attribute="row.dispute.money.currency")
    fee = shown.number(
        "The fees, less those that came back, in minor units of `fee_currency`.",
        1500,
        attribute="row.fee_minor",
    )
    fee_currency = shown.text(
        "That of the balance they were taken from; null while there are none.",
        "eur",
        nullable=True,
        attribute="row.fee_currency",
    )
    stripe_dispute_id = shown.text("Stripe's id.", "dp_1PgafmB7WZ01zgkW", attribute="row.dispute.stripe_dispute_id")
    stripe_charge_id = shown.text(
        "The charge.", "ch_3PgafmB7WZ01zgkW", nullable=True, attribute="row.dispute.newest.stripe_charge_id"
    )
    stripe_payment_intent_id = shown.text(
        "The PaymentIntent.",
        "pi_3PgafmB7WZ01zgkW",
        nullable=True,
        attribute="row.dispute.newest.stripe_payment_intent_id",
    )
    opened_at = shown.instant("When the bank opened it.", attribute="row.dispute.opened_at")
    respond_by = shown.instant(
        "Until when an answer is taken; null when none is possible.",
        nullable=True,
        attribute="row.dispute.respond_by",
    )
    awaits_answer = shown.flag("Whether evidence can still be submitted.", attribute="row.dispute.awaits_answer")
    accept_requested_at = shown.instant(
        "When somebody asked to concede it.", nullable=True, attribute="row.dispute.accept_requested_at"
    )
    closed_at = shown.instant("When it ended.", nullable=True, attribute="row.dispute.closed_at")
    evidence_submitted = shown.flag(
        "Whether evidence was submitted; staged evidence is none.", attribute="row.dispute.has_submitted_evidence"
    )
    evidence_submitted_at = shown.instant(
        "When Stripe first told so.", nullable=True, attribute="row.dispute.evidence_submitted_at"
    )
    resolution = shown.choice(
        "How it ended; null while it is open.",
        [DisputeStatus.WON, DisputeStatus.LOST, DisputeStatus.CLOSED],
        nullable=True,
        attribute="row.dispute.resolution",
    )
    resolution_reason = shown.text(
        "Why, in words.", "Lost without evidence.", nullable=True, attribute="row.dispute.resolution_reason"
    )
    notes_count = shown.number("How many notes it has.", 0, attribute="row.notes_count")


class OptionSchema(Shown):
    """Something that can be done about a dispute now."""

    action = shown.choice("What.", ACTIONS)
    amount = shown.number(f"What it would give back, {_MINOR}.", 12900, nullable=True)
    currency = shown.text("Lower-case ISO code.", "eur", nullable=True)
    text = shown.text("What it brings.", "A refund in full ends this inquiry without a chargeback.")


class DisputeWithOptionsSchema(DisputeSchema):
    """A dispute with what can be done about it now."""

    options = fields.List(
        fields.Nested(OptionSchema),
        required=True,
        metadata={"description": "What can be done now; empty when nothing can."},
    )


DisputePageSchema = page_of(DisputeSchema, "DisputePage")
