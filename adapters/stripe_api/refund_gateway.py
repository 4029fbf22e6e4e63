"""The port `RefundGateway` on Stripe's refunds."""

import stripe

from adapters.stripe_api.calls import Answer, StripeCalls, stripe_time
from adapters.stripe_api.json_values import UnreadableShape
from adapters.stripe_api.listing import NoSuchObject, NotRead, read_pages
from adapters.stripe_api.look_up import CLOCK_SLACK
from adapters.stripe_api.refund_shapes import our_request_id, read_refund
from adapters.stripe_api.write_answers import carried_out, unreadable
from domain.model.answers import Absent, NotReached, RefundAnswer, Refunded, RefundLookUpAnswer
from ports.clock import Clock
from ports.pacing import RequestPacer
from ports.refund_gateway import RefundOrder

_PATH = "/v1/refunds"


class StripeRefundGateway:
    """Gives money back through Stripe; see the port. `client` must come from `client.stripe_client`."""

    def __init__(self, client: stripe.StripeClient, pacer: RequestPacer, clock: Clock) -> None:
        self._calls = StripeCalls(client, pacer)
        self._clock = clock

    def refund(self, account: str | None, order: RefundOrder) -> RefundAnswer:
        """Ask for the refund; see the port."""
        answer = carried_out(self._calls.post(account, _PATH, _form(order), idempotency_key=order.idempotency_key))
        if not isinstance(answer, Answer):
            return answer
        try:
            return Refunded(read_refund(answer.body, stripe_time(answer.told_at, self._clock.now())))
        except UnreadableShape as problem:
            return unreadable(answer, problem)

    def find(self, account: str | None, order: RefundOrder) -> RefundLookUpAnswer:
        """The refund with that `refund_id`; see the port. Refunds made up to six hours before `since` are seen too."""
        since = int((order.since - CLOCK_SLACK).timestamp())
        try:
            return self._find(account, order, {**_refunded(order), "created[gte]": str(since)})
        except NoSuchObject:
            return Absent()
        except NotRead as problem:
            return NotReached(str(problem))
        except UnreadableShape as problem:
            return NotReached(f"Stripe's answer to a look-up cannot be read: {problem}.")

    def _find(self, account: str | None, order: RefundOrder, query: dict[str, str]) -> Refunded | Absent:
        for page in read_pages(self._calls, account, _PATH, query):
            for source in page.entries:
                if our_request_id(source) == order.refund_id:
                    return Refunded(read_refund(source, stripe_time(page.told_at, self._clock.now())))
        return Absent()


def _form(order: RefundOrder) -> dict[str, str]:
    form = {
        **_refunded(order),
        "amount": str(order.amount_minor),
        "metadata[refund_id]": order.refund_id,
        "metadata[invoice_id]": order.invoice_id,
    }
    return {**form, "reason": order.reason} if order.reason else form


def _refunded(order: RefundOrder) -> dict[str, str]:
    """The charge, else the PaymentIntent: Stripe takes one of them, not both."""
    if order.stripe_charge_id is not None:
        return {"charge": order.stripe_charge_id}
    return {"payment_intent": order.stripe_payment_intent_id or ""}
