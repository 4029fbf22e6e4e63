"""What Stripe's test cards bring about right after their charge: disputes and reports of fraud.

Source: docs.stripe.com/testing. How the card for several disputes shares the amount among them is not documented:
here each takes a half.
"""

from adapters.stripe_sandbox.dispute_shapes import Opening
from adapters.stripe_sandbox.disputing import open_dispute
from adapters.stripe_sandbox.fraud_warnings import warn_of_fraud
from adapters.stripe_sandbox.test_cards import Card
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World


def follow_charge(world: World, charge: Json, card: Card) -> None:
    """The charge has just succeeded. `charge` becomes what it is afterwards."""
    for opening in _openings(charge, card):
        open_dispute(world, charge, opening)
    if card.aftermath == "fraud_warning":
        warn_of_fraud(world, charge, "misc")


def _openings(charge: Json, card: Card) -> tuple[Opening, ...]:
    if card.aftermath == "dispute":
        return (Opening(),)
    if card.aftermath == "dispute_not_received":
        return (Opening(reason="product_not_received"),)
    if card.aftermath == "inquiry":
        return (Opening(status="warning_needs_response"),)
    if card.aftermath == "two_disputes":
        half = charge["amount"] // 2
        return (Opening(amount=half), Opening(reason="product_not_received", amount=charge["amount"] - half))
    return ()
