"""/sandbox/early_fraud_warnings and /sandbox/reviews: a charge is reported as fraud, or put up for review."""

from adapters.stripe_sandbox.control_requests import (
    NOBODY,
    ControlError,
    ControlRoute,
    account_of_charge,
    check_names,
    choice,
    find_object,
    given_body,
    paid_charge,
)
from adapters.stripe_sandbox.fraud_warnings import FRAUD_TYPES, warn_of_fraud
from adapters.stripe_sandbox.reviews import CLOSED_REASONS, close_review, open_review
from adapters.stripe_sandbox.sandbox import Sandbox
from adapters.stripe_sandbox.values import Json


def _warn(sandbox: Sandbox) -> Json:
    """{charge, fraud_type?}."""
    given = given_body()
    check_names(given, ("charge", "fraud_type"))
    fraud_type = choice(given, "fraud_type", FRAUD_TYPES) or "misc"
    account = account_of_charge(sandbox, given)
    with sandbox.world(account, NOBODY) as world:
        return warn_of_fraud(world, paid_charge(world, given), fraud_type)


def _open_review(sandbox: Sandbox) -> Json:
    """{charge}."""
    given = given_body()
    check_names(given, ("charge",))
    account = account_of_charge(sandbox, given)
    with sandbox.world(account, NOBODY) as world:
        charge = paid_charge(world, given)
        if charge["review"] is not None:
            raise ControlError(409, "The charge has a review already.", "charge")
        return open_review(world, charge)


def _close_review(sandbox: Sandbox, review_id: str) -> Json:
    """{closed_reason?}: approved unless given."""
    given = given_body()
    check_names(given, ("closed_reason",))
    reason = choice(given, "closed_reason", CLOSED_REASONS) or "approved"
    account = find_object(sandbox, "review", review_id)["account"]
    with sandbox.world(account, NOBODY) as world:
        review = world.get("review", review_id)
        if not review["open"]:
            raise ControlError(409, "This review is already closed.")
        return close_review(world, review, reason)


ROUTES = (
    ControlRoute("POST", "/early_fraud_warnings", _warn),
    ControlRoute("POST", "/reviews", _open_review),
    ControlRoute("POST", "/reviews/<review_id>/close", _close_review),
)
