"""The port `EventInterpreter`: which events are used, and who reads each."""

from collections.abc import Callable, Mapping
from datetime import datetime

from adapters.stripe_api.events.charges import read_charge_event
from adapters.stripe_api.events.intents import read_intent_event
from adapters.stripe_api.events.invoices import read_invoice_failure, read_invoice_paid, read_invoice_payment
from adapters.stripe_api.events.reading import Subject
from adapters.stripe_api.json_values import UnreadableShape
from domain.model.inbox import Interpretation, StripeEvent
from ports.event_interpreter import UnreadableEvent

_READERS: dict[str, Callable[[Subject], Interpretation]] = {
    "payment_intent.succeeded": read_intent_event,
    "payment_intent.payment_failed": read_intent_event,
    "payment_intent.canceled": read_intent_event,
    "payment_intent.requires_action": read_intent_event,
    "payment_intent.processing": read_intent_event,
    "invoice.payment_succeeded": read_invoice_paid,
    "invoice.paid": read_invoice_paid,
    "invoice.payment_failed": read_invoice_failure,
    "invoice_payment.paid": read_invoice_payment,
    "charge.succeeded": read_charge_event,
    "charge.failed": read_charge_event,
}

HANDLED_TYPES = frozenset(_READERS)


class StripeEventInterpreter:
    """Reads events of any API version from 2012 to 2026; see the port."""

    def interpret(self, event: StripeEvent, heard_at: datetime) -> Interpretation:
        """The facts that `event` tells and the objects it speaks of."""
        reader = _READERS.get(event.type)
        if reader is None:
            return Interpretation(is_handled=False)
        data = event.body.get("data")
        source = data.get("object") if isinstance(data, Mapping) else None
        if not isinstance(source, Mapping):
            raise UnreadableEvent(f"{event.type}: data.object is not an object")
        if source.get("object", kind := event.type.partition(".")[0]) != kind:
            raise UnreadableEvent(f"{event.type}: data.object.object does not say {kind}")
        try:
            return reader(Subject(event.id, event.type, event.created_at, heard_at, source))
        except UnreadableShape as problem:
            raise UnreadableEvent(f"{event.type}: in data.object, {problem}") from None
