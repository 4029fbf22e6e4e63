"""Comparing what we know with what Stripe has on record, and mending it by telling ourselves what Stripe shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.model.answers import DisputeShown, NotReached, Refused, Unknown
from domain.model.audit import Actor
from domain.model.disputes import DisputeTelling, dispute_id, merge_dispute
from domain.model.drift import dispute_drift, drift
from domain.model.inbox import Interpretation
from domain.model.outbox import OutboxItem, OutboxKind
from domain.services.backfill import Timer, finish_page, remember_finished, wait_or_give_up
from domain.services.bookkeeping import terms_of, with_told
from domain.services.disputes import hold_disputes, record_unmatched
from domain.services.steps import Ports, Step, in_firm, in_system
from domain.services.telling import tell_invoice
from ports.dispute_gateway import DisputeGateway
from ports.payment_gateway import GatewayUnavailable
from ports.repositories import Match
from ports.stripe_records import Record, RecordKind, StripeRecords
from ports.unit_of_work import StorageUnavailable

RECONCILER = Actor("dunlin", "reconcile")
LOOK_BACK = timedelta(days=35)
"""A refund may fail up to 30 days after it was made. Source: docs.stripe.com/refunds."""
DISPUTE_LOOK_BACK = timedelta(days=180)
"""A dispute lives two to three months, sometimes more. Source: docs.stripe.com/disputes/how-disputes-work."""
OLDER = "older:"
"""How the cursor begins of disputes from before that time, which are looked at one by one."""
OLDER_MAX = 5_000
OLDER_AT_ONCE = 20
"""Looked at in one go: well within a lease, even at Stripe's rate limit."""


@dataclass(frozen=True)
class Reconciler:
    """Stripe's books, and single disputes in them."""

    records: StripeRecords
    disputes: DisputeGateway


@dataclass(frozen=True)
class Drift:
    """One difference: `subject` is what it is about, by Stripe's id, with our invoice where there is one."""

    kind: RecordKind
    subject: str
    words: str
    is_mended: bool


@dataclass(frozen=True)
class Stage:
    """One kind of object of one account (empty: the platform's own), from `since` on."""

    account: str
    kind: RecordKind
    since: datetime
    is_repairing: bool


def stages(account: str, now: datetime, since: datetime | None, *, is_repairing: bool) -> tuple[Stage, ...]:
    """What a whole reconciliation goes through, in order: payments first, since the rest hangs on them."""
    return tuple(
        Stage(
            account, kind, since or now - (DISPUTE_LOOK_BACK if kind is RecordKind.DISPUTE else LOOK_BACK), is_repairing
        )
        for kind in RecordKind
    )


def reconcile_page(
    ports: Ports, reconciler: Reconciler, stage: Stage, cursor: str | None
) -> tuple[tuple[Drift, ...], str | None]:
    """Compare one page: the differences, and the cursor of the next page. Raises `GatewayUnavailable`."""
    if cursor is not None and cursor.startswith(OLDER):
        found, next_cursor = _older_disputes(ports, reconciler, stage, cursor.removeprefix(OLDER))
    else:
        page = reconciler.records.records(stage.account or None, stage.kind, stage.since, ports.clock.now(), cursor)
        found = [drift for record in page.records for drift in _compare(ports, stage, record)]
        next_cursor = page.next_cursor or (OLDER if _older_ids(ports, stage) else None)
    for difference in found:
        ports.metrics.count("dunlin_drift_total", kind=difference.kind.value)
    return tuple(found), next_cursor


def _older_ids(ports: Ports, stage: Stage) -> list[str]:
    """Open disputes from before the time that Stripe's list covers, by Stripe's id."""
    if stage.kind is not RecordKind.DISPUTE:
        return []

    def read(step: Step) -> list[str]:
        account_firms = {firm.id for firm in step.tx.firms.all() if (firm.stripe_account or "") == stage.account}
        ids = step.tx.disputes.open_stripe_ids(stage.since, OLDER_MAX)
        return sorted(stripe_id for firm_id, stripe_id in ids if firm_id in account_firms)

    return in_system(ports, read)


def _older_disputes(ports: Ports, reconciler: Reconciler, stage: Stage, after: str) -> tuple[list[Drift], str | None]:
    """The next few of them. Raises `GatewayUnavailable`."""
    ids = [stripe_id for stripe_id in _older_ids(ports, stage) if stripe_id > after]
    found: list[Drift] = []
    for stripe_id in ids[:OLDER_AT_ONCE]:
        match reconciler.disputes.show(stage.account or None, stripe_id):
            case DisputeShown(telling):
                found += _compare(ports, stage, _record_of(telling))
            case NotReached(reason):
                raise GatewayUnavailable(reason)
            case Refused(reason) | Unknown(_, reason):
                words = f"is open here and cannot be seen at Stripe: {reason}"
                found.append(Drift(stage.kind, stripe_id, words, is_mended=False))
    return found, f"{OLDER}{ids[OLDER_AT_ONCE - 1]}" if len(ids) > OLDER_AT_ONCE else None


