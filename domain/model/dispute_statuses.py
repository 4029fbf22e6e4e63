"""Stripe's statuses of a dispute, and what each means.

Source: docs.stripe.com/api/disputes/object, API 2026-10-28; `charge_refunded` is of older versions.
"""

from dataclasses import dataclass
from enum import StrEnum


class DisputeStatus(StrEnum):
    """What people need to know. Stripe's own status is kept beside it."""

    OPENED = "opened"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"


class Stage(StrEnum):
    """Which of its rounds a dispute is in; each asks for an answer of its own."""

    INQUIRY = "inquiry"
    CHARGEBACK = "chargeback"
    APPEAL = "appeal"


@dataclass(frozen=True)
class StripeStatus:
    """What one of Stripe's statuses means."""

    rank: int
    status: DisputeStatus
    stage: Stage = Stage.CHARGEBACK


# In the order of design.md 1: of two snapshots told of the same second, the later in this list stands.
STRIPE_STATUSES = {
    name: StripeStatus(rank, status, stage)
    for rank, (name, status, stage) in enumerate(
        (
            ("warning_needs_response", DisputeStatus.OPENED, Stage.INQUIRY),
            ("warning_under_review", DisputeStatus.UNDER_REVIEW, Stage.INQUIRY),
            ("warning_closed", DisputeStatus.CLOSED, Stage.INQUIRY),
            ("needs_response", DisputeStatus.OPENED, Stage.CHARGEBACK),
            ("under_review", DisputeStatus.UNDER_REVIEW, Stage.CHARGEBACK),
            ("charge_refunded", DisputeStatus.CLOSED, Stage.CHARGEBACK),
            ("prevented", DisputeStatus.CLOSED, Stage.CHARGEBACK),
            ("lost", DisputeStatus.LOST, Stage.CHARGEBACK),
            ("appeal_needs_response", DisputeStatus.OPENED, Stage.APPEAL),
            ("appeal_under_review", DisputeStatus.UNDER_REVIEW, Stage.APPEAL),
            ("won", DisputeStatus.WON, Stage.CHARGEBACK),
        )
    )
}
OPEN_STATUSES = frozenset({DisputeStatus.OPENED, DisputeStatus.UNDER_REVIEW})
