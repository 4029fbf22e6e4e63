"""The port `EventInterpreter`: which events are used, and who reads each."""

from collections.abc import Callable, Mapping
from datetime import datetime

from adapters.stripe_api.events.charges import read_charge_event
from adapters.stripe_api.events.checkouts import read_completed, read_ended
from adapters.stripe_api.events.disputes import read_dispute_event
from adapters.stripe_api.events.fraud import read_fraud_warning, read_review
from adapters.stripe_api.events.intents import read_intent_event
from adapters.stripe_api.events.invoices import read_invoice_failure, read_invoice_paid, read_invoice_payment
from adapters.stripe_api.events.reading import Subject
from adapters.stripe_api.events.refunds import read_charge_refunded, read_refund_event
from adapters.stripe_api.json_values import Json, UnreadableShape, identifier
from domain.model.erasure import is_erased
from domain.model.inbox import Interpretation, StripeEvent
from ports.event_interpreter import UnreadableEvent

Reader = Callable[[Subject], Interpretation]

# Each reader with the kind of object that its events are about.
_READERS: dict[str, tuple[str, Reader]] = {
    "payment_intent.succeeded": ("payment_intent", read_intent_event),
    "payment_intent.payment_failed": ("payment_intent", read_intent_event),
    "payment_intent.canceled": ("payment_intent", read_intent_event),
    "payment_intent.requires_action": ("payment_intent", read_intent_event),
    "payment_intent.processing": ("payment_intent", read_intent_event),
    "invoice.payment_succeeded": ("invoice", read_invoice_paid),
    "invoice.paid": ("invoice", read_invoice_paid),
    "invoice.payment_failed": ("invoice", read_invoice_failure),
    "invoice_payment.paid": ("invoice_payment", read_invoice_payment),
    "charge.succeeded": ("charge", read_charge_event),
    "charge.failed": ("charge", read_charge_event),
    "charge.refunded": ("charge", read_charge_refunded),
    "charge.refund.updated": ("refund", read_refund_event),
    "refund.created": ("refund", read_refund_event),
    "refund.updated": ("refund", read_refund_event),
    "refund.failed": ("refund", read_refund_event),
    "charge.dispute.created": ("dispute", read_dispute_event),
    "charge.dispute.updated": ("dispute", read_dispute_event),
    "charge.dispute.closed": ("dispute", read_dispute_event),
    "charge.dispute.funds_withdrawn": ("dispute", read_dispute_event),
    "charge.dispute.funds_reinstated": ("dispute", read_dispute_event),
    "checkout.session.completed": ("checkout.session", read_completed),
    "checkout.session.expired": ("checkout.session", read_ended),
    "checkout.session.async_payment_failed": ("checkout.session", read_ended),
    "radar.early_fraud_warning.created": ("radar.early_fraud_warning", read_fraud_warning),
    "radar.early_fraud_warning.updated": ("radar.early_fraud_warning", read_fraud_warning),
    "review.opened": ("review", read_review),
    "review.closed": ("review", read_review),
}

HANDLED_TYPES = frozenset(_READERS)


class StripeEventInterpreter:
    """Reads events of any API version from 2012 to 2026; see the port."""

    def interpret(self, event: StripeEvent, heard_at: datetime) -> Interpretation:
        """The facts that `event` tells and the objects it speaks of."""
        if event.type not in _READERS:
            return Interpretation(is_handled=False)
        if is_erased(event.body):
            raise UnreadableEvent("its content was erased with a client's personal data and cannot be processed again")
        kind, reader = _READERS[event.type]
        data = event.body.get("data")
        source = data.get("object") if isinstance(data, Mapping) else None
        if not isinstance(source, Mapping):
            raise UnreadableEvent(f"{event.type}: data.object is not an object")
        if source.get("object", kind) != kind:
            raise UnreadableEvent(f"{event.type}: data.object.object does not say {kind}")
        try:
            return reader(Subject(event.id, event.type, event.created_at, heard_at, source))
        except UnreadableShape as problem:
            raise UnreadableEvent(f"{event.type}: in data.object, {problem}", _named(source)) from None


def _named(source: Json) -> list[str]:
    """The objects that an unreadable one names in the usual places."""
    named = (identifier(source, name) for name in ("id", "charge", "payment_intent"))
    return [stripe_id for stripe_id in named if stripe_id is not None]
