"""Radar reviews: retrieve, list, approve, and how one begins and ends."""

from adapters.stripe_sandbox.errors import invalid_request
from adapters.stripe_sandbox.lists import conditions_for, list_page
from adapters.stripe_sandbox.operations import Call, Operation, plays
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

CLOSED_REASONS = ("approved", "disputed", "redacted", "refunded", "refunded_as_fraud")


def open_review(world: World, charge: Json) -> Json:
    """Somebody put the payment up for a review by hand. `charge` becomes what it is afterwards."""
    review = {
        "id": world.new_id("prv"),
        "object": "review",
        "billing_zip": None,
        "charge": charge["id"],
        "closed_reason": None,
        "created": world.now,
        "ip_address": None,
        "ip_address_location": None,
        "livemode": False,
        "open": True,
        "opened_reason": "manual",
        "payment_intent": charge["payment_intent"],
        "reason": "manual",
        "session": None,
    }
    world.save(review, label=charge["id"])
    charge["review"] = review["id"]
    world.save(charge)
    world.save({**world.get("payment_intent", charge["payment_intent"]), "review": review["id"]})
    world.emit("review.opened", review)
    return review


def close_review(world: World, review: Json, reason: str) -> Json:
    """The review ends for one of CLOSED_REASONS."""
    closed = world.save({**review, "open": False, "closed_reason": reason, "reason": reason}, label=review["charge"])
    world.emit("review.closed", closed)
    return closed


def close_open_review(world: World, charge: Json, reason: str) -> None:
    """The charge's review, if it has an open one, ends because of what happened to the charge."""
    review = world.get("review", charge["review"]) if charge["review"] else None
    if review is not None and review["open"]:
        close_review(world, review, reason)


def _retrieve(call: Call) -> Json:
    return call.world.get("review", call.path["review"])


def _list(call: Call) -> Json:
    conditions = conditions_for("review", call.params)
    conditions.add("json_extract(body, '$.open')")
    return list_page(call.world, "review", call.params, conditions, url="/v1/reviews")


def _approve(call: Call) -> Json:
    review = call.world.get("review", call.path["review"])
    if not review["open"]:
        raise invalid_request("This review is already closed.")
    return close_review(call.world, review, "approved")


OPERATIONS = (
    Operation("GET /v1/reviews", _list, plays("created ending_before limit starting_after")),
    Operation("GET /v1/reviews/{review}", _retrieve),
    Operation("POST /v1/reviews/{review}/approve", _approve),
)
