"""The port `CardFile`: which cards a customer has at Stripe, and how Stripe collects its own invoice."""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote

import stripe

from adapters.stripe_api.calls import NoAnswer, StripeCalls
from adapters.stripe_api.json_values import Json, identifier, mapping, members, text
from domain.model.cards import Card
from ports.pacing import RequestPacer
from ports.payment_gateway import GatewayUnavailable

_CARDS_MAX = 100


class StripeCardFile:
    """Reads cards; see the port. `client` must come from `client.stripe_client`."""

    def __init__(self, client: stripe.StripeClient, pacer: RequestPacer) -> None:
        self._calls = StripeCalls(client, pacer)

    def default_card(self, account: str | None, stripe_customer_id: str) -> Card | None:
        """The customer's default payment method, else the only attached card; see the port."""
        customer = self._customer(account, stripe_customer_id)
        if customer is None:
            return None
        default = mapping(mapping(customer, "invoice_settings"), "default_payment_method")
        if default:
            return _card(default, is_default=True)
        # Two are enough to know that there is not just one.
        attached = self._attached(account, stripe_customer_id, limit=2)
        return attached[0] if len(attached) == 1 else None

    def cards(self, account: str | None, stripe_customer_id: str) -> Sequence[Card]:
        """The attached cards, default first; see the port."""
        customer = self._customer(account, stripe_customer_id)
        if customer is None:
            return ()
        default_id = identifier(mapping(customer, "invoice_settings"), "default_payment_method")
        attached = [
            replace(card, is_default=card.stripe_payment_method_id == default_id)
            for card in self._attached(account, stripe_customer_id, limit=_CARDS_MAX)
        ]
        return tuple(sorted(attached, key=lambda card: not card.is_default))

    def intent_of_invoice(self, account: str | None, stripe_invoice_id: str) -> str | None:
        """The PaymentIntent by which Stripe collects its own invoice; see the port."""
        query = {"invoice": stripe_invoice_id, "limit": "100"}
        listed = self._read(account, "/v1/invoice_payments", query)
        if listed is None:  # an API from before 2025-03-31, where the invoice itself names it
            invoice = self._read(account, f"/v1/invoices/{quote(stripe_invoice_id, safe='')}", {})
            return None if invoice is None else identifier(invoice, "payment_intent")
        payments = [payment for payment in members({"list": listed}, "list") if payment.get("status") != "canceled"]
        payments.sort(key=lambda payment: payment.get("is_default") is not True)
        named = (identifier(mapping(payment, "payment"), "payment_intent") for payment in payments)
        return next((intent_id for intent_id in named if intent_id), None)

    def _customer(self, account: str | None, stripe_customer_id: str) -> Json | None:
        path = f"/v1/customers/{quote(stripe_customer_id, safe='')}"
        customer = self._read(account, path, {"expand[]": "invoice_settings.default_payment_method"})
        return None if customer is None or customer.get("deleted") is True else customer

    def _attached(self, account: str | None, stripe_customer_id: str, *, limit: int) -> Sequence[Card]:
        path = f"/v1/customers/{quote(stripe_customer_id, safe='')}/payment_methods"
        listed = self._read(account, path, {"type": "card", "limit": str(limit)}) or {}
        return [_card(method) for method in members({"list": listed}, "list") if method.get("id")]

    def _read(self, account: str | None, path: str, query: dict[str, str]) -> Json | None:
        """The object or list, None for 404."""
        reply = self._calls.get(account, path, query)
        if isinstance(reply, NoAnswer):
            raise GatewayUnavailable(reply.reason)
        if reply.is_success:
            return reply.body
        if reply.status == 404:
            return None
        raise GatewayUnavailable(reply.described())


def _card(method: Json, *, is_default: bool = False) -> Card:
    card = mapping(method, "card")
    return Card(
        stripe_payment_method_id=str(method.get("id")),
        brand=(text(card, "brand") or "").lower() or None,
        last4=text(card, "last4"),
        exp_month=_whole(card, "exp_month"),
        exp_year=_whole(card, "exp_year"),
        fingerprint=text(card, "fingerprint"),
        is_default=is_default,
    )


def _whole(source: Json, name: str) -> int | None:
    value = source.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
