"""Fetching events that never reached us, page by page: what is stored already is a duplicate and changes nothing."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.model.audit import DUNLIN, Note, Severity
from domain.model.outbox import OutboxItem, OutboxKind
from domain.services.bookkeeping import alert_items, audit_event
from domain.services.cases import done, is_same_claim
from domain.services.charging import put_off
from domain.services.steps import Ports, Step, in_firm, in_system
from domain.services.webhooks import EventNotProcessed, Mailroom, apply_event
from ports.payment_gateway import GatewayRefuses, GatewayUnavailable
from ports.stripe_records import StripeRecords

KEPT = timedelta(days=30)
"""So long Stripe lists events. Source: docs.stripe.com/api/events."""
OVERLAP = timedelta(hours=1)
"""A run looks back this far behind the one before it: events are listed a little after they happen."""


@dataclass(frozen=True)
class BackfillPage:
    """What came of one page: events seen, those among them that we had missed, and those that cannot be used."""

    seen: int
    missed: int
    failed: int
    next_cursor: str | None


@dataclass(frozen=True)
class Window:
    """Which events to fetch: of one account (empty: the platform's own), created in [since, until]."""

    account: str
    since: datetime
    until: datetime


def backfill_page(
    ports: Ports, mailroom: Mailroom, records: StripeRecords, window: Window, cursor: str | None
) -> BackfillPage:
    """Fetch and apply one page. Raises `GatewayUnavailable` and `StorageUnavailable`; a repeat changes nothing."""
    page = records.events(window.account or None, window.since, window.until, cursor)
    missed = failed = 0
    for event in reversed(page.events):
        try:
            receipt = apply_event(ports, mailroom, replace(event, account=window.account))
        except EventNotProcessed:
            failed += 1
        else:
            missed += receipt.is_new
    ports.metrics.count("dunlin_backfilled_events_total", missed)
    return BackfillPage(len(page.events), missed, failed, page.next_cursor)


def run_backfill(ports: Ports, mailroom: Mailroom, records: StripeRecords, item: OutboxItem) -> None:
    """Do the page that the claimed row is about; the next page is a row of its own, so that nothing runs long."""
    window = Window(
        account=item.payload["account"],
        since=datetime.fromisoformat(item.payload["since"]),
        until=datetime.fromisoformat(item.payload["until"]),
    )
    try:
        page = backfill_page(ports, mailroom, records, window, item.payload.get("cursor"))
    except GatewayUnavailable as unavailable:
        wait_or_give_up(ports, item, unavailable)
        return
    in_firm(ports, item.firm_id, lambda step: finish_page(step, item, page.next_cursor))
    if page.next_cursor is None:
        remember_finished(ports, Timer(item.kind, window.account), window.until)


@dataclass(frozen=True)
class Timer:
    """When one kind of upkeep of one account last began, and up to when it last came to its end."""

    kind: OutboxKind
    account: str

    @property
    def begun(self) -> str:
        """The heartbeat of its beginning."""
        return f"{self.kind}:{self.account}"

    @property
    def finished(self) -> str:
        """The heartbeat of its end."""
        return f"{self.kind}:{self.account}:finished"


def last_finished(step: Step, timer: Timer) -> datetime:
    """Up to when the last run that came to its end had seen everything."""
    finished = step.tx.heartbeats.last(timer.finished) or step.tx.heartbeats.last(timer.begun)
    return finished or step.now


def remember_finished(ports: Ports, timer: Timer, until: datetime) -> None:
    """A run came to its end, having seen everything up to then."""
    in_system(ports, lambda step: step.tx.heartbeats.beat(timer.finished, until))


def wait_or_give_up(ports: Ports, item: OutboxItem, unavailable: GatewayUnavailable) -> None:
    """Without an answer the row waits. Where Stripe says no it is over, told to the staff once a day, and the next run
    begins where the last one that came to its end had stopped.
    """
    why = str(unavailable)
    if not isinstance(unavailable, GatewayRefuses):
        in_firm(ports, item.firm_id, lambda step: put_off(step, item, why))
        return
    words = f"Stripe refuses to be read for {item.kind}: {why} Check the key and the connected account."
    key = f"stripe_refuses:{item.kind}:{item.payload['account']}:{ports.clock.now():%Y-%m-%d}"
    note = Note("stripe_refuses", Severity.CRITICAL, words, "firm", item.firm_id, {}, key)

    def give_up(step: Step) -> None:
        current = step.tx.outbox.get(item.id)
        if current is None or not is_same_claim(current, item):
            return
        step.tx.outbox.save(done(item, why))
        added = step.tx.outbox.add(alert_items(step, item.firm_id, [note], None))
        if added:
            step.tx.journal.append([audit_event(step, item.firm_id, note, DUNLIN)])
            step.ring_for(added)

    in_firm(ports, item.firm_id, give_up)


def finish_page(step: Step, item: OutboxItem, next_cursor: str | None) -> None:
    """Finish the claimed row; where there is more to do, a row with the next cursor follows."""
    current = step.tx.outbox.get(item.id)
    if current is None or not is_same_claim(current, item):
        return
    step.tx.outbox.save(done(item))
    if next_cursor is None:
        return
    following = OutboxItem(
        id=step.ports.ids.new("out"),
        firm_id=item.firm_id,
        kind=item.kind,
        dedupe_key=f"{item.dedupe_key.partition('@')[0]}@{next_cursor}",
        due_at=step.now,
        payload={**item.payload, "cursor": next_cursor},
    )
    step.ring_for(step.tx.outbox.add([following]))


def backfill_row(step: Step, firm_id: str, window: Window) -> OutboxItem:
    """The row that starts a backfill."""
    return OutboxItem(
        id=step.ports.ids.new("out"),
        firm_id=firm_id,
        kind=OutboxKind.BACKFILL,
        dedupe_key=f"{OutboxKind.BACKFILL}:{window.account}:{int(window.until.timestamp())}",
        due_at=step.now,
        payload={
            "account": window.account,
            "since": window.since.isoformat(),
            "until": window.until.isoformat(),
        },
    )
