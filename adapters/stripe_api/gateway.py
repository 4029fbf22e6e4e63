"""The port `PaymentGateway` on Stripe's PaymentIntents."""

from urllib.parse import quote

import stripe

from adapters.stripe_api.calls import Answer, NoAnswer, Reply, StripeCalls
from adapters.stripe_api.charge_answers import UNEXPECTED_STATE, answer_to_charge, answer_to_update, refused
from adapters.stripe_api.facts import PENDING_STATUSES, Telling, success_of_intent, waiting_of_intent
from adapters.stripe_api.freezing import FrozenRequest, freeze_charge
from adapters.stripe_api.json_values import UnreadableShape, mapping
from adapters.stripe_api.look_up import LookUp
from adapters.stripe_api.shapes import Intent, read_intent
from domain.model.answers import (
    ChargeAnswer,
    LookUpAnswer,
    NotReached,
    Pending,
    Succeeded,
    Unknown,
    UnknownCause,
)
from domain.model.attempts import FrozenCharge
from domain.model.payment_facts import Source
from ports.clock import Clock
from ports.pacing import RequestPacer
from ports.payment_gateway import ChargeOrder, LookUpOrder


class StripePaymentGateway:
    """Charges cards through Stripe; see the port. `client` must come from `client.stripe_client`."""

    def __init__(self, client: stripe.StripeClient, pacer: RequestPacer, clock: Clock) -> None:
        self._calls = StripeCalls(client, pacer)
        self._clock = clock

    def freeze(self, order: ChargeOrder) -> FrozenCharge:
        """The requests for `order`; see the port."""
        return freeze_charge(order)

    def execute(self, account: str | None, charge: FrozenCharge) -> ChargeAnswer:
        """Send the frozen requests; see the port."""
        *updates, last = (FrozenRequest.thawed(stored) for stored in charge.requests)
        for update in updates:
            undone = answer_to_update(self._send(account, update), update, self._clock.now())
            if undone is not None:
                return undone
        reply = self._send(account, last)
        return answer_to_charge(reply, last, self._clock.now())

    def look_up(self, account: str | None, order: LookUpOrder) -> LookUpAnswer:
        """What became of an attempt; see the port."""
        return LookUp(self._calls, account, order, self._clock.now()).run()

    def cancel_intent(self, account: str | None, stripe_payment_intent_id: str) -> ChargeAnswer | None:
        """Cancel a PaymentIntent; see the port. An intent is canceled once whatever the key, so none is stored."""
        path = f"/v1/payment_intents/{quote(stripe_payment_intent_id, safe='')}/cancel"
        reply = self._calls.post(account, path, {})
        if isinstance(reply, NoAnswer):
            return Unknown(UnknownCause.LOST, reply.reason) if reply.has_left else NotReached(reply.reason)
        try:
            return self._after_cancel(reply)
        except UnreadableShape as problem:
            return Unknown(UnknownCause.LOST, f"Stripe's answer ({reply.status}) cannot be read: {problem}.")

    def _send(self, account: str | None, request: FrozenRequest) -> Reply:
        return self._calls.post(
            account,
            request.path,
            request.form,
            idempotency_key=request.idempotency_key,
            stripe_version=request.stripe_version,
        )

    def _after_cancel(self, answer: Answer) -> ChargeAnswer | None:
        if answer.is_success:
            return self._state(read_intent(answer.body))
        if answer.status >= 500:
            return Unknown(UnknownCause.SERVER_ERROR, answer.described())
        if answer.is_rate_limit:
            return NotReached(answer.described())
        if answer.status == 409:
            return Unknown(UnknownCause.CONFLICT, answer.described())
        shown = mapping(answer.error, "payment_intent")
        if answer.code == UNEXPECTED_STATE and shown:
            return self._state(read_intent(shown))
        return refused(answer)

    def _state(self, intent: Intent) -> ChargeAnswer | None:
        now = self._clock.now()
        telling = Telling(Source.ANSWER, now, now)
        if intent.status == "canceled":
            return None
        if intent.status == "succeeded":
            return Succeeded(success_of_intent(intent, telling))
        if intent.status in PENDING_STATUSES:
            return Pending(waiting_of_intent(intent, telling))
        return Unknown(UnknownCause.CONFLICT, f"The PaymentIntent is {intent.status} after it was to be canceled.")
