"""Running what is due: claim a row, do what it asks, and sweep up every row whose bell was lost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from domain.model.audit import DUNLIN
from domain.model.inbox import InboxStatus
from domain.model.outbox import LEASE, OutboxItem, OutboxKind, OutboxStatus
from domain.services.alert_delivery import deliver_alert
from domain.services.alerting import AlertDesk, run_alert, run_digest, run_summary
from domain.services.backfill import run_backfill
from domain.services.cases import done
from domain.services.charging import Till, put_off, retry_payment
from domain.services.checkouts import make_way
from domain.services.collection import recompute_invoice
from domain.services.dispute_work import accept_dispute, remind
from domain.services.disputes import attach_disputes, reschedule_unmatched, unmatched_ids
from domain.services.host_deliveries import deliver_to_host
from domain.services.new_cards import adopt_card
from domain.services.notices import PostOffice, send_notice
from domain.services.pausing import resume_when_due
from domain.services.reconciliation import Reconciler, run_reconcile
from domain.services.refund_work import carry_out_refund
from domain.services.settling import poll_pending, settle
from domain.services.steps import Ports, Step, in_firm, in_system, ring
from domain.services.webhooks import EventNotProcessed, Mailroom, apply_event
from ports.customer_sessions import CustomerSessions
from ports.dispute_gateway import DisputeGateway
from ports.host_webhooks import HostWebhooks
from ports.job_scheduler import QueueUnavailable
from ports.refund_gateway import RefundGateway
from ports.stripe_records import StripeRecords
from ports.unit_of_work import StorageUnavailable

SWEEP_BATCH = 2_000
"""Due rows looked at in one sweep: many times what the workers can run before the next."""
RING_AHEAD_OF_SWEEP = timedelta(seconds=90)
BACKLOG_BATCH = 200
FAILED_TRIES_MAX = 12
POLICY_BATCH = 100
CLAIM_AGAIN = timedelta(seconds=0.5)


@dataclass(frozen=True)
class Workshop:
    """What running rows needs beside the common ports."""

    till: Till
    mailroom: Mailroom
    alerts: AlertDesk
    refunds: RefundGateway
    disputes: DisputeGateway
    records: StripeRecords
    hosts: HostWebhooks
    office: PostOffice
    sessions: CustomerSessions

    @property
    def books(self) -> Reconciler:
        """What comparing with Stripe's books needs."""
        return Reconciler(self.records, self.disputes)


def run_outbox(ports: Ports, workshop: Workshop, outbox_id: str) -> None:
    """Run one row if it is due and nobody else has it; otherwise nothing. Safe to call any number of times."""
    item = in_system(ports, lambda step: step.tx.outbox.claim(outbox_id, step.now, step.now + LEASE))
    if item is None:
        _ring_again_if_due(ports, outbox_id)
        return
    ports.metrics.observe("dunlin_outbox_delay_seconds", _delay_seconds(ports, item), kind=item.kind.value)
    try:
        _dispatch(ports, workshop, item)
    except StorageUnavailable:
        raise
    except Exception as fault:
        # A fault of ours in one row must not stop the others, nor run hot: it waits, visibly. A charge that had left
        # is settled.
        error = f"{type(fault).__name__}: see the log"
        ports.metrics.count("dunlin_outbox_faults_total", kind=item.kind.value)
        in_firm(ports, item.firm_id, lambda step: _put_off_fault(step, item, error))
        raise


def _ring_again_if_due(ports: Ports, outbox_id: str) -> None:
    """A claim never waits: where a webhook held the row at that instant, it is tried again at once, not by the
    sweep.
    """
    item = in_system(ports, lambda step: step.tx.outbox.get(outbox_id))
    now = ports.clock.now()
    if item is not None and item.status is OutboxStatus.DUE and item.due_at <= now:
        ring(ports, [replace(item, due_at=now + CLAIM_AGAIN)])


