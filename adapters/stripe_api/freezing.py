"""The requests of a charge, written down to the last parameter before the first of them leaves.

docs.stripe.com/api/idempotent_requests: the same key with other parameters is refused, so what is repeated must be
equal; and an invoice may change while an attempt is open. Each request is a JSON object of text: `method`, `path`,
`form` (flat, as it leaves), `idempotency_key`, `stripe_version`, `attempt_id`, `currency`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from adapters.stripe_api.client import STRIPE_VERSION
from domain.model.attempts import FrozenCharge
from ports.payment_gateway import ChargeOrder

CREATE_PATH = "/v1/payment_intents"
_DESCRIPTION_LENGTH_MAX = 1000


@dataclass(frozen=True)
class FrozenRequest:
    """One POST as it leaves."""

    path: str
    form: Mapping[str, str]
    idempotency_key: str
    stripe_version: str
    attempt_id: str
    currency: str

    @property
    def is_reuse(self) -> bool:
        """Whether it is about an intent that was there before."""
        return self.path != CREATE_PATH

    @classmethod
    def thawed(cls, stored: Mapping[str, Any]) -> "FrozenRequest":
        """From what `frozen` gave, perhaps through a database."""
        names = ("path", "form", "idempotency_key", "stripe_version", "attempt_id", "currency")
        return cls(**{name: stored[name] for name in names})

    def frozen(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"method": "POST", **asdict(self)}


def freeze_charge(order: ChargeOrder) -> FrozenCharge:
    """The requests for `order`: an update and a confirm of the intent to be used again, else one create."""
    requests = (_create(order),) if order.reuse_intent_id is None else _reuse(order, order.reuse_intent_id)
    return FrozenCharge(
        idempotency_key=requests[-1].idempotency_key,
        requests=tuple(request.frozen() for request in requests),
        stripe_payment_intent_id=order.reuse_intent_id,
    )


def _create(order: ChargeOrder) -> FrozenRequest:
    form = {
        "amount": str(order.amount_minor),
        "currency": order.currency,
        "customer": order.stripe_customer_id,
        **_charged(order),
        "confirm": "true",
        **_metadata(order),
    }
    if order.description:
        form["description"] = order.description[:_DESCRIPTION_LENGTH_MAX]
    return _request(order, "create", CREATE_PATH, form)


def _reuse(order: ChargeOrder, intent_id: str) -> tuple[FrozenRequest, FrozenRequest]:
    path = f"{CREATE_PATH}/{quote(intent_id, safe='')}"
    form = {"payment_method": order.stripe_payment_method_id, **_metadata(order)}
    if not order.is_amount_fixed:
        form |= {"amount": str(order.amount_minor), "currency": order.currency}
    # The update moves no money, and a stored 500 would be repeated under its key for a day: each freeze has a new one.
    update = _request(order, f"update:{order.freeze_number}", path, form)
    return update, _request(order, "confirm", f"{path}/confirm", _charged(order))


def _charged(order: ChargeOrder) -> dict[str, str]:
    return {
        "payment_method": order.stripe_payment_method_id,
        "off_session": "true",
        "expand[]": "latest_charge",
    }


def _metadata(order: ChargeOrder) -> dict[str, str]:
    return {"metadata[invoice_id]": order.invoice_id, "metadata[attempt_id]": order.attempt_id}


def _request(order: ChargeOrder, step: str, path: str, form: dict[str, str]) -> FrozenRequest:
    return FrozenRequest(path, form, f"{order.attempt_id}:{step}", STRIPE_VERSION, order.attempt_id, order.currency)
