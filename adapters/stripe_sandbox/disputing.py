"""What happens to a dispute, whoever causes it: it begins, moves from status to status, and moves money.

Events and their order as measured in Stripe's test mode: charge.dispute.created, for a chargeback followed by
.funds_withdrawn; .updated while it is open; on a win .funds_reinstated, still under the old status, before .closed.
A chargeback takes amount and fee when it begins, not when it is lost. An inquiry takes nothing unless it escalates.
That an escalation is told by .updated, and that a full refund closes an inquiry, are not measured.
"""

import copy

from adapters.stripe_sandbox.balance_transactions import book_reinstatement, book_withdrawal
from adapters.stripe_sandbox.dispute_shapes import (
    CLOSED,
    DueBy,
    Opening,
    blank_dispute,
    is_inquiry,
    set_status,
    usual_deadline,
)
from adapters.stripe_sandbox.evidence import mark_submitted
from adapters.stripe_sandbox.fraud_warnings import end_warnings
from adapters.stripe_sandbox.later import forget
from adapters.stripe_sandbox.refunding import fail_unfinished_refunds
from adapters.stripe_sandbox.reviews import close_open_review
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

MOVES = {
    "warning_needs_response": ("warning_under_review", "warning_closed", "needs_response", "prevented"),
    "warning_under_review": ("warning_closed", "needs_response", "prevented"),
    "warning_closed": (),
    "needs_response": ("under_review", "won", "lost", "prevented"),
    "under_review": ("won", "lost", "prevented"),
    "lost": ("won", "appeal_needs_response"),
    "appeal_needs_response": ("appeal_under_review", "won", "lost"),
    "appeal_under_review": ("won", "lost"),
    "won": (),
    "prevented": (),
}
_NEEDS_ANSWER = ("needs_response", "appeal_needs_response")


def open_dispute(world: World, charge: Json, opening: Opening) -> Json:
    """The bank disputes the charge. `charge` becomes what it is afterwards."""
    dispute = blank_dispute(world, charge, opening)
    save_dispute(world, dispute)
    world.hide("dispute", dispute["id"], fee=opening.fee)
    takes_money = dispute["status"] in ("needs_response", "lost")
    if takes_money:
        _withdraw(world, dispute)
    world.emit("charge.dispute.created", dispute)
    if takes_money:
        world.emit("charge.dispute.funds_withdrawn", dispute)
    if dispute["status"] in CLOSED:
        world.emit("charge.dispute.closed", dispute)
    _mark(world, charge)
    if takes_money:
        fail_unfinished_refunds(world, charge)
        charge.update(world.get("charge", charge["id"]))
    return dispute


def move_dispute(
    world: World,
    dispute: Json,
    status: str,
    *,
    returns_fee: bool = False,
    due_by: DueBy = "usual",
    before: Json | None = None,
) -> Json:
    """The dispute gets this status, which MOVES allows, with the money that this moves.

    `returns_fee`: a reinstatement brings the fee back too. `due_by`: a new deadline, as in Opening; "usual" is a new
    one where the status asks for an answer, else the old one. `before`: the dispute as it was, where it has changed.
    """
    forget(world, dispute)
    if status in ("won", "prevented") and withdrawn_amount(dispute) > 0:
        _reinstate(world, dispute, returns_fee=returns_fee)
    before = copy.deepcopy(dispute) if before is None else before
    set_status(dispute, status)
    if status.endswith("under_review"):
        mark_submitted(world, dispute)
    if due_by != "usual" or status in _NEEDS_ANSWER:
        dispute["evidence_details"]["due_by"] = usual_deadline(world) if due_by == "usual" else due_by
    takes_money = status == "needs_response"
    if takes_money:
        _withdraw(world, dispute)
    tell_dispute(world, dispute, before)
    if takes_money:
        world.emit("charge.dispute.funds_withdrawn", dispute)
        fail_unfinished_refunds(world, world.get("charge", dispute["charge"]))
    return dispute


def tell_dispute(world: World, dispute: Json, before: Json) -> None:
    """Keep the changed dispute and send its event: closed where that is what changed, else updated."""
    save_dispute(world, dispute)
    has_closed = dispute["status"] in CLOSED and dispute["status"] != before["status"]
    world.emit(f"charge.dispute.{'closed' if has_closed else 'updated'}", dispute, before=before)


def save_dispute(world: World, dispute: Json) -> Json:
    """Store it so that lists find it by its charge."""
    return world.save(dispute, label=dispute["charge"])


def disputes_of(world: World, charge: Json) -> list[Json]:
    """All disputes of the charge, oldest first."""
    return world.select("kind = 'dispute' AND label = ?", (charge["id"],))


def end_inquiries(world: World, charge: Json) -> None:
    """A full refund ends the open inquiries of its charge; a partial one does not."""
    for dispute in disputes_of(world, charge):
        if is_inquiry(dispute) and dispute["status"] != "warning_closed":
            move_dispute(world, dispute, "warning_closed")


def withdrawn_amount(dispute: Json) -> int:
    """How much of the account's money the dispute holds now, without fees."""
    return -sum(int(transaction["amount"]) for transaction in dispute["balance_transactions"])


def _withdraw(world: World, dispute: Json) -> None:
    fee = world.hidden("dispute", dispute["id"])["fee"]
    dispute["balance_transactions"] = [*dispute["balance_transactions"], book_withdrawal(world, dispute, fee)]
    save_dispute(world, dispute)


def _reinstate(world: World, dispute: Json, *, returns_fee: bool) -> None:
    fee = sum(transaction["fee"] for transaction in dispute["balance_transactions"]) if returns_fee else 0
    transaction = book_reinstatement(world, dispute, withdrawn_amount(dispute), fee)
    dispute["balance_transactions"] = [*dispute["balance_transactions"], transaction]
    save_dispute(world, dispute)
    world.emit("charge.dispute.funds_reinstated", dispute)


def _mark(world: World, charge: Json) -> None:
    if not charge["disputed"]:
        before = dict(charge)
        charge["disputed"] = True
        world.save(charge)
        world.emit("charge.updated", charge, before=before)
    end_warnings(world, charge)
    close_open_review(world, charge, "disputed")
