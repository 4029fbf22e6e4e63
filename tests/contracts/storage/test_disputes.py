"""`ports.dispute_repositories.Disputes`."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.model.disputes import Deadline, Dispute, dispute_id
from domain.model.errors import Conflict
from ports.dispute_repositories import DisputeFilter, DisputeOrder, DisputeRow, StandingDispute
from ports.repositories import BadCursor, PageRequest
from ports.unit_of_work import UnitOfWork, WrongFirm
from tests.builders import CLIENT_ID, FIRM_ID, INVOICE_ID, NOW, OTHER_FIRM_ID, an_invoice, days
from tests.reversal_builders import (
    a_dispute,
    a_note,
    a_reinstatement,
    a_withdrawal,
    an_edit,
    dispute_telling,
    inquiry_telling,
)
from tests.storage import OTHER_CLIENT_ID, dispute_invoice, in_firm, in_system, keep_invoice, southern_invoice

ID = dispute_id(FIRM_ID, "dp_1")


def test_an_unmatched_dispute_comes_back_as_it_was_stored(uow: UnitOfWork) -> None:
    told = [
        inquiry_telling(told_at=NOW, deadline=Deadline(None), submissions=None),
        dispute_telling(told_at=NOW + days(1), submissions=2, movements=(a_withdrawal(), a_reinstatement())),
        dispute_telling(
            told_at=NOW + days(40), stripe_status="won", deadline=None, opened_at=None, is_charge_refundable=None
        ),
    ]
    dispute = a_dispute(*told, accept_requested_at=NOW + days(2))

    keep_dispute(uow, dispute, now=NOW + days(3))

    assert in_firm(uow, lambda tx: tx.disputes.get(dispute.id)) == DisputeRow(
        FIRM_ID, dispute, None, None, 0, NOW + days(3)
    )


def test_the_dispute_of_an_invoice_names_it_and_its_client(uow: UnitOfWork) -> None:
    keep_invoice(uow)

    dispute_invoice(uow, dispute_telling(movements=(a_withdrawal(),)), now=NOW + days(1))

    dispute = a_dispute(movements=(a_withdrawal(),))
    row = DisputeRow(FIRM_ID, dispute, INVOICE_ID, CLIENT_ID, 0, NOW + days(1))
    assert in_firm(uow, lambda tx: tx.disputes.get(ID)) == row


def test_a_dispute_is_found_by_our_id_and_by_stripes(uow: UnitOfWork) -> None:
    keep_dispute(uow, a_dispute())

    for find in (in_firm, in_system):
        for name in (ID, "dp_1"):
            row = find(uow, lambda tx, name=name: tx.disputes.get(name))
            assert row is not None
            assert row.dispute.id == ID
        assert find(uow, lambda tx: tx.disputes.get("dp_unknown")) is None


def test_another_firm_does_not_find_it(uow: UnitOfWork) -> None:
    keep_dispute(uow, a_dispute())

    with uow.firm(OTHER_FIRM_ID) as tx:
        assert tx.disputes.get("dp_1") is None
        assert tx.disputes.hold(ID) is None
        assert tx.disputes.page(DisputeFilter(), PageRequest()).items == ()


def test_what_is_held_is_what_is_stored(uow: UnitOfWork) -> None:
    with uow.firm(FIRM_ID) as tx:
        assert tx.disputes.hold(ID) is None
        tx.disputes.save_unmatched(a_dispute(), NOW)
        assert tx.disputes.hold(ID) == StandingDispute(a_dispute(), None)
        tx.commit()

    keep_invoice(uow)
    dispute_invoice(uow, dispute_telling())

    for find in (in_firm, in_system):
        assert find(uow, lambda tx: tx.disputes.hold(ID)) == StandingDispute(a_dispute(), INVOICE_ID)


def test_an_unmatched_dispute_is_replaced(uow: UnitOfWork) -> None:
    keep_dispute(uow, a_dispute())
    lost = a_dispute(dispute_telling(), dispute_telling(told_at=NOW + days(9), stripe_status="lost"))

    keep_dispute(uow, lost, now=NOW + days(9))

    row = in_firm(uow, lambda tx: tx.disputes.get(ID))
    assert row == DisputeRow(FIRM_ID, lost, None, None, 0, NOW + days(9))


def test_a_dispute_with_an_invoice_is_not_made_unmatched_again(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    dispute_invoice(uow, dispute_telling())

    with pytest.raises(Conflict, match=ID):
        keep_dispute(uow, a_dispute())


def test_an_unmatched_dispute_is_stored_for_a_firm_only(uow: UnitOfWork) -> None:
    with pytest.raises(WrongFirm), uow.system() as tx:
        tx.disputes.save_unmatched(a_dispute(), NOW)


def test_what_is_not_committed_is_not_kept(uow: UnitOfWork) -> None:
    with uow.firm(FIRM_ID) as tx:
        tx.disputes.save_unmatched(a_dispute(), NOW)

    assert in_firm(uow, lambda tx: tx.disputes.get(ID)) is None


def test_notes_are_counted_once_whatever_their_versions(uow: UnitOfWork) -> None:
    keep_dispute(uow, a_dispute())
    notes = [a_note(), an_edit(a_note()), a_note(id="dno_2")]
    in_firm(uow, lambda tx: [tx.dispute_notes.add(note) for note in notes])

    with uow.firm(FIRM_ID) as tx:
        assert [row.notes_count for row in tx.disputes.page(DisputeFilter(), PageRequest()).items] == [2]
        row = tx.disputes.get(ID)
    assert row is not None
    assert row.notes_count == 2


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (DisputeOrder.NEWEST, ["dp_e", "dp_d", "dp_c", "dp_b", "dp_a"]),
        (DisputeOrder.RESPOND_BY, ["dp_c", "dp_e", "dp_a", "dp_b", "dp_d"]),
    ],
)
def test_disputes_are_listed_in_the_wanted_order_in_pages(
    uow: UnitOfWork, order: DisputeOrder, found: list[str]
) -> None:
    respond_by = {"dp_a": NOW + days(3), "dp_b": None, "dp_c": NOW + days(1), "dp_d": None, "dp_e": NOW + days(2)}
    disputes = [
        a_dispute(stripe_dispute_id=name, opened_at=NOW + days(number), deadline=Deadline(at))
        for number, (name, at) in enumerate(respond_by.items())
    ]
    without = sorted((d for d in disputes if d.respond_by is None), key=lambda dispute: dispute.id)
    expected = [name for name in found if respond_by[name] or order is DisputeOrder.NEWEST]
    if order is DisputeOrder.RESPOND_BY:
        expected += [dispute.stripe_dispute_id for dispute in without]
    for dispute in disputes:
        keep_dispute(uow, dispute)

    names, cursor = [], None
    for _ in range(3):
        page = in_firm(
            uow, lambda tx, c=cursor: tx.disputes.page(DisputeFilter(order=order), PageRequest(limit=2, cursor=c))
        )
        names += [row.dispute.stripe_dispute_id for row in page.items]
        cursor = page.next_cursor

    assert names == expected
    assert cursor is None


@pytest.mark.parametrize("order", list(DisputeOrder))
def test_a_cursor_of_another_list_is_refused(uow: UnitOfWork, order: DisputeOrder) -> None:
    with pytest.raises(BadCursor), uow.firm(FIRM_ID) as tx:
        tx.disputes.page(DisputeFilter(order=order), PageRequest(cursor="bm9uZQ=="))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (DisputeFilter(), {"dp_1", "dp_inquiry", "dp_lost", "dp_undated"}),
        (DisputeFilter(status="lost"), {"dp_lost"}),
        (DisputeFilter(status="opened"), {"dp_1", "dp_inquiry", "dp_undated"}),
        (DisputeFilter(reason="duplicate"), {"dp_lost"}),
        (DisputeFilter(client_id=CLIENT_ID), {"dp_1"}),
        (DisputeFilter(invoice_id=INVOICE_ID), {"dp_1"}),
        (DisputeFilter(invoice_id="inv_unknown"), set()),
        (DisputeFilter(respond_before=NOW + days(9)), {"dp_lost"}),
        (DisputeFilter(is_inquiry=True), {"dp_inquiry"}),
        (DisputeFilter(is_inquiry=False), {"dp_1", "dp_lost", "dp_undated"}),
        (DisputeFilter(is_matched=True), {"dp_1"}),
        (DisputeFilter(is_matched=False), {"dp_inquiry", "dp_lost", "dp_undated"}),
        (DisputeFilter(status="opened", is_matched=False, is_inquiry=False), {"dp_undated"}),
    ],
)
def test_disputes_are_filtered(uow: UnitOfWork, wanted: DisputeFilter, found: set[str]) -> None:
    keep_invoice(uow)
    dispute_invoice(uow, dispute_telling())
    keep_dispute(uow, a_dispute(inquiry_telling(stripe_dispute_id="dp_inquiry")))
    keep_dispute(
        uow,
        a_dispute(
            stripe_dispute_id="dp_lost", stripe_status="lost", reason="duplicate", deadline=Deadline(NOW + days(8))
        ),
    )
    keep_dispute(uow, a_dispute(stripe_dispute_id="dp_undated", deadline=Deadline(None)))

    page = in_firm(uow, lambda tx: tx.disputes.page(wanted, PageRequest()))

    assert {row.dispute.stripe_dispute_id for row in page.items} == found


def test_open_disputes_are_named_longest_without_change_first(uow: UnitOfWork) -> None:
    keep_dispute(uow, a_dispute(stripe_dispute_id="dp_new", opened_at=NOW), now=NOW)
    keep_dispute(uow, a_dispute(stripe_dispute_id="dp_changed", opened_at=NOW - days(9)), now=NOW + days(2))
    keep_dispute(uow, a_dispute(stripe_dispute_id="dp_quiet", opened_at=NOW - days(1)), now=NOW + days(1))
    keep_dispute(uow, a_dispute(stripe_dispute_id="dp_won", stripe_status="won", opened_at=NOW - days(9)))
    keep_invoice(uow, southern_invoice())
    dispute_invoice(uow, dispute_telling(opened_at=NOW - days(1)), invoice=southern_invoice(), now=NOW)

    with uow.system() as tx:
        everything = [*tx.disputes.open_stripe_ids(NOW, 10)]
        two = [*tx.disputes.open_stripe_ids(NOW, 2)]

    assert everything == [(OTHER_FIRM_ID, "dp_1"), (FIRM_ID, "dp_quiet"), (FIRM_ID, "dp_changed")]
    assert two == everything[:2]
    assert in_firm(uow, lambda tx: [*tx.disputes.open_stripe_ids(NOW, 10)]) == everything[1:]


def test_a_dispute_whose_charge_or_payment_intent_belongs_to_an_invoice_by_now_can_be_attached(uow: UnitOfWork) -> None:
    by_charge = a_dispute(stripe_dispute_id="dp_charge", stripe_charge_id="ch_1", stripe_payment_intent_id="pi_9")
    by_intent = a_dispute(stripe_dispute_id="dp_intent", stripe_charge_id="ch_9", stripe_payment_intent_id="pi_1")
    unknown = a_dispute(stripe_dispute_id="dp_unknown", stripe_charge_id="ch_8", stripe_payment_intent_id="pi_8")
    for dispute in (by_charge, by_intent, unknown):
        keep_dispute(uow, dispute)
    keep_invoice(uow, southern_invoice(), stripe_ids=frozenset({"ch_8"}))
    assert in_system(uow, lambda tx: [*tx.disputes.attachable(10)]) == []

    keep_invoice(uow, stripe_ids=frozenset({"ch_1", "pi_1"}))

    attachable = in_system(uow, lambda tx: [*tx.disputes.attachable(10)])
    assert attachable == sorted((FIRM_ID, dispute.id, INVOICE_ID) for dispute in (by_charge, by_intent))
    assert in_system(uow, lambda tx: [*tx.disputes.attachable(1)]) == attachable[:1]


def test_a_dispute_that_an_invoice_appears_for_belongs_to_it(uow: UnitOfWork) -> None:
    keep_dispute(uow, a_dispute())
    keep_invoice(uow)

    dispute_invoice(uow, dispute_telling(), dispute_telling(told_at=NOW + days(1), stripe_status="won"))

    row = in_firm(uow, lambda tx: tx.disputes.get("dp_1"))
    assert row is not None
    assert (row.invoice_id, row.client_id, row.dispute.stripe_status) == (INVOICE_ID, CLIENT_ID, "won")


def test_a_dispute_of_one_invoice_is_not_given_to_another(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    dispute_invoice(uow, dispute_telling())
    keep_invoice(uow, an_invoice(id="inv_other"))

    with pytest.raises(Conflict, match=ID):
        dispute_invoice(uow, dispute_telling(), invoice=an_invoice(id="inv_other"))


def test_two_firms_may_have_disputes_of_one_name(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    keep_invoice(uow, southern_invoice())

    dispute_invoice(uow, dispute_telling())
    dispute_invoice(uow, dispute_telling(), invoice=southern_invoice())

    southern = in_firm(uow, lambda tx: tx.disputes.get("dp_1"), firm_id=OTHER_FIRM_ID)
    assert southern is not None
    assert (southern.firm_id, southern.invoice_id, southern.client_id) == (OTHER_FIRM_ID, "inv_south", OTHER_CLIENT_ID)


def test_a_deadline_far_away_is_a_deadline(uow: UnitOfWork) -> None:
    far = datetime(2099, 1, 1, tzinfo=UTC)
    keep_dispute(uow, a_dispute(deadline=Deadline(far)))
    keep_dispute(uow, a_dispute(stripe_dispute_id="dp_none", deadline=None))

    wanted = DisputeFilter(order=DisputeOrder.RESPOND_BY)
    page = in_firm(uow, lambda tx: tx.disputes.page(wanted, PageRequest()))

    assert [row.dispute.respond_by for row in page.items] == [far, None]


def keep_dispute(uow: UnitOfWork, dispute: Dispute, *, now: datetime = NOW) -> None:
    """Store a dispute that belongs to no invoice."""
    in_firm(uow, lambda tx: tx.disputes.save_unmatched(replace(dispute), now))
