"""What an event of Stripe's means in our words."""

from datetime import datetime
from typing import Protocol

from domain.model.inbox import Interpretation, StripeEvent


class UnreadableEvent(Exception):
    """The event's shape is not what its type promises; the text names the field. It is stored as failed and can be
    replayed.
    """


class EventInterpreter(Protocol):
    """Translates event JSON of any API version into facts."""

    def interpret(self, event: StripeEvent, heard_at: datetime) -> Interpretation:
        """The facts that `event` tells and the objects it speaks of; `is_handled` is false for types that we do not
        use.

        Pure: no look-up, the same answer each time. Raises `UnreadableEvent`.
        """