def _delay_seconds(ports: Ports, item: OutboxItem) -> float:
    return max(0.0, (ports.clock.now() - item.due_at).total_seconds())


def _put_off_fault(step: Step, item: OutboxItem, error: str) -> None:
    """Unless the row was finished, moved or taken over in between."""
    put_off(step, item, error)


def _dispatch(ports: Ports, workshop: Workshop, item: OutboxItem) -> None:
    _RUNNERS[item.kind](ports, workshop, item)


def _collect(ports: Ports, workshop: Workshop, item: OutboxItem) -> None:
    """An automatic charge: nobody may pay at Checkout meanwhile."""
    make_way(ports, workshop.sessions, item.firm_id, item.invoice_id or "")
    retry_payment(ports, workshop.till, item)


def _match_events(ports: Ports, mailroom: Mailroom, item: OutboxItem) -> None:
    stripe_ids = item.payload["stripe_ids"].split()
    events = in_system(ports, lambda step: step.tx.backlog.mentioning(stripe_ids, BACKLOG_BATCH))
    for account, event_id in events:
        _try_again(ports, mailroom, account, event_id)
    _finish(ports, item)


def _try_again(ports: Ports, mailroom: Mailroom, account: str, event_id: str) -> None:
    entry = in_system(ports, lambda step: step.tx.inbox.lock(account, event_id))
    if entry is not None:
        try:
            apply_event(ports, mailroom, entry.event)
        except EventNotProcessed:
            ports.metrics.count("dunlin_events_still_failing_total")


def _apply_policy(ports: Ports, item: OutboxItem) -> None:
    """A new policy is a new argument to every open invoice's state: a slice now, the next one in a row of its own.
    Disputes without an invoice follow with the first.
    """
    if "after" not in item.payload:
        for dispute_id in unmatched_ids(ports, item.firm_id):
            _apply_policy_to(ports, partial(reschedule_unmatched, ports, item.firm_id, dispute_id))
    ids = in_firm(
        ports, item.firm_id, lambda step: step.tx.history.open_ids(item.payload.get("after", ""), POLICY_BATCH)
    )
    for invoice_id in ids:
        _apply_policy_to(ports, partial(recompute_invoice, ports, item.firm_id, invoice_id, DUNLIN))
    in_firm(ports, item.firm_id, lambda step: _finish_slice(step, item, ids))


def _apply_policy_to(ports: Ports, recompute: Callable[[], object]) -> None:
    try:
        recompute()
    except StorageUnavailable:
        raise
    except Exception:  # noqa: BLE001 - one that cannot be derived must not keep the others from their policy
        ports.metrics.count("dunlin_policy_not_applied_total")


def _finish_slice(step: Step, item: OutboxItem, ids: Sequence[str]) -> None:
    step.tx.outbox.save(done(item))
    if len(ids) < POLICY_BATCH:
        return
    following = replace(
        item,
        id=step.ports.ids.new("out"),
        dedupe_key=f"{item.dedupe_key.partition('@')[0]}@{ids[-1]}",
        due_at=step.now,
        status=OutboxStatus.DUE,
        payload={"after": ids[-1]},
        tries=0,
        lease_until=None,
    )
    step.ring_for(step.tx.outbox.add([following]))


def _finish(ports: Ports, item: OutboxItem) -> None:
    in_firm(ports, item.firm_id, lambda step: step.tx.outbox.save(done(item)))


def sweep(ports: Ports, mailroom: Mailroom) -> int:
    """Ring for every due row that waits in no queue, free what a dead worker held, try stored events again.

    How many rows were rung for. Alone sufficient for everything to happen; the scheduler only makes it punctual.
    """
    horizon = ports.clock.now() + RING_AHEAD_OF_SWEEP
    due = in_system(ports, lambda step: step.tx.schedule.due(horizon, SWEEP_BATCH))
    missing = _not_waiting(ports, [_freed(ports, item) for item in due])
    ring(ports, missing)
    in_system(ports, lambda step: step.tx.heartbeats.beat("sweep", step.now))
    for account, event_id in in_system(ports, _backlog):
        _try_again(ports, mailroom, account, event_id)
    attach_disputes(ports)
    return len(missing)


