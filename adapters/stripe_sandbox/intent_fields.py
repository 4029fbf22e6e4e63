"""The PaymentIntent's shape, and those of its fields that a request sets without further effect."""

from adapters.stripe_sandbox.customers import full_address
from adapters.stripe_sandbox.errors import invalid_parameter
from adapters.stripe_sandbox.metadata import merge_metadata
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

_TEXTS = (
    "customer",
    "description",
    "receipt_email",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)
_METHOD_TYPES = ("card", "link")


def blank_intent(world: World, amount: int, currency: str) -> Json:
    """A PaymentIntent that has nothing but an amount."""
    intent_id = world.new_id("pi")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{world.new_id('x')[2:]}",
        "confirmation_method": "automatic",
        "created": world.now,
        "currency": currency,
        "customer": None,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def apply_fields(intent: Json, params: Json) -> None:
    """Set what the request gives. Raises ApiError 400 for what this sandbox cannot act on."""
    for name in _TEXTS:
        if name in params:
            intent[name] = params[name] or None
    intent["metadata"] = merge_metadata(intent["metadata"], params.get("metadata"))
    if "shipping" in params:
        given = params["shipping"] or None
        intent["shipping"] = given and {
            "address": full_address(given.get("address")),
            **{name: given.get(name) or None for name in ("carrier", "name", "phone", "tracking_number")},
        }
    _apply_capture(intent, params)
    _apply_methods(intent, params)


def _apply_capture(intent: Json, params: Json) -> None:
    for name, refused in (("capture_method", "manual"), ("confirmation_method", "manual")):
        if params.get(name) == refused:
            message = f"This sandbox does not act on {name}={refused}. Use Stripe's own test mode for it."
            raise invalid_parameter(message, param=name)
        if params.get(name):
            intent[name] = params[name]


def _apply_methods(intent: Json, params: Json) -> None:
    types = params.get("payment_method_types")
    automatic = params.get("automatic_payment_methods") or None
    if types and automatic and automatic.get("enabled"):
        message = "You may only specify one of these parameters: automatic_payment_methods, payment_method_types."
        raise invalid_parameter(message, param="payment_method_types")
    if types:
        for kind in types:
            if kind not in _METHOD_TYPES:
                message = f"This sandbox charges cards only; leave the payment method type '{kind}' out."
                raise invalid_parameter(message, param="payment_method_types")
        intent.update(payment_method_types=types, automatic_payment_methods=None)
    elif automatic is not None:
        enabled = {"allow_redirects": automatic.get("allow_redirects", "always"), "enabled": True}
        intent["automatic_payment_methods"] = enabled if automatic.get("enabled") else None
    options = (params.get("payment_method_options") or {}).get("card") or {}
    for name, value in options.items():
        if name != "request_three_d_secure":
            message = f"This sandbox does not act on payment_method_options[card][{name}]."
            raise invalid_parameter(message, param="payment_method_options")
        intent["payment_method_options"]["card"][name] = value or "automatic"
