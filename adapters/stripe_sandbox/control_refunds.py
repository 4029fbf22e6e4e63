"""/sandbox/refunds: what the bank does with a refund."""

from adapters.stripe_sandbox.control_requests import (
    NOBODY,
    ControlError,
    ControlRoute,
    check_names,
    choice,
    find_object,
    given_body,
)
from adapters.stripe_sandbox.later import forget
from adapters.stripe_sandbox.refunding import FAILURE_REASONS, MOVES, USUAL_FAILURE, move_refund
from adapters.stripe_sandbox.sandbox import Sandbox
from adapters.stripe_sandbox.values import Json


def _move(sandbox: Sandbox, refund_id: str) -> Json:
    """{status, failure_reason?}. The status that it has already holds it there: nothing follows by itself any more."""
    given = given_body()
    check_names(given, ("status", "failure_reason"))
    status = choice(given, "status", tuple(MOVES))
    reason = choice(given, "failure_reason", FAILURE_REASONS)
    if status is None:
        raise ControlError(400, f"status must be one of {', '.join(MOVES)}.", "status")
    if reason is not None and status != "failed":
        raise ControlError(400, "failure_reason goes with the status failed only.", "failure_reason")
    account = find_object(sandbox, "refund", refund_id)["account"]
    with sandbox.world(account, NOBODY) as world:
        refund = world.get("refund", refund_id)
        if status == refund["status"]:
            forget(world, refund)
            return refund
        possible = MOVES[refund["status"]]
        if status not in possible:
            listed = ", ".join(possible) or "nothing else"
            raise ControlError(409, f"The refund is {refund['status']}; from there it can become {listed}.", "status")
        return move_refund(world, refund, status, failure_reason=reason or USUAL_FAILURE)


ROUTES = (ControlRoute("POST", "/refunds/<refund_id>", _move),)