def _freed(ports: Ports, item: OutboxItem) -> OutboxItem:
    """A row whose holder is gone can be claimed again by whoever the bell reaches."""
    if item.status is not OutboxStatus.CLAIMED:
        return item
    ports.metrics.count("dunlin_leases_expired_total", kind=item.kind.value)
    return replace(item, status=OutboxStatus.DUE, due_at=item.lease_until or item.due_at)


def _not_waiting(ports: Ports, items: list[OutboxItem]) -> list[OutboxItem]:
    """Those that stand in no queue; where the queue cannot be asked, none: there is nobody to ring either."""
    missing = []
    for queue in sorted({item.queue for item in items}):
        try:
            waiting = ports.doorbell.waiting(queue)
        except QueueUnavailable:
            ports.metrics.count("dunlin_sweeps_without_queue_total")
            continue
        missing += [item for item in items if item.queue == queue and item.id not in waiting]
    return missing


def _backlog(step: Step) -> list[tuple[str, str]]:
    matchable = step.tx.backlog.matchable(BACKLOG_BATCH)
    failed = step.tx.backlog.with_status(InboxStatus.FAILED, FAILED_TRIES_MAX, BACKLOG_BATCH)
    return [*matchable, *failed]


_RUNNERS: Mapping[OutboxKind, Callable[[Ports, Workshop, OutboxItem], None]] = {
    OutboxKind.COLLECT: _collect,
    OutboxKind.RETRY: _collect,
    OutboxKind.ADOPT_CARD: lambda ports, workshop, item: adopt_card(ports, workshop.sessions, item),
    OutboxKind.RUN_ATTEMPT: lambda ports, workshop, item: retry_payment(ports, workshop.till, item),
    OutboxKind.SETTLE: lambda ports, workshop, item: settle(ports, workshop.till.gateway, item),
    OutboxKind.POLL_PENDING: lambda ports, workshop, item: poll_pending(ports, workshop.till.gateway, item),
    OutboxKind.MATCH_EVENTS: lambda ports, workshop, item: _match_events(ports, workshop.mailroom, item),
    OutboxKind.APPLY_POLICY: lambda ports, _, item: _apply_policy(ports, item),
    OutboxKind.ALERT: lambda ports, workshop, item: run_alert(ports, workshop.alerts, item),
    OutboxKind.ALERT_DELIVERY: lambda ports, workshop, item: deliver_alert(ports, workshop.alerts, item),
    OutboxKind.ALERT_SUMMARY: lambda ports, workshop, item: run_summary(ports, workshop.alerts, item),
    OutboxKind.ALERT_DIGEST: lambda ports, workshop, item: run_digest(ports, workshop.alerts, item),
    OutboxKind.RESUME: lambda ports, _, item: resume_when_due(ports, item),
    OutboxKind.NOTICE: lambda ports, workshop, item: send_notice(ports, workshop.office, item),
    OutboxKind.REFUND: lambda ports, workshop, item: carry_out_refund(ports, workshop.refunds, item),
    OutboxKind.DISPUTE_DEADLINE: lambda ports, _, item: remind(ports, item),
    OutboxKind.ACCEPT_DISPUTE: lambda ports, workshop, item: accept_dispute(ports, workshop.disputes, item),
    OutboxKind.BACKFILL: lambda ports, workshop, item: run_backfill(ports, workshop.mailroom, workshop.records, item),
    OutboxKind.RECONCILE: lambda ports, workshop, item: run_reconcile(ports, workshop.books, item),
    OutboxKind.HOST_WEBHOOK: lambda ports, workshop, item: deliver_to_host(ports, workshop.hosts, item),
}
"""What each kind of row asks for."""