def _record_of(telling: DisputeTelling) -> Record:
    ids = (telling.stripe_dispute_id, telling.stripe_charge_id, telling.stripe_payment_intent_id)
    stripe_ids = tuple(stripe_id for stripe_id in ids if stripe_id)
    told = Interpretation(is_handled=True, stripe_ids=stripe_ids, disputes=(telling,))
    return Record(RecordKind.DISPUTE, telling.stripe_dispute_id, told)


def _compare(ports: Ports, stage: Stage, record: Record) -> list[Drift]:
    if record.problem is not None:
        return [Drift(stage.kind, record.stripe_id, f"cannot be read: {record.problem}", is_mended=False)]
    try:
        return in_system(ports, lambda step: _compare_in(step, stage, record))
    except StorageUnavailable:
        raise
    except Exception as fault:  # noqa: BLE001 - one object that cannot be compared must not hide what all others show
        ports.metrics.count("dunlin_reconcile_faults_total")
        words = f"cannot be compared: {type(fault).__name__}"
        return [Drift(stage.kind, record.stripe_id, words, is_mended=False)]


def _compare_in(step: Step, stage: Stage, record: Record) -> list[Drift]:
    told = record.told
    match = step.tx.inbox.match(stage.account, told.named_invoice_id, told.stripe_ids)
    if match.firm_id is None or match.is_ambiguous:
        return []
    step.tx.enter_firm(match.firm_id)
    if match.invoice_id is None:
        return _compare_unmatched(step, stage, record, match.firm_id)
    return _compare_matched(step, stage, record, match)


def _compare_matched(step: Step, stage: Stage, record: Record, match: Match) -> list[Drift]:
    assert match.firm_id is not None
    assert match.invoice_id is not None
    told = record.told
    standing = hold_disputes(step, match.firm_id, told.disputes)
    invoice_id = (standing.invoice_id if standing else None) or match.invoice_id
    facts, firm = step.tx.history.facts(invoice_id), step.tx.firms.get(match.firm_id)
    assert facts is not None
    assert firm is not None
    words = drift(facts, with_told(facts, told), terms_of(step, firm))
    if words and stage.is_repairing:
        tell_invoice(step, match.firm_id, invoice_id, told, RECONCILER)
    subject = f"{record.stripe_id} (invoice {facts.invoice.number})"
    return [Drift(stage.kind, subject, sentence, is_mended=stage.is_repairing) for sentence in words]


def _compare_unmatched(step: Step, stage: Stage, record: Record, firm_id: str) -> list[Drift]:
    """A dispute is ours even while nobody knows its invoice; other payments of the account are somebody else's."""
    found = []
    for telling in record.told.disputes:
        key = dispute_id(firm_id, telling.stripe_dispute_id)
        standing = step.tx.disputes.hold(key)
        before = standing.dispute if standing else None
        words = dispute_drift(before, merge_dispute(key, before, [telling]))
        if words is None:
            continue
        firm = step.tx.firms.get(firm_id)
        if stage.is_repairing and firm is not None:
            record_unmatched(step, firm, telling)
        found.append(Drift(stage.kind, record.stripe_id, words, is_mended=stage.is_repairing))
    return found


def run_reconcile(ports: Ports, reconciler: Reconciler, item: OutboxItem) -> None:
    """Do the page that the claimed row is about, mending what differs; the next page, or kind, is a row of its own."""
    kinds = list(RecordKind)
    stage = Stage(
        account=item.payload["account"],
        kind=RecordKind(item.payload["kind"]),
        since=datetime.fromisoformat(item.payload["since"]),
        is_repairing=True,
    )
    try:
        _, next_cursor = reconcile_page(ports, reconciler, stage, item.payload.get("cursor"))
    except GatewayUnavailable as unavailable:
        wait_or_give_up(ports, item, unavailable)
        return
    is_last = next_cursor is None and stage.kind is kinds[-1]
    following = () if next_cursor is not None or is_last else (kinds[kinds.index(stage.kind) + 1],)

    def finish(step: Step) -> None:
        finish_page(step, item, next_cursor)
        rows = [reconcile_row(step, item.firm_id, stage.account, kind, item.payload["run"]) for kind in following]
        step.ring_for(step.tx.outbox.add(rows))

    in_firm(ports, item.firm_id, finish)
    if is_last:
        remember_finished(ports, Timer(item.kind, stage.account), ports.clock.now())


def reconcile_row(step: Step, firm_id: str, account: str, kind: RecordKind, run: str) -> OutboxItem:
    """The row that starts with one kind; `run` tells one night's rows from the next's."""
    (stage,) = (stage for stage in stages(account, step.now, None, is_repairing=True) if stage.kind is kind)
    return OutboxItem(
        id=step.ports.ids.new("out"),
        firm_id=firm_id,
        kind=OutboxKind.RECONCILE,
        dedupe_key=f"{OutboxKind.RECONCILE}:{account}:{kind}:{run}",
        due_at=step.now,
        payload={"account": account, "kind": kind.value, "since": stage.since.isoformat(), "run": run},
    )


def accounts(step: Step) -> Sequence[tuple[str, str]]:
    """(account, the firm whose rows its upkeep is) for each Stripe account that firms use."""
    first: dict[str, str] = {}
    for firm in step.tx.firms.all():
        first.setdefault(firm.stripe_account or "", firm.id)
    return tuple(first.items())
