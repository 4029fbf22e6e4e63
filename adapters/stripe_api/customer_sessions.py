"""The port `CustomerSessions` on Stripe's Checkout."""

from urllib.parse import quote

import stripe

from adapters.stripe_api.calls import Answer, Reply, StripeCalls
from adapters.stripe_api.json_values import Json, UnreadableShape, identifier, mapping, required_id, text
from adapters.stripe_api.listing import NoSuchObject, NotRead, read, read_pages
from adapters.stripe_api.look_up import CLOCK_SLACK
from adapters.stripe_api.shapes import named_invoice_id, our_attempt_id
from adapters.stripe_api.write_answers import carried_out, unreadable
from domain.model.answers import Absent, NotReached, Refused, Unknown
from ports.customer_sessions import (
    CardOrder,
    CustomerSession,
    PaymentOrder,
    PaymentSearch,
    SessionAnswer,
    SessionReading,
    SessionStatus,
)
from ports.pacing import RequestPacer

CARD_PURPOSE = "customer_card"
"""`metadata.purpose` of our pages for cards: a host application has pages of its own."""
_PATH = "/v1/checkout/sessions"


class StripeCustomerSessions:
    """Opens pages at Stripe; see the port. `client` must come from `client.stripe_client`."""

    def __init__(self, client: stripe.StripeClient, pacer: RequestPacer) -> None:
        self._calls = StripeCalls(client, pacer)

    def card_session(self, account: str | None, order: CardOrder) -> SessionAnswer:
        """A new page for a card; see the port."""
        form = {**_page(order), "mode": "setup", "metadata[purpose]": CARD_PURPOSE}
        return _opened(self._calls.post(account, _PATH, form))

    def pay_session(self, account: str | None, order: PaymentOrder) -> SessionAnswer:
        """The page on which the attempt is paid; see the port."""
        return _opened(
            self._calls.post(account, _PATH, _payment(order), idempotency_key=f"{order.attempt_id}:checkout")
        )

    def find_payment(self, account: str | None, wanted: PaymentSearch) -> SessionReading:
        """The attempt's payment page; see the port. Pages made up to six hours before `since` are seen too."""
        since = int((wanted.since - CLOCK_SLACK).timestamp())
        query = {"customer": wanted.stripe_customer_id, "created[gte]": str(since)}
        try:
            for page in read_pages(self._calls, account, _PATH, query):
                for source in page.entries:
                    if our_attempt_id(source) == wanted.attempt_id:
                        return _session(source)
        except NoSuchObject:
            return Absent()
        except (NotRead, UnreadableShape) as problem:
            return NotReached(str(problem))
        return Absent()

    def read(self, account: str | None, session_id: str) -> SessionReading:
        """A page by its id; see the port."""
        return _read(self._calls.get(account, _path(session_id), {"expand[]": "setup_intent"}))

    def expire(self, account: str | None, session_id: str) -> SessionReading:
        """Close an open page; see the port. Stripe refuses to expire one that is not open: then it is read."""
        reply = self._calls.post(account, f"{_path(session_id)}/expire", {})
        if isinstance(reply, Answer) and not reply.is_success and reply.status < 500:
            return self.read(account, session_id)
        return _read(reply)

    def make_default(
        self, account: str | None, stripe_customer_id: str, stripe_payment_method_id: str
    ) -> Refused | Unknown | NotReached | None:
        """Let invoices be charged to that card; see the port."""
        form = {"invoice_settings[default_payment_method]": stripe_payment_method_id}
        answer = carried_out(self._calls.post(account, f"/v1/customers/{quote(stripe_customer_id, safe='')}", form))
        return None if isinstance(answer, Answer) else answer


def _path(session_id: str) -> str:
    return f"{_PATH}/{quote(session_id, safe='')}"


def _page(order: CardOrder | PaymentOrder) -> dict[str, str]:
    return {
        "customer": order.stripe_customer_id,
        "success_url": order.success_url,
        "cancel_url": order.cancel_url,
        "locale": order.language,
        "payment_method_types[0]": "card",
        "metadata[invoice_id]": order.invoice_id,
    }


def _payment(order: PaymentOrder) -> dict[str, str]:
    price = "line_items[0][price_data]"
    return {
        **_page(order),
        "mode": "payment",
        "expires_at": str(int(order.expires_at.timestamp())),
        "metadata[attempt_id]": order.attempt_id,
        "payment_intent_data[metadata][invoice_id]": order.invoice_id,
        "payment_intent_data[metadata][attempt_id]": order.attempt_id,
        f"{price}[currency]": order.currency,
        f"{price}[unit_amount]": str(order.amount_minor),
        f"{price}[product_data][name]": order.title,
        "line_items[0][quantity]": "1",
    }


def _opened(reply: Reply) -> SessionAnswer:
    answer = carried_out(reply)
    if not isinstance(answer, Answer):
        return answer
    try:
        return _session(answer.body)
    except UnreadableShape as problem:
        return unreadable(answer, problem)


def _read(reply: Reply) -> SessionReading:
    try:
        return _session(read(reply).body)
    except NoSuchObject:
        return Absent()
    except (NotRead, UnreadableShape) as problem:
        return NotReached(str(problem))


def _session(source: Json) -> CustomerSession:
    status = source.get("status")
    if status not in set(SessionStatus):
        raise UnreadableShape("the session's status is none of those that this version knows")
    is_ours = text(mapping(source, "metadata"), "purpose") == CARD_PURPOSE
    return CustomerSession(
        id=required_id(source),
        status=SessionStatus(status),
        stripe_customer_id=identifier(source, "customer"),
        url=source["url"] if isinstance(source.get("url"), str) else None,
        invoice_id=named_invoice_id(source),
        stripe_payment_method_id=identifier(mapping(source, "setup_intent"), "payment_method") if is_ours else None,
    )
