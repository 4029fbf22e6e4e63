"""Carries out what is due of later.py."""

from adapters.stripe_sandbox.checkout_endings import expire_session
from adapters.stripe_sandbox.disputing import move_dispute
from adapters.stripe_sandbox.later import Due
from adapters.stripe_sandbox.refunding import move_refund
from adapters.stripe_sandbox.world import World


def settle(world: World, due: Due) -> None:
    """Give the object the status that was planned for it."""
    if due.kind == "refund":
        move_refund(world, world.get("refund", due.id), due.status)
    elif due.kind == "checkout.session":
        expire_session(world, world.get("checkout.session", due.id))
    else:
        move_dispute(world, world.get("dispute", due.id), due.status)
