"""What an event of Stripe's means in our words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.model.inbox import Interpretation, StripeEvent


class UnreadableEvent(Exception):
    """The event's shape is not what its type promises; the text names the field. It is stored as failed and can be
    replayed. `stripe_ids` are the objects it speaks of, as far as they can be read.
    """

    def __init__(self, problem: str, stripe_ids: Sequence[str] = ()) -> None:
        super().__init__(problem)
        self.stripe_ids = stripe_ids


class EventInterpreter(Protocol):
    """Translates event JSON of any API version into facts."""

    def interpret(self, event: StripeEvent, heard_at: datetime) -> Interpretation:
        """The facts that `event` tells and the objects it speaks of; `is_handled` is false for types that we do not
        use.

        Pure: no look-up, the same answer each time. Raises `UnreadableEvent`.
        """
