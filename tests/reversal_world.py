"""Disputes and refunds in the world of `tests.service_world`: what Stripe tells of them, and what is kept."""

from datetime import datetime
from typing import Any

from domain.model.disputes import Dispute
from domain.model.outbox import PENDING_STATUSES, OutboxItem, OutboxKind
from domain.services.dispute_desk import list_disputes, list_ledger
from domain.services.reading import list_outbox
from domain.services.steps import in_firm
from domain.services.webhooks import Receipt, apply_event
from ports.dispute_repositories import DisputeFilter, DisputeRow, LedgerFilter
from ports.repositories import OutboxFilter, PageRequest
from tests import stripe_events as stripe
from tests.builders import NOW, days
from tests.service_world import World

Json = dict[str, Any]
_ALL = PageRequest(limit=100)
_STANDING_ALONE = {
    OutboxKind.ALERT,
    OutboxKind.ALERT_DELIVERY,
    OutboxKind.ALERT_DIGEST,
    OutboxKind.ALERT_SUMMARY,
    OutboxKind.MATCH_EVENTS,
}
"""Rows that were written by what arrived, and stand on their own."""


def deliver(world: World, *bodies: Json) -> Receipt:
    """The events arrive one after the other; what came of the last."""
    return [apply_event(world.ports, world.mailroom, stripe.parsed(body)) for body in bodies][-1]


def charged(charge_id: str = "ch_1", at: datetime = NOW, *, intent: str = "pi_1", **rest: Any) -> Json:
    """A PaymentIntent was paid by this charge."""
    return stripe.event("charge.succeeded", stripe.charge(charge_id, intent, at, **rest), at)


def charged_again(invoice_id: str) -> Json:
    """The host paid the invoice once more, by charge `ch_2` of a PaymentIntent of its own."""
    return charged("ch_2", NOW + days(1), intent="pi_2", metadata={"invoice_id": invoice_id})


def paid_invoice(world: World, *, amount: int = 4200, **wanted: Any) -> str:
    """An invoice over 42.00 USD that charge `ch_1` paid."""
    invoice_id = world.invoice(autopay=False, amount_due=amount, stripe_payment_intent_id="pi_1", **wanted).invoice.id
    deliver(world, charged(amount=amount))
    return invoice_id


def disputed(turn: str = "created", at: datetime = NOW, dispute_id: str = "dp_1", **rest: Any) -> Json:
    """An event about a dispute of `ch_1` over all of it, to be answered within nine days of its opening."""
    opened_at = rest.pop("opened_at", NOW)
    told = {"due_by": NOW + days(9), **rest}
    dispute = stripe.dispute(dispute_id, told.pop("charge", "ch_1"), told.pop("intent", "pi_1"), opened_at, **told)
    return stripe.event(f"charge.dispute.{turn}", dispute, at)


def withdrawn(amount: int = 4200, dispute_id: str = "dp_1", *, fee: int = 1500) -> Json:
    """The balance transaction that takes the money."""
    return stripe.movement(f"txn_out_{dispute_id}", NOW, -amount, fee=fee)


def reinstated(amount: int = 4200, dispute_id: str = "dp_1", *, at: datetime = NOW) -> Json:
    """The balance transaction that brings it back."""
    return stripe.movement(f"txn_in_{dispute_id}", at, amount)


def refunded(turn: str = "created", at: datetime = NOW, refund_id: str = "re_1", **rest: Any) -> Json:
    """An event about a refund of `ch_1`."""
    made_at = rest.pop("made_at", NOW)
    return stripe.event(f"refund.{turn}", stripe.refund(refund_id, "ch_1", "pi_1", made_at, **rest), at)


def disputes(world: World, **wanted: Any) -> list[DisputeRow]:
    """The firm's disputes."""
    return list(list_disputes(world.ports, world.firm.id, DisputeFilter(**wanted), _ALL).items)


def the_dispute(world: World, dispute_id: str = "dp_1") -> Dispute:
    """As it is kept."""
    return next(row.dispute for row in disputes(world) if row.dispute.stripe_dispute_id == dispute_id)


def booked(world: World) -> dict[str, int]:
    """The ledger's sums by kind."""
    sums: dict[str, int] = {}
    for line in list_ledger(world.ports, world.firm.id, LedgerFilter(), _ALL).items:
        sums[line.entry.kind.value] = sums.get(line.entry.kind.value, 0) + line.entry.amount_minor
    return sums


def rows(world: World, kind: OutboxKind | None = None, **wanted: Any) -> list[OutboxItem]:
    """The firm's outbox rows of that kind, oldest first."""
    page = list_outbox(world.ports, world.firm.id, OutboxFilter(kind=kind, **wanted), _ALL)
    return list(reversed(page.items))


def pending(world: World, kind: OutboxKind) -> list[OutboxItem]:
    """Those of that kind that are still to come."""
    return [item for item in rows(world, kind) if item.status in PENDING_STATUSES]


def alerts(world: World, action: str) -> list[str]:
    """The texts of the alerts that went out about it."""
    return [alert.text for alert in world.alerts.alerts if alert.action == action]


def standing(world: World, invoice_id: str) -> tuple[Any, ...]:
    """Everything that must not depend on the order in which events come."""

    def read(step: Any) -> tuple[Any, ...]:
        reversals = step.tx.history.facts(invoice_id).reversals
        return reversals.refunds, reversals.totals, reversals.disputes, step.tx.journal.ledger_of(invoice_id)

    parts = in_firm(world.ports, world.firm.id, read)
    to_come = {
        (item.kind, item.dedupe_key, item.due_at, item.status, item.invoice_id)
        for item in rows(world)
        if item.status in PENDING_STATUSES and item.kind not in _STANDING_ALONE
    }
    unmatched = [row.dispute for row in disputes(world, is_matched=False)]
    return (
        world.row(invoice_id).figures,
        world.attempts(invoice_id),
        to_come,
        unmatched,
        *(set(map(repr, part)) for part in parts),
    )
