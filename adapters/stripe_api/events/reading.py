"""What every reader of one kind of event gets and gives."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from adapters.stripe_api.facts import Telling
from adapters.stripe_api.json_values import Json
from domain.model.disputes import DisputeTelling
from domain.model.inbox import Interpretation
from domain.model.payment_facts import PaymentFact, Source
from domain.model.refunds import RefundTelling, RefundTotal

# Enough for every object that one event can truly speak of; a list in an event holds ten.
_STRIPE_IDS_MAX = 50


@dataclass(frozen=True)
class Subject:
    """The object of one event, and the event's frame. `object` is `data.object`."""

    event_id: str
    type: str
    created_at: datetime
    heard_at: datetime
    object: Json

    def telling(self, source: Source) -> Telling:
        """The event as the origin of a fact."""
        return Telling(source, self.created_at, self.heard_at, self.event_id)


def understood(
    stripe_ids: Iterable[str | None],
    *,
    named_invoice_id: str | None = None,
    facts: Iterable[PaymentFact | None] = (),
    refunds: Iterable[RefundTelling] = (),
    totals: Iterable[RefundTotal] = (),
    disputes: Iterable[DisputeTelling] = (),
    card_sessions: Iterable[str] = (),
    note: str | None = None,
) -> Interpretation:
    """A handled event's meaning, with what is missing left out and each id once, in order."""
    ids = tuple(dict.fromkeys(stripe_id for stripe_id in stripe_ids if stripe_id))
    return Interpretation(
        is_handled=True,
        stripe_ids=ids[:_STRIPE_IDS_MAX],
        named_invoice_id=named_invoice_id,
        facts=tuple(fact for fact in facts if fact is not None),
        refunds=tuple(refunds),
        totals=tuple(totals),
        disputes=tuple(disputes),
        card_sessions=tuple(card_sessions),
        note=note,
    )
