"""Stripe's errors: what is answered, whether the work stays, and whether an idempotency key remembers the answer."""

from dataclasses import dataclass, field

from adapters.stripe_sandbox.values import Json

LABELS = {
    "customer": "customer",
    "payment_method": "PaymentMethod",
    "payment_intent": "payment_intent",
    "charge": "charge",
    "event": "event",
    "balance_transaction": "balance transaction",
    "radar.early_fraud_warning": "early fraud warning",
    "checkout.session": "checkout.session",
    "setup_intent": "setupintent",
}


@dataclass
class ApiError(Exception):
    """An answer that is not 2xx.

    `is_executed`: the endpoint had begun its work, so the answer is stored under the idempotency key.
    `keeps_changes`: what was done before the error stays (a declined charge does; a refused request does not).
    """

    status: int
    type: str
    message: str
    code: str | None = None
    param: str | None = None
    extra: Json = field(default_factory=dict)
    is_executed: bool = True
    keeps_changes: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message

    def body(self, request_id: str) -> Json:
        """The JSON that Stripe answers: one member, `error`."""
        error: Json = {"type": self.type, "message": self.message, **self.extra}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = documentation_url(self.code)
        if self.param is not None:
            error["param"] = self.param
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": dict(sorted(error.items()))}


def documentation_url(code: str) -> str:
    """Where Stripe explains an error code."""
    return "https://stripe.com/docs/error-codes/" + code.replace("_", "-")


def invalid_request(
    message: str, *, param: str | None = None, code: str | None = None, extra: Json | None = None
) -> ApiError:
    """400 of a request that reached its endpoint and was refused there."""
    return ApiError(400, "invalid_request_error", message, code, param, extra or {})


def invalid_parameter(message: str, *, param: str, code: str | None = None) -> ApiError:
    """400 of a parameter that failed validation: nothing ran, so no idempotency key remembers it."""
    return ApiError(400, "invalid_request_error", message, code, param, is_executed=False)


def missing_parameter(name: str) -> ApiError:
    """400 parameter_missing."""
    return invalid_parameter(f"Missing required param: {name}.", param=name, code="parameter_missing")


def not_played(name: str, what: str = "parameter") -> ApiError:
    """400 for something that Stripe knows and this sandbox does not act on: better refused than silently ignored."""
    return invalid_parameter(
        f"Stripe knows the {what} '{name}', but this sandbox does not act on it. Leave it out here, "
        "or make this call against Stripe's own test mode.",
        param=name,
    )


def resource_missing(kind: str, wanted: str, *, param: str, is_path: bool = False) -> ApiError:
    """404 when the id stood in the path, 400 when it was a parameter."""
    status = 404 if is_path else 400
    message = f"No such {LABELS.get(kind, kind)}: '{wanted}'"
    return ApiError(status, "invalid_request_error", message, "resource_missing", param)


def unexpected_state(message: str, intent: Json) -> ApiError:
    """400 payment_intent_unexpected_state, which carries the PaymentIntent."""
    return invalid_request(message, code="payment_intent_unexpected_state", extra={"payment_intent": intent})


def idempotency_mismatch(key: str, *, is_other_endpoint: bool, first: str) -> ApiError:
    """400 idempotency_error: the key was used before for something else."""
    if is_other_endpoint:
        message = (
            f"Keys for idempotent requests can only be used for the same endpoint they were first used for ({first}). "
            f"Try using a key other than '{key}' if you meant to execute a different request."
        )
    else:
        message = (
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request."
        )
    return ApiError(400, "idempotency_error", message, is_executed=False)


def idempotency_in_flight(key: str) -> ApiError:
    """409: another request with this key is running."""
    message = (
        f"There is currently another in-progress request using this Idempotent Key: {key}. "
        "Please wait for it to complete, then try again."
    )
    return ApiError(
        409,
        "idempotency_error",
        message,
        "idempotency_key_in_use",
        is_executed=False,
        headers={"Stripe-Should-Retry": "true"},
    )


def rate_limited() -> ApiError:
    """429, answered before the idempotency layer."""
    return ApiError(
        429,
        "invalid_request_error",
        "Request rate limit exceeded. Learn more about rate limits: https://stripe.com/docs/rate-limits",
        "rate_limit",
        is_executed=False,
        headers={"Stripe-Should-Retry": "false", "Stripe-Rate-Limited-Reason": "endpoint-rate"},
    )


def server_fault() -> ApiError:
    """500 as the fault `error_rate` makes it."""
    message = "An unknown error occurred (made on purpose: the sandbox's fault error_rate)."
    return ApiError(500, "api_error", message, keeps_changes=True)
