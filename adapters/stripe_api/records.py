"""The port `StripeRecords`: events, PaymentIntents, refunds and disputes as Stripe lists them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import stripe

from adapters.stripe_api.calls import StripeCalls, stripe_time
from adapters.stripe_api.event_json import NotStorable, parse_object, read_event
from adapters.stripe_api.events.disputes import told_of_dispute
from adapters.stripe_api.events.intents import told_of_intent
from adapters.stripe_api.events.interpreter import HANDLED_TYPES
from adapters.stripe_api.events.refunds import told_of_refund
from adapters.stripe_api.json_values import Json, UnreadableShape, text
from adapters.stripe_api.listing import Denied, NotRead, Page, read_page
from domain.model.inbox import Interpretation, StripeEvent
from ports.pacing import RequestPacer
from ports.payment_gateway import GatewayRefuses, GatewayUnavailable
from ports.stripe_records import EventPage, Record, RecordKind, RecordPage


@dataclass(frozen=True)
class _Listing:
    """Where one kind of object is listed, and who reads one: the object, Stripe's time, and when we heard of it."""

    path: str
    tell: Callable[[Json, datetime, datetime], Interpretation]
    query: Mapping[str, str]


_LISTINGS = {
    RecordKind.PAYMENT_INTENT: _Listing("/v1/payment_intents", told_of_intent, {"expand[]": "data.latest_charge"}),
    RecordKind.REFUND: _Listing("/v1/refunds", lambda source, told_at, _: told_of_refund(source, told_at), {}),
    RecordKind.DISPUTE: _Listing("/v1/disputes", lambda source, told_at, _: told_of_dispute(source, told_at), {}),
}


class StripeRecordsReader:
    """Reads Stripe's own books; see the port. `client` must come from `client.stripe_client`."""

    def __init__(self, client: stripe.StripeClient, pacer: RequestPacer) -> None:
        self._calls = StripeCalls(client, pacer)

    def events(self, account: str | None, since: datetime, until: datetime, cursor: str | None) -> EventPage:
        """Events of the types that we use; see the port.

        All types are asked for and filtered here: Stripe takes 20 types at most (docs.stripe.com/api/events/list).
        """
        window = {"created[gte]": str(int(since.timestamp())), "created[lte]": str(int(until.timestamp()))}
        page = self._page(account, "/v1/events", window, cursor)
        used = (entry for entry in page.entries if entry.get("type") in HANDLED_TYPES)
        events = (_event(entry, account) for entry in used)
        return EventPage(tuple(event for event in events if event is not None), page.next_cursor)

    def records(
        self, account: str | None, kind: RecordKind, since: datetime, heard_at: datetime, cursor: str | None
    ) -> RecordPage:
        """Objects created since then; see the port."""
        listing = _LISTINGS[kind]
        query = {**listing.query, "created[gte]": str(int(since.timestamp()))}
        page = self._page(account, listing.path, query, cursor)
        told_at = stripe_time(page.told_at, heard_at)
        return RecordPage(
            tuple(_record(kind, listing, entry, told_at, heard_at) for entry in page.entries), page.next_cursor
        )

    def _page(self, account: str | None, path: str, query: Mapping[str, str], cursor: str | None) -> Page:
        try:
            return read_page(self._calls, account, path, query, cursor)
        except Denied as problem:
            raise GatewayRefuses(str(problem)) from None
        except NotRead as problem:
            raise GatewayUnavailable(str(problem)) from None


def _event(entry: Json, account: str | None) -> StripeEvent | None:
    """The event as its webhook would have brought it; None for what no webhook could have brought either.

    A connected account's own list need not repeat its id.
    """
    try:
        event = read_event(parse_object(json.dumps(entry).encode()))
    except (NotStorable, UnreadableShape):
        return None
    return replace(event, account=event.account or account or "")


def _record(kind: RecordKind, listing: _Listing, entry: Json, told_at: datetime, heard_at: datetime) -> Record:
    stripe_id = text(entry, "id") or "without an id"
    try:
        return Record(kind, stripe_id, listing.tell(entry, told_at, heard_at))
    except UnreadableShape as problem:
        return Record(kind, stripe_id, Interpretation(is_handled=True), problem=str(problem))
