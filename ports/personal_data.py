"""Traces of a client outside its own row, found and taken away when its personal data is erased."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from domain.model.inbox import InboxEntry

EventKey = tuple[str, str]
"""(event id, account)."""


@dataclass(frozen=True)
class Trace:
    """By what a client's events are known: its invoices, and its customer at Stripe, whose id they hold."""

    firm_id: str
    invoice_ids: frozenset[str]
    stripe_customer_id: str | None


class PersonalData(Protocol):
    """Stored events and answers that speak of a client."""

    def events(self, trace: Trace, after: EventKey | None, limit: int) -> tuple[Sequence[InboxEntry], EventKey | None]:
        """Of the next `limit` events after `after` those of the client; and the key to go on after, None at the end.

        Events of other firms are left out; those that no firm owns are looked at in system transactions.
        """

    def replace_body(self, account: str, event_id: str, body: Mapping[str, Any]) -> None:
        """Put another body in the place of a stored event's."""

    def erase_notes(self, invoice_id: str) -> None:
        """Take away what people wrote about the invoice's disputes, in every version: `ERASED_NOTE` stands there."""

    def forget_answers(self, text: str) -> int:
        """Forget what was answered to API requests wherever `text` stands in the answer; how many. Their keys stay
        taken, so that nothing is done twice. Raises `WrongFirm` in a system transaction.
        """
