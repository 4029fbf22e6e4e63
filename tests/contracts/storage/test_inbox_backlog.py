"""`ports.repositories.InboxBacklog`: what is still to be processed."""

from collections.abc import Sequence
from dataclasses import replace

from domain.model.inbox import InboxStatus
from ports.unit_of_work import UnitOfWork
from tests.builders import FIRM_ID, NOW, an_event, an_inbox_entry, days
from tests.storage import in_firm, in_system, keep_invoice, southern_invoice


def test_an_unmatched_event_can_be_matched_once_an_invoice_knows_its_object(uow: UnitOfWork) -> None:
    _record(uow, "evt_1", stripe_ids=["ch_1", "pi_1"])
    _record(uow, "evt_2", stripe_ids=["pi_unknown"])
    before = in_system(uow, lambda tx: [*tx.backlog.matchable(10)])

    keep_invoice(uow, stripe_ids=["pi_1"])

    assert before == []
    assert in_system(uow, lambda tx: [*tx.backlog.matchable(10)]) == [("", "evt_1")]


def test_matchable_events_come_oldest_first_up_to_the_limit(uow: UnitOfWork) -> None:
    keep_invoice(uow, stripe_ids=["pi_1"])
    for number, age_days in ((1, 0), (2, 2), (3, 1)):
        _record(uow, f"evt_{number}", stripe_ids=["pi_1"], age_days=age_days)

    assert in_system(uow, lambda tx: [*tx.backlog.matchable(2)]) == [("", "evt_2"), ("", "evt_3")]


def test_an_object_of_another_account_makes_nothing_matchable(uow: UnitOfWork) -> None:
    keep_invoice(uow, stripe_ids=["pi_1"])
    _record(uow, "evt_1", stripe_ids=["pi_1"], account="acct_other")

    assert in_system(uow, lambda tx: [*tx.backlog.matchable(10)]) == []


def test_what_two_firms_claim_waits_for_a_person(uow: UnitOfWork) -> None:
    keep_invoice(uow, stripe_ids=["pi_1"])
    keep_invoice(uow, southern_invoice(), stripe_ids=["pi_1"])
    _record(uow, "evt_1", stripe_ids=["pi_1"])

    assert in_system(uow, lambda tx: [*tx.backlog.matchable(10)]) == []


def test_a_processed_event_is_not_matchable_any_more(uow: UnitOfWork) -> None:
    keep_invoice(uow, stripe_ids=["pi_1"])
    _record(uow, "evt_1", stripe_ids=["pi_1"])

    with uow.system() as tx:
        entry = tx.inbox.lock("", "evt_1")
        assert entry is not None
        tx.inbox.save(replace(entry, status=InboxStatus.PROCESSED, firm_id=FIRM_ID))
        tx.commit()

    assert in_system(uow, lambda tx: [*tx.backlog.matchable(10)]) == []
    assert in_system(uow, lambda tx: [*tx.backlog.mentioning(["pi_1"], 10)]) == []


def test_unmatched_events_are_found_by_what_they_speak_of(uow: UnitOfWork) -> None:
    _record(uow, "evt_1", stripe_ids=["pi_1", "ch_1"])
    _record(uow, "evt_2", stripe_ids=["ch_2"], age_days=1)
    _record(uow, "evt_3", stripe_ids=["ch_3"])
    _record(uow, "evt_4", stripe_ids=["ch_1"], status=InboxStatus.FAILED)

    with uow.system() as tx:
        assert [*tx.backlog.mentioning(["ch_1", "pi_1", "ch_2"], 10)] == [("", "evt_2"), ("", "evt_1")]
        assert [*tx.backlog.mentioning(["ch_1", "ch_2"], 1)] == [("", "evt_2")]
        assert [*tx.backlog.mentioning([], 10)] == []


def test_an_event_that_became_unmatched_again_is_found(uow: UnitOfWork) -> None:
    _record(uow, "evt_1", stripe_ids=["ch_1"], status=InboxStatus.FAILED)

    with uow.system() as tx:
        entry = tx.inbox.lock("", "evt_1")
        assert entry is not None
        tx.inbox.save(replace(entry, status=InboxStatus.UNMATCHED, stripe_ids=("ch_2", "ch_2")))
        tx.commit()

    assert in_system(uow, lambda tx: [*tx.backlog.mentioning(["ch_2"], 10)]) == [("", "evt_1")]
    assert in_system(uow, lambda tx: [*tx.backlog.mentioning(["ch_1"], 10)]) == []


def test_events_in_a_status_come_oldest_first(uow: UnitOfWork) -> None:
    _record(uow, "evt_1", status=InboxStatus.FAILED)
    _record(uow, "evt_2", status=InboxStatus.FAILED, age_days=1)
    _record(uow, "evt_3", status=InboxStatus.IGNORED)

    with uow.system() as tx:
        assert [*tx.backlog.with_status(InboxStatus.FAILED, None, 10)] == [("", "evt_2"), ("", "evt_1")]
        assert [*tx.backlog.with_status(InboxStatus.FAILED, None, 1)] == [("", "evt_2")]


def test_events_that_were_tried_too_often_are_left_out(uow: UnitOfWork) -> None:
    _record(uow, "evt_1", status=InboxStatus.FAILED, tries=3)
    _record(uow, "evt_2", status=InboxStatus.FAILED, tries=4)

    assert in_system(uow, lambda tx: [*tx.backlog.with_status(InboxStatus.FAILED, 3, 10)]) == [("", "evt_1")]


def test_every_event_with_an_id_is_found(uow: UnitOfWork) -> None:
    _record(uow, "evt_1", account="acct_1")
    _record(uow, "evt_1")
    _record(uow, "evt_2")

    assert in_system(uow, lambda tx: [*tx.backlog.find("evt_1")]) == [("", "evt_1"), ("acct_1", "evt_1")]


def test_a_firms_transaction_finds_its_own_events_only(uow: UnitOfWork) -> None:
    _record(uow, "evt_1", stripe_ids=["pi_1"])

    assert in_firm(uow, lambda tx: [*tx.backlog.mentioning(["pi_1"], 10)]) == []


def _record(
    uow: UnitOfWork,
    event_id: str,
    *,
    status: InboxStatus = InboxStatus.UNMATCHED,
    stripe_ids: Sequence[str] = (),
    account: str = "",
    age_days: float = 0,
    tries: int = 0,
) -> None:
    entry = an_inbox_entry(
        event=an_event(id=event_id, account=account),
        status=status,
        stripe_ids=stripe_ids,
        received_at=NOW - days(age_days),
        tries=tries,
    )
    in_system(uow, lambda tx: tx.inbox.record(entry))
