"""`ports.repositories`: Outbox and OutboxSchedule."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.model.outbox import OutboxItem, OutboxKind, OutboxStatus
from ports.repositories import OutboxFilter, PageRequest
from ports.unit_of_work import UnitOfWork
from tests.builders import FIRM_ID, INVOICE_ID, NOW, OTHER_FIRM_ID, an_outbox_item, days
from tests.reversal_builders import a_dispute
from tests.storage import in_firm, in_system

SECOND = timedelta(seconds=1)
LEASE_UNTIL = NOW + 30 * SECOND


def test_a_row_comes_back_as_it_was_added(uow: UnitOfWork) -> None:
    item = an_outbox_item(
        kind=OutboxKind.SETTLE,
        attempt_id="att_1",
        dispute_id="dsp_1",
        refund_id="rfr_1",
        payload={"stripe_ids": "pi_1 ch_1"},
        tries=3,
        last_error="No answer.",
        status=OutboxStatus.CLAIMED,
        lease_until=LEASE_UNTIL,
    )

    added = in_firm(uow, lambda tx: tx.outbox.add([item]))

    assert added == (item,)
    assert in_firm(uow, lambda tx: tx.outbox.get(item.id)) == item


def test_a_row_whose_dedupe_key_is_known_is_left_alone(uow: UnitOfWork) -> None:
    item = _add(uow, an_outbox_item(dedupe_key="alert:1"))

    again = in_firm(uow, lambda tx: tx.outbox.add([replace(item, id="out_x", due_at=NOW + days(1))]))

    assert again == ()
    assert in_firm(uow, lambda tx: tx.outbox.get(item.id)) == item


def test_a_canceled_row_is_revived_under_its_old_id(uow: UnitOfWork) -> None:
    item = _add(uow, an_outbox_item(dedupe_key="alert:1", status=OutboxStatus.CANCELED, tries=2, last_error="Late."))
    new = replace(item, id="out_x", due_at=NOW + days(1), status=OutboxStatus.DUE, tries=0, last_error=None)

    revived = in_firm(uow, lambda tx: tx.outbox.add([new]))

    assert revived == (replace(new, id=item.id),)
    assert in_firm(uow, lambda tx: tx.outbox.get(item.id)) == replace(new, id=item.id)
    assert in_firm(uow, lambda tx: tx.outbox.get("out_x")) is None


def test_a_dedupe_key_counts_within_its_firm(uow: UnitOfWork) -> None:
    _add(uow, an_outbox_item(dedupe_key="alert:1"))

    southern = an_outbox_item(dedupe_key="alert:1", firm_id=OTHER_FIRM_ID)

    assert in_system(uow, lambda tx: tx.outbox.add([southern])) == (southern,)


def test_adding_nothing_adds_nothing(uow: UnitOfWork) -> None:
    assert in_firm(uow, lambda tx: tx.outbox.add([])) == ()


def test_a_due_row_is_claimed_and_the_try_counted(uow: UnitOfWork) -> None:
    item = _add(uow, an_outbox_item(due_at=NOW, tries=1))

    claimed = in_system(uow, lambda tx: tx.outbox.claim(item.id, NOW, LEASE_UNTIL))

    assert claimed == replace(item, status=OutboxStatus.CLAIMED, tries=2, lease_until=LEASE_UNTIL)
    assert in_system(uow, lambda tx: tx.outbox.get(item.id)) == claimed


@pytest.mark.parametrize(
    "item",
    [
        an_outbox_item(id="out_later", due_at=NOW + SECOND),
        an_outbox_item(id="out_claimed", status=OutboxStatus.CLAIMED, lease_until=NOW),
        an_outbox_item(id="out_held", status=OutboxStatus.HELD),
        an_outbox_item(id="out_done", status=OutboxStatus.DONE),
        an_outbox_item(id="out_canceled", status=OutboxStatus.CANCELED),
    ],
    ids=lambda item: item.id,
)
def test_any_other_row_is_not_to_be_had(uow: UnitOfWork, item: OutboxItem) -> None:
    _add(uow, item)

    assert in_system(uow, lambda tx: tx.outbox.claim(item.id, NOW, LEASE_UNTIL)) is None
    assert in_system(uow, lambda tx: tx.outbox.get(item.id)) == item


def test_a_claim_whose_lease_is_over_can_be_claimed_again(uow: UnitOfWork) -> None:
    item = _add(uow, an_outbox_item(status=OutboxStatus.CLAIMED, lease_until=NOW - SECOND, tries=1))

    claimed = in_firm(uow, lambda tx: tx.outbox.claim(item.id, NOW, LEASE_UNTIL))

    assert claimed == replace(item, lease_until=LEASE_UNTIL, tries=2)


def test_a_claim_does_not_wait_for_whoever_has_the_row_locked(uow: UnitOfWork) -> None:
    item = _add(uow, an_outbox_item())

    with uow.system() as holder:
        holder.outbox.save(replace(item, last_error="being worked on"))

        assert in_system(uow, lambda tx: tx.outbox.claim(item.id, NOW, LEASE_UNTIL)) is None


def test_an_unknown_row_is_neither_read_nor_claimed(uow: UnitOfWork) -> None:
    with uow.system() as tx:
        assert tx.outbox.get("out_unknown") is None
        assert tx.outbox.claim("out_unknown", NOW, LEASE_UNTIL) is None


def test_a_save_replaces_what_runs_change_and_nothing_else(uow: UnitOfWork) -> None:
    item = _add(uow, an_outbox_item(payload={"a": "b"}))
    run = replace(item, status=OutboxStatus.DONE, tries=1, due_at=NOW + days(1), last_error="Once.", invoice_id="inv_2")

    in_firm(uow, lambda tx: tx.outbox.save(replace(run, payload={"x": "y"}, dispute_id="dsp_1", refund_id="rfr_1")))

    assert in_firm(uow, lambda tx: tx.outbox.get(item.id)) == run


def test_pending_rows_of_an_invoice_are_due_claimed_or_held_by_due_time(uow: UnitOfWork) -> None:
    held = _add(uow, an_outbox_item(status=OutboxStatus.HELD, due_at=NOW + days(2)))
    claimed = _add(uow, an_outbox_item(status=OutboxStatus.CLAIMED, lease_until=NOW, due_at=NOW - days(2)))
    due = _add(uow, an_outbox_item())
    _add(uow, an_outbox_item(status=OutboxStatus.DONE))
    _add(uow, an_outbox_item(status=OutboxStatus.CANCELED))
    _add(uow, an_outbox_item(invoice_id="inv_other"))

    assert in_firm(uow, lambda tx: [*tx.outbox.pending_for(INVOICE_ID)]) == [claimed, due, held]


def test_pending_rows_of_a_dispute_are_due_claimed_or_held_by_due_time(uow: UnitOfWork) -> None:
    dispute = a_dispute()
    in_firm(uow, lambda tx: tx.disputes.save_unmatched(dispute, NOW))
    of_dispute: dict[str, Any] = {"dispute_id": dispute.id, "invoice_id": None}
    held = _add(uow, an_outbox_item(status=OutboxStatus.HELD, due_at=NOW + days(2), **of_dispute))
    claimed = _add(
        uow, an_outbox_item(status=OutboxStatus.CLAIMED, lease_until=NOW, due_at=NOW - days(2), **of_dispute)
    )
    due = _add(uow, an_outbox_item(**of_dispute))
    _add(uow, an_outbox_item(status=OutboxStatus.DONE, **of_dispute))
    _add(uow, an_outbox_item(status=OutboxStatus.CANCELED, **of_dispute))
    _add(uow, an_outbox_item(dispute_id="dsp_other"))

    for find in (in_firm, in_system):
        assert find(uow, lambda tx: [*tx.outbox.pending_for_dispute(dispute.id)]) == [claimed, due, held]


def test_pending_rows_of_a_dispute_are_locked(uow: UnitOfWork) -> None:
    dispute = a_dispute()
    in_firm(uow, lambda tx: tx.disputes.save_unmatched(dispute, NOW))
    item = _add(uow, an_outbox_item(dispute_id=dispute.id))

    with uow.firm(FIRM_ID) as holder:
        holder.outbox.pending_for_dispute(dispute.id)

        assert in_system(uow, lambda tx: tx.outbox.claim(item.id, NOW, LEASE_UNTIL)) is None


def test_due_rows_are_listed_oldest_first(uow: UnitOfWork) -> None:
    newest = _add(uow, an_outbox_item(due_at=NOW))
    abandoned = _add(
        uow, an_outbox_item(due_at=NOW - days(9), status=OutboxStatus.CLAIMED, lease_until=NOW - 2 * SECOND)
    )
    oldest = _add(uow, an_outbox_item(due_at=NOW - days(1)))
    _add(uow, an_outbox_item(due_at=NOW + SECOND))
    _add(uow, an_outbox_item(due_at=NOW - days(9), status=OutboxStatus.CLAIMED, lease_until=NOW))
    _add(uow, an_outbox_item(status=OutboxStatus.HELD))
    _add(uow, an_outbox_item(status=OutboxStatus.DONE))

    assert in_system(uow, lambda tx: [*tx.schedule.due(NOW, 10)]) == [oldest, abandoned, newest]


def test_no_more_due_rows_are_listed_than_asked_for(uow: UnitOfWork) -> None:
    oldest = _add(uow, an_outbox_item(due_at=NOW - days(1)))
    _add(uow, an_outbox_item(due_at=NOW))

    assert in_system(uow, lambda tx: [*tx.schedule.due(NOW, 1)]) == [oldest]


def test_the_backlog_of_one_firm_starves_no_other(uow: UnitOfWork) -> None:
    backlog = [an_outbox_item(id=f"out_n{n:02}", due_at=NOW - days(30 - n)) for n in range(20)]
    in_firm(uow, lambda tx: tx.outbox.add(backlog))
    southern = an_outbox_item(id="out_south", firm_id=OTHER_FIRM_ID, due_at=NOW)
    in_system(uow, lambda tx: tx.outbox.add([southern]))

    due = in_system(uow, lambda tx: [*tx.schedule.due(NOW, 3)])

    assert due == [backlog[0], backlog[1], southern]


def test_rows_are_listed_newest_first_in_pages(uow: UnitOfWork) -> None:
    rows = [_add(uow, an_outbox_item(due_at=NOW - days(n))) for n in range(3)]

    with uow.firm(FIRM_ID) as tx:
        first = tx.schedule.page(OutboxFilter(), PageRequest(limit=2))
        second = tx.schedule.page(OutboxFilter(), PageRequest(limit=2, cursor=first.next_cursor))

    assert [*first.items, *second.items] == rows[::-1]
    assert second.next_cursor is None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (OutboxFilter(status="held"), ["out_held"]),
        (OutboxFilter(kind=OutboxKind.ALERT), ["out_alert"]),
        (OutboxFilter(invoice_id="inv_other"), ["out_other"]),
        (OutboxFilter(dispute_id="dsp_1"), ["out_other"]),
        (OutboxFilter(status="due", kind="retry", invoice_id="inv_other"), ["out_other"]),
        (OutboxFilter(status="done"), []),
    ],
)
def test_rows_are_filtered(uow: UnitOfWork, wanted: OutboxFilter, found: list[str]) -> None:
    _add(uow, an_outbox_item(id="out_held", status=OutboxStatus.HELD))
    _add(uow, an_outbox_item(id="out_alert", kind=OutboxKind.ALERT))
    _add(uow, an_outbox_item(id="out_other", invoice_id="inv_other", dispute_id="dsp_1"))

    page = in_firm(uow, lambda tx: tx.schedule.page(wanted, PageRequest()))

    assert [item.id for item in page.items] == found


def _add(uow: UnitOfWork, item: OutboxItem) -> OutboxItem:
    in_firm(uow, lambda tx: tx.outbox.add([item]))
    return item
