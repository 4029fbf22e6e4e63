"""What happens to a refund, wherever it was made: it is created, and a bank lets it succeed or fail.

Statuses and failure reasons: the published stripe package 16.1.0. Events as measured in Stripe's test mode:
refund.created and charge.refunded when it is made, refund.updated and charge.refund.updated when it changes.
A pending refund counts in charge.amount_refunded, and its money leaves the balance when it succeeds.
"""

from adapters.stripe_sandbox.balance_transactions import book_refund, book_refund_failure
from adapters.stripe_sandbox.later import forget
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

FAILURE_REASONS = (
    "charge_for_pending_refund_disputed",
    "declined",
    "expired_or_canceled_card",
    "insufficient_funds",
    "lost_or_stolen_card",
    "merchant_request",
    "unknown",
)
USUAL_FAILURE = "expired_or_canceled_card"
# A refund that has succeeded may still fail, up to 30 days later (docs.stripe.com/refunds); an end is an end.
MOVES = {
    "pending": ("succeeded", "failed", "canceled", "requires_action"),
    "requires_action": ("pending", "succeeded", "failed", "canceled"),
    "succeeded": ("failed",),
    "failed": (),
    "canceled": (),
}
_WITHOUT_EFFECT = ("failed", "canceled")


def make_refund(world: World, charge: Json, *, amount: int, status: str, reason: str | None, metadata: Json) -> Json:
    """A new refund, `succeeded` or `pending`, that counts at its charge. `charge` becomes what it is afterwards."""
    refund: Json = {
        "id": world.new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": world.now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": {"card": {}, "type": "card"},
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": None,
        "transfer_reversal": None,
    }
    _settle(world, refund, charge, status)
    before = dict(charge)
    _count(world, charge, amount)
    world.emit("refund.created", refund)
    world.emit("charge.refunded", charge, before=before)
    return refund


def move_refund(world: World, refund: Json, status: str, *, failure_reason: str = USUAL_FAILURE) -> Json:
    """The refund gets this status, which MOVES allows. Failed and canceled ones do not count at the charge any more."""
    forget(world, refund)
    before = dict(refund)
    charge = world.get("charge", refund["charge"])
    if status == "failed":
        refund["failure_reason"] = failure_reason
        if refund["balance_transaction"] is not None:
            refund["failure_balance_transaction"] = book_refund_failure(world, refund, charge)["id"]
    if status in _WITHOUT_EFFECT:
        _count(world, charge, -refund["amount"])
    _settle(world, refund, charge, status)
    tell_change(world, refund, before)
    if status == "failed":
        world.emit("refund.failed", refund)
    return refund


def tell_change(world: World, refund: Json, before: Json) -> None:
    """Keep the changed refund, and send its event under the new name and the old one."""
    save_refund(world, refund)
    world.emit("refund.updated", refund, before=before)
    world.emit("charge.refund.updated", refund, before=before)


def save_refund(world: World, refund: Json) -> Json:
    """Store it so that lists find it by its charge."""
    return world.save(refund, label=refund["charge"])


def fail_unfinished_refunds(world: World, charge: Json) -> None:
    """A chargeback ends refunds that are still under way (measured in Stripe's test mode)."""
    for refund in world.select("kind = 'refund' AND label = ?", (charge["id"],)):
        if refund["status"] in ("pending", "requires_action"):
            move_refund(world, refund, "failed", failure_reason="charge_for_pending_refund_disputed")


def _settle(world: World, refund: Json, charge: Json, status: str) -> None:
    refund["status"] = status
    refund.pop("pending_reason", None)
    if status == "pending":
        refund["pending_reason"] = "processing"
        refund["destination_details"] = {"card": {"type": "pending"}, "type": "card"}
    if status == "succeeded":
        refund["balance_transaction"] = book_refund(world, refund, charge)["id"]
        details = {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
        refund["destination_details"] = {"card": details, "type": "card"}
    save_refund(world, refund)


def _count(world: World, charge: Json, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    world.save(charge)
