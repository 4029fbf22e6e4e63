"""What can be done about a dispute now, in words."""

from dataclasses import dataclass

from domain.model.dispute_statuses import DisputeStatus
from domain.model.disputes import Dispute
from domain.model.money import Money, in_words
from domain.services.dispute_desk import DisputeView
from entrypoints.web.api.shown import instant_text
from ports.dispute_repositories import DisputeRow

REFUND_IN_FULL = "refund_in_full"
ACCEPT = "accept"
SUBMIT_EVIDENCE = "submit_evidence"
ACTIONS = (REFUND_IN_FULL, ACCEPT, SUBMIT_EVIDENCE)


@dataclass(frozen=True)
class Option:
    """One way on. `amount` is in minor units of `currency`."""

    action: str
    text: str
    amount: int | None = None
    currency: str | None = None


@dataclass(frozen=True)
class DisputeWithOptions:
    """A dispute with the ways on."""

    row: DisputeRow
    options: tuple[Option, ...]


def with_options(view: DisputeView) -> DisputeWithOptions:
    """The dispute with what can be done about it now."""
    dispute = view.row.dispute
    refund = (_refund(view.refund_in_full),) if view.refund_in_full is not None else ()
    accept = (_accept(dispute),) if _can_be_accepted(dispute) else ()
    evidence = (_evidence(dispute),) if dispute.awaits_answer else ()
    return DisputeWithOptions(view.row, (*refund, *accept, *evidence))


def _refund(money: Money) -> Option:
    """Source: docs.stripe.com/disputes/how-disputes-work, "Inquiries": a full refund ends one, a partial one does
    not.
    """
    text = (
        f"A refund in full ends this inquiry without a chargeback or a fee: {in_words(money)} would be given back. A "
        "partial refund does not end it."
    )
    return Option(REFUND_IN_FULL, text, money.amount_minor, money.currency)


def _can_be_accepted(dispute: Dispute) -> bool:
    return dispute.status is DisputeStatus.OPENED and not dispute.is_to_be_accepted


def _accept(dispute: Dispute) -> Option:
    if dispute.is_inquiry:
        return Option(ACCEPT, "Accepting gives up answering the inquiry. It cannot be undone.")
    text = f"Accepting concedes the dispute: {in_words(dispute.money)} and the fee are lost. It cannot be undone."
    return Option(ACCEPT, text)


def _evidence(dispute: Dispute) -> Option:
    assert dispute.respond_by is not None
    text = f"Evidence is taken until {instant_text(dispute.respond_by)}, usually once."
    return Option(SUBMIT_EVIDENCE, text)
