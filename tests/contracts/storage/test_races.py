"""What happens at the same moment: nothing is lost, nothing happens twice, and who has to wait waits."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.model.attempts import AttemptStatus
from domain.model.disputes import Dispute, DisputeTelling, dispute_id, merge_dispute
from domain.model.errors import Conflict
from domain.model.inbox import InboxStatus
from ports.unit_of_work import SerializationConflict, Transaction, UnitOfWork
from tests.builders import (
    FIRM_ID,
    INVOICE_ID,
    NOW,
    a_change,
    a_client,
    a_decline,
    an_attempt,
    an_event,
    an_inbox_entry,
    an_invoice,
    an_outbox_item,
)
from tests.reversal_builders import a_withdrawal, dispute_telling, with_reversals
from tests.storage import all_at_once, in_firm, in_system, keep_invoice

THREADS = 50


def test_of_fifty_changes_of_one_invoice_none_is_lost(uow: UnitOfWork) -> None:
    keep_invoice(uow)

    all_at_once([lambda n=n: in_firm(uow, lambda tx: _add_decline(tx, f"ch_{n}")) for n in range(THREADS)])

    facts = in_firm(uow, lambda tx: tx.history.facts(INVOICE_ID))
    assert facts is not None
    assert len(facts.payments) == THREADS
    assert facts.version == THREADS
    assert len(in_firm(uow, lambda tx: tx.outbox.pending_for(INVOICE_ID))) == THREADS


def test_an_event_that_is_delivered_fifty_times_at_once_is_recorded_once(uow: UnitOfWork) -> None:
    keep_invoice(uow, stripe_ids=["pi_1"])

    recorded = all_at_once([lambda: in_system(uow, _receive) for _ in range(THREADS)])

    assert sorted(recorded) == [False] * (THREADS - 1) + [True]
    facts = in_firm(uow, lambda tx: tx.history.facts(INVOICE_ID))
    assert facts is not None
    assert facts.version == 1


def test_each_due_row_is_claimed_once(uow: UnitOfWork) -> None:
    rows = [an_outbox_item(id=f"out_{n:02}") for n in range(20)]
    in_firm(uow, lambda tx: tx.outbox.add(rows))

    claimed = all_at_once([lambda: _claim_all(uow) for _ in range(8)])

    assert sorted(item_id for items in claimed for item_id in items) == [row.id for row in rows]


def test_of_two_attempts_opened_at_once_one_is_refused(uow: UnitOfWork) -> None:
    keep_invoice(uow)

    outcomes = all_at_once([lambda n=n: _open_attempt(uow, f"att_{n}") for n in range(8)])

    assert sorted(outcomes) == ["opened", *["refused"] * 7]


def test_who_waited_for_an_invoice_sees_all_that_the_holder_wrote(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    is_waiting = threading.Event()
    seen = []

    def wait_and_look() -> None:
        with uow.firm(FIRM_ID) as tx:
            is_waiting.set()
            seen.append(tx.invoices.lock(INVOICE_ID))

    with uow.firm(FIRM_ID) as holder:
        _add_decline(holder, "ch_1")
        waiter = threading.Thread(target=wait_and_look)
        waiter.start()
        is_waiting.wait(5)
        has_finished_early = _ends_within(waiter, seconds=0.3)
        holder.commit()
    waiter.join(10)

    assert not has_finished_early
    assert seen[0].facts.payments == (a_decline(stripe_charge_id="ch_1"),)
    assert [item.id for item in seen[0].pending] == ["out_ch_1"]


def test_an_invoice_is_free_again_when_its_holder_gives_up(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    with uow.firm(FIRM_ID) as tx:
        tx.invoices.lock(INVOICE_ID)

    in_firm(uow, lambda tx: _add_decline(tx, "ch_1"))

    assert in_firm(uow, lambda tx: len(tx.outbox.pending_for(INVOICE_ID))) == 1


def test_invoices_do_not_wait_for_each_other(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    keep_invoice(uow, an_invoice(id="inv_other"))

    with uow.firm(FIRM_ID) as holder:
        holder.invoices.lock(INVOICE_ID)

        (other,) = all_at_once([lambda: in_firm(uow, lambda tx: tx.invoices.lock("inv_other"))])

    assert other is not None


def test_of_two_that_wait_for_each_other_one_is_told_to_run_again(uow: UnitOfWork) -> None:
    keep_invoice(uow, an_invoice(id="inv_a"))
    keep_invoice(uow, an_invoice(id="inv_b"))
    both_hold_one = threading.Barrier(2, timeout=10)

    def lock_both(first: str, second: str) -> str:
        try:
            with uow.firm(FIRM_ID) as tx:
                tx.invoices.lock(first)
                both_hold_one.wait()
                tx.invoices.lock(second)
                tx.commit()
        except SerializationConflict:
            return "run again"
        return "kept"

    outcomes = all_at_once([lambda: lock_both("inv_a", "inv_b"), lambda: lock_both("inv_b", "inv_a")])

    assert sorted(outcomes) == ["kept", "run again"]


@pytest.mark.parametrize(
    "add",
    [
        lambda tx, n: tx.clients.add(a_client(id=f"cli_{n}", stripe_customer_id="cus_1")),
        lambda tx, n: tx.outbox.add([an_outbox_item(id=f"out_{n}", dedupe_key="alert:1")])[0],
    ],
    ids=["customers", "dedupe keys"],
)
def test_what_is_unique_is_taken_by_one_of_many_at_once(
    uow: UnitOfWork, add: Callable[[Transaction, int], object]
) -> None:
    def take(number: int) -> bool:
        try:
            in_firm(uow, lambda tx: add(tx, number))
        except (Conflict, IndexError):
            return False
        return True

    taken = all_at_once([lambda n=n: take(n) for n in range(8)])

    assert taken.count(True) == 1


def test_an_idempotency_key_is_reserved_by_one_of_many_at_once(uow: UnitOfWork) -> None:
    def begin() -> bool:
        return in_firm(uow, lambda tx: tx.idempotency.begin("k", "print", NOW)) is None

    ours = all_at_once([begin for _ in range(8)])

    assert ours.count(True) == 1


def test_a_key_whose_holder_gave_up_goes_to_who_waited(uow: UnitOfWork) -> None:
    ours = []

    def begin() -> None:
        ours.append(in_firm(uow, lambda tx: tx.idempotency.begin("k", "print", NOW)))

    with uow.firm(FIRM_ID) as holder:
        holder.idempotency.begin("k", "print", NOW)
        waiter = threading.Thread(target=begin)
        waiter.start()
        has_finished_early = _ends_within(waiter, seconds=0.2)
    waiter.join(10)

    assert not has_finished_early
    assert ours == [None]


def test_a_locked_event_waits_too(uow: UnitOfWork) -> None:
    in_system(uow, lambda tx: tx.inbox.record(an_inbox_entry(status=InboxStatus.UNMATCHED)))
    seen = []

    with uow.system() as holder:
        entry = holder.inbox.lock("", "evt_1")
        assert entry is not None
        waiter = threading.Thread(target=lambda: seen.append(in_system(uow, lambda tx: tx.inbox.lock("", "evt_1"))))
        waiter.start()
        has_finished_early = _ends_within(waiter, seconds=0.2)
        holder.inbox.save(replace(entry, status=InboxStatus.PROCESSED))
        holder.commit()
    waiter.join(10)

    assert not has_finished_early
    assert seen[0].status is InboxStatus.PROCESSED


def test_of_fifty_who_tell_of_one_unmatched_dispute_none_is_forgotten(uow: UnitOfWork) -> None:
    all_at_once([lambda n=n: in_firm(uow, lambda tx: _tell_unmatched(tx, n)) for n in range(THREADS)])

    row = in_firm(uow, lambda tx: tx.disputes.get("dp_1"))
    assert row is not None
    assert len(row.dispute.movements) == THREADS


def test_who_stores_a_dispute_unmatched_and_who_attaches_it_do_not_lose_each_others_word(uow: UnitOfWork) -> None:
    keep_invoice(uow)

    tellers = [lambda n=n: in_firm(uow, lambda tx: _tell_unmatched(tx, n)) for n in range(8)]
    attachers = [lambda n=n: in_firm(uow, lambda tx: _attach(tx, 100 + n)) for n in range(8)]
    all_at_once([work for pair in zip(tellers, attachers, strict=True) for work in pair])

    row = in_firm(uow, lambda tx: tx.disputes.get("dp_1"))
    facts = in_firm(uow, lambda tx: tx.history.facts(INVOICE_ID))
    assert row is not None
    assert facts is not None
    assert row.invoice_id == INVOICE_ID
    assert facts.disputes == (row.dispute,)
    assert len(row.dispute.movements) == 16


def test_who_attaches_a_dispute_waits_for_who_stores_it_without_an_invoice(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    is_waiting = threading.Event()

    def attach() -> None:
        with uow.firm(FIRM_ID) as tx:
            is_waiting.set()
            _attach(tx, 2)
            tx.commit()

    with uow.firm(FIRM_ID) as holder:
        _tell_unmatched(holder, 1)
        waiter = threading.Thread(target=attach)
        waiter.start()
        is_waiting.wait(5)
        has_finished_early = _ends_within(waiter, seconds=0.3)
        holder.commit()
    waiter.join(10)

    assert not has_finished_early
    row = in_firm(uow, lambda tx: tx.disputes.get("dp_1"))
    assert row is not None
    assert row.invoice_id == INVOICE_ID
    assert [movement.stripe_id for movement in row.dispute.movements] == ["txn_001", "txn_002"]


def test_disputes_do_not_wait_for_each_other(uow: UnitOfWork) -> None:
    with uow.firm(FIRM_ID) as holder:
        holder.disputes.hold(dispute_id(FIRM_ID, "dp_1"))

        (other,) = all_at_once([lambda: in_firm(uow, lambda tx: tx.disputes.hold(dispute_id(FIRM_ID, "dp_2")))])

    assert other is None


def _add_decline(tx: Transaction, stripe_charge_id: str) -> None:
    locked = tx.invoices.lock(INVOICE_ID)
    assert locked is not None
    payments = (*locked.facts.payments, a_decline(stripe_charge_id=stripe_charge_id))
    change = a_change(
        before=locked.facts,
        after=replace(locked.facts, payments=payments),
        new_outbox=[an_outbox_item(id=f"out_{stripe_charge_id}")],
        stripe_ids=[stripe_charge_id],
    )
    tx.invoices.save(change)


def _tell_unmatched(tx: Transaction, number: int) -> None:
    """Tell of one balance transaction of the dispute, to its invoice if it has got one."""
    standing = tx.disputes.hold(dispute_id(FIRM_ID, "dp_1"))
    if standing is not None and standing.invoice_id is not None:
        _save_attached(tx, standing.dispute, number)
        return
    known = standing.dispute if standing is not None else None
    tx.disputes.save_unmatched(merge_dispute(dispute_id(FIRM_ID, "dp_1"), known, [_movement_told(number)]), NOW)


def _attach(tx: Transaction, number: int) -> None:
    """The same by who knows the invoice."""
    standing = tx.disputes.hold(dispute_id(FIRM_ID, "dp_1"))
    _save_attached(tx, None if standing is None else standing.dispute, number)


def _save_attached(tx: Transaction, known: Dispute | None, number: int) -> None:
    locked = tx.invoices.lock(INVOICE_ID)
    assert locked is not None
    after = with_reversals(locked.facts, disputes=[*([known] if known else []), _movement_told(number)])
    tx.invoices.save(a_change(before=locked.facts, after=after))


def _movement_told(number: int) -> DisputeTelling:
    return dispute_telling(movements=(a_withdrawal(stripe_id=f"txn_{number:03}"),))


def _receive(tx: Transaction) -> bool:
    match = tx.inbox.match("", None, ["pi_1"])
    assert match.firm_id is not None
    is_new = tx.inbox.record(an_inbox_entry(event=an_event(), firm_id=match.firm_id))
    if is_new:
        tx.enter_firm(match.firm_id)
        _add_decline(tx, "ch_1")
    return is_new


def _claim_all(uow: UnitOfWork) -> list[str]:
    lease_until = NOW + timedelta(seconds=30)
    due = in_system(uow, lambda tx: tx.schedule.due(NOW, 100))
    claims = [in_system(uow, lambda tx, i=item.id: tx.outbox.claim(i, NOW, lease_until)) for item in due]
    return [item.id for item in claims if item is not None]


def _open_attempt(uow: UnitOfWork, attempt_id: str) -> str:
    def open_it(tx: Transaction) -> None:
        locked = tx.invoices.lock(INVOICE_ID)
        assert locked is not None
        new = an_attempt(id=attempt_id, status=AttemptStatus.IN_FLIGHT)
        after = replace(locked.facts, attempts=(*locked.facts.attempts, new))
        tx.invoices.save(a_change(before=locked.facts, after=after))

    try:
        in_firm(uow, open_it)
    except Conflict:
        return "refused"
    return "opened"


def _ends_within(thread: threading.Thread, *, seconds: float) -> bool:
    thread.join(seconds)
    return not thread.is_alive()
