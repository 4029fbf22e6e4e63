"""All endpoints, and which of them a request is for."""

from adapters.stripe_sandbox import (
    account,
    balance_transactions,
    charges,
    checkout_sessions,
    customers,
    disputes,
    events,
    fraud_warnings,
    invoice_payments,
    payment_intents,
    payment_methods,
    refunds,
    reviews,
    setup_intents,
)
from adapters.stripe_sandbox.errors import ApiError
from adapters.stripe_sandbox.operations import Operation

OPERATIONS: tuple[Operation, ...] = (
    *customers.OPERATIONS,
    *payment_methods.OPERATIONS,
    *payment_intents.OPERATIONS,
    *charges.OPERATIONS,
    *refunds.OPERATIONS,
    *disputes.OPERATIONS,
    *balance_transactions.OPERATIONS,
    *fraud_warnings.OPERATIONS,
    *reviews.OPERATIONS,
    *events.OPERATIONS,
    *invoice_payments.OPERATIONS,
    *checkout_sessions.OPERATIONS,
    *setup_intents.OPERATIONS,
    *account.OPERATIONS,
)


def find_operation(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    """The endpoint and the ids in the path. Raises ApiError 404."""
    for operation in OPERATIONS:
        match = operation.pattern.match(path) if operation.method == method else None
        if match is not None:
            return operation, match.groupdict()
    raise ApiError(
        404,
        "invalid_request_error",
        f"Unrecognized request URL ({method}: {path[:200]}). If you are trying to list objects, remove the trailing "
        "slash. If you are trying to retrieve an object, make sure you passed a valid (non-empty) identifier in your "
        "code. Note that this is a sandbox that offers a part of Stripe's API only.",
        is_executed=False,
    )
