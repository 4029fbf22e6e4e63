"""The payments of invoices: none, because this sandbox has no invoices of Stripe Billing."""

from adapters.stripe_sandbox.lists import empty_list
from adapters.stripe_sandbox.operations import Call, Operation, plays
from adapters.stripe_sandbox.values import Json


def _list(_: Call) -> Json:
    return empty_list("/v1/invoice_payments")


OPERATIONS = (
    Operation(
        "GET /v1/invoice_payments",
        _list,
        plays("created ending_before invoice limit starting_after status"),
    ),
)
