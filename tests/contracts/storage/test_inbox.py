"""`ports.repositories.Inbox`: whose an event is, and that each is stored once."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from domain.model.inbox import InboxEntry, InboxStatus
from ports.repositories import Match, PageRequest
from ports.unit_of_work import UnitOfWork
from tests.builders import (
    FIRM_ID,
    INVOICE_ID,
    NOW,
    OTHER_FIRM_ID,
    a_firm,
    an_event,
    an_inbox_entry,
    an_invoice,
    days,
)
from tests.storage import in_firm, in_system, keep_invoice, southern_invoice

OURS = Match(FIRM_ID, INVOICE_ID)
SOUTHERN = Match(OTHER_FIRM_ID, "inv_south")


def test_an_event_belongs_to_the_invoice_that_its_metadata_names(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    keep_invoice(uow, southern_invoice(), stripe_ids=["pi_1"])

    assert _match(uow, named=INVOICE_ID, stripe_ids=["pi_1"]) == OURS


def test_else_to_the_invoice_that_knows_its_objects(uow: UnitOfWork) -> None:
    keep_invoice(uow, stripe_ids=["pi_1"])

    assert _match(uow, stripe_ids=["ch_new", "pi_1"]) == OURS
    assert _match(uow, named="inv_unknown", stripe_ids=["pi_1"]) == OURS


def test_the_first_of_its_objects_that_is_known_decides(uow: UnitOfWork) -> None:
    keep_invoice(uow, an_invoice(id="inv_a"), stripe_ids=["pi_a"])
    keep_invoice(uow, an_invoice(id="inv_b"), stripe_ids=["pi_b"])

    assert _match(uow, stripe_ids=["pi_b", "pi_a"]).invoice_id == "inv_b"
    assert _match(uow, stripe_ids=["pi_a", "pi_b"]).invoice_id == "inv_a"


def test_ids_given_with_an_invoice_are_known(uow: UnitOfWork) -> None:
    keep_invoice(uow, an_invoice(given_payment_intent_id="pi_given", stripe_invoice_id="in_given"))

    assert _match(uow, stripe_ids=["pi_given"]) == OURS
    assert _match(uow, stripe_ids=["in_given"]) == OURS


def test_an_event_of_an_account_never_touches_another_firms_invoice(uow: UnitOfWork) -> None:
    _give_account(uow, OTHER_FIRM_ID, "acct_south")
    keep_invoice(uow, stripe_ids=["pi_1"])
    keep_invoice(uow, southern_invoice(), stripe_ids=["pi_2"])

    assert _match(uow, account="acct_south", named=INVOICE_ID, stripe_ids=["pi_1"]) == Match(OTHER_FIRM_ID)
    assert _match(uow, account="acct_south", stripe_ids=["pi_2"]) == SOUTHERN
    assert _match(uow, account="acct_south", named="inv_south") == SOUTHERN


def test_the_platforms_own_event_never_touches_an_invoice_of_a_firm_with_an_account(uow: UnitOfWork) -> None:
    _give_account(uow, OTHER_FIRM_ID, "acct_south")
    keep_invoice(uow, southern_invoice(), stripe_ids=["pi_1"])

    assert _match(uow, named="inv_south", stripe_ids=["pi_1"]) == Match(FIRM_ID)


def test_an_account_that_nobody_has_matches_no_invoice(uow: UnitOfWork) -> None:
    keep_invoice(uow, stripe_ids=["pi_1"])

    assert _match(uow, account="acct_unknown", named=INVOICE_ID, stripe_ids=["pi_1"]) == Match()


def test_an_object_that_two_firms_claim_is_ambiguous(uow: UnitOfWork) -> None:
    keep_invoice(uow, stripe_ids=["pi_1"])
    keep_invoice(uow, southern_invoice(), stripe_ids=["pi_1"])

    assert _match(uow, stripe_ids=["pi_1"]) == Match(is_ambiguous=True)
    assert _match(uow, named=INVOICE_ID, stripe_ids=["pi_1"]) == OURS


def test_two_accounts_may_have_the_same_object(uow: UnitOfWork) -> None:
    _give_account(uow, OTHER_FIRM_ID, "acct_south")
    keep_invoice(uow, stripe_ids=["pi_1"])
    keep_invoice(uow, southern_invoice(), stripe_ids=["pi_1"])

    assert _match(uow, stripe_ids=["pi_1"]) == OURS
    assert _match(uow, account="acct_south", stripe_ids=["pi_1"]) == SOUTHERN


def test_an_unmatched_event_belongs_to_no_firm_when_there_are_several(uow: UnitOfWork) -> None:
    assert _match(uow, stripe_ids=["pi_unknown"]) == Match()


def test_an_unmatched_event_belongs_to_the_only_firm(empty_uow: UnitOfWork) -> None:
    in_system(empty_uow, lambda tx: tx.firms.add(a_firm()))

    assert _match(empty_uow, stripe_ids=["pi_unknown"]) == Match(FIRM_ID)
    assert _match(empty_uow, account="acct_unknown") == Match(FIRM_ID)


def test_an_unmatched_event_of_an_unknown_account_is_not_given_to_a_firm_with_another(empty_uow: UnitOfWork) -> None:
    in_system(empty_uow, lambda tx: tx.firms.add(a_firm(stripe_account="acct_north")))

    assert _match(empty_uow, account="acct_unknown") == Match()
    assert _match(empty_uow) == Match()


def test_without_firms_an_event_belongs_to_nobody(empty_uow: UnitOfWork) -> None:
    assert _match(empty_uow, stripe_ids=["pi_1"]) == Match()


def test_a_match_tells_of_unmatched_events_about_the_same_objects(uow: UnitOfWork) -> None:
    keep_invoice(uow, stripe_ids=["pi_1"])
    _record(uow, "evt_waiting", status=InboxStatus.UNMATCHED, stripe_ids=["ch_1"])

    assert _match(uow, stripe_ids=["pi_1", "ch_1"]) == replace(OURS, wakes_others=True)
    assert _match(uow, stripe_ids=["pi_1"]) == OURS


def test_events_of_another_account_are_not_woken(uow: UnitOfWork) -> None:
    entry = an_inbox_entry(event=an_event(account="acct_x"), status=InboxStatus.UNMATCHED, stripe_ids=["ch_1"])
    in_system(uow, lambda tx: tx.inbox.record(entry))

    assert not _match(uow, stripe_ids=["ch_1"]).wakes_others


@pytest.mark.parametrize("status", [InboxStatus.PROCESSED, InboxStatus.IGNORED, InboxStatus.FAILED])
def test_an_event_that_is_not_unmatched_any_more_is_not_woken(uow: UnitOfWork, status: InboxStatus) -> None:
    entry = _record(uow, "evt_1", status=InboxStatus.UNMATCHED, stripe_ids=["ch_1"])

    in_system(uow, lambda tx: tx.inbox.save(replace(entry, status=status)))

    assert not _match(uow, stripe_ids=["ch_1"]).wakes_others


def test_a_stored_event_comes_back_as_it_was(uow: UnitOfWork) -> None:
    body = {"id": "evt_1", "n": [1, 2.5, None, True], "text": "a\u0000b\ud800 Ünïcode", "data": {"object": {}}}
    event = an_event(account="acct_1", livemode=True, api_version=None, body=body, created_at=NOW - days(1))
    entry = an_inbox_entry(
        event=event,
        status=InboxStatus.UNMATCHED,
        firm_id=FIRM_ID,
        invoice_id=INVOICE_ID,
        error="No invoice.",
        processed_at=NOW + days(1),
        tries=2,
        stripe_ids=("pi_1", "ch_1", "pi_1"),
    )

    assert in_system(uow, lambda tx: tx.inbox.record(entry)) is True

    assert in_system(uow, lambda tx: tx.inbox.lock("acct_1", "evt_1")) == entry


def test_an_event_is_stored_once(uow: UnitOfWork) -> None:
    first = _record(uow, "evt_1")

    again = in_system(uow, lambda tx: tx.inbox.record(replace(first, status=InboxStatus.FAILED, error="Again.")))

    assert again is False
    assert in_system(uow, lambda tx: tx.inbox.lock("", "evt_1")) == first


def test_the_same_id_of_another_account_is_another_event(uow: UnitOfWork) -> None:
    _record(uow, "evt_1")

    other = an_inbox_entry(event=an_event(id="evt_1", account="acct_1"))

    assert in_system(uow, lambda tx: tx.inbox.record(other)) is True


def test_an_event_that_another_firm_has_stored_is_stored(uow: UnitOfWork) -> None:
    _record(uow, "evt_1", firm_id=OTHER_FIRM_ID)

    assert in_firm(uow, lambda tx: tx.inbox.record(an_inbox_entry(firm_id=FIRM_ID))) is False


def test_an_unknown_event_is_none(uow: UnitOfWork) -> None:
    assert in_system(uow, lambda tx: tx.inbox.lock("", "evt_unknown")) is None


def test_a_save_replaces_the_processing_state(uow: UnitOfWork) -> None:
    entry = _record(uow, "evt_1", status=InboxStatus.UNMATCHED)
    processed = replace(
        entry,
        status=InboxStatus.PROCESSED,
        firm_id=FIRM_ID,
        invoice_id=INVOICE_ID,
        error=None,
        processed_at=NOW + days(1),
        received_at=NOW - days(1),
        tries=3,
        stripe_ids=("pi_1",),
    )

    in_system(uow, lambda tx: tx.inbox.save(processed))

    assert in_firm(uow, lambda tx: tx.inbox.lock("", "evt_1")) == processed


def test_events_are_listed_newest_first_in_pages(uow: UnitOfWork) -> None:
    for number in range(3):
        _record(uow, f"evt_{number}", received_at=NOW + days(number), firm_id=FIRM_ID)
    _record(uow, "evt_nobodys")

    with uow.firm(FIRM_ID) as tx:
        first = tx.inbox.page(None, PageRequest(limit=2))
        second = tx.inbox.page(None, PageRequest(limit=2, cursor=first.next_cursor))

    assert [entry.event.id for entry in (*first.items, *second.items)] == ["evt_2", "evt_1", "evt_0"]
    assert second.next_cursor is None


def test_events_are_filtered_by_status(uow: UnitOfWork) -> None:
    _record(uow, "evt_1", status=InboxStatus.FAILED)
    _record(uow, "evt_2", status=InboxStatus.IGNORED)

    page = in_system(uow, lambda tx: tx.inbox.page("failed", PageRequest()))

    assert [entry.event.id for entry in page.items] == ["evt_1"]


def _match(uow: UnitOfWork, *, account: str = "", named: str | None = None, stripe_ids: Sequence[str] = ()) -> Match:
    return in_system(uow, lambda tx: tx.inbox.match(account, named, stripe_ids))


def _record(uow: UnitOfWork, event_id: str, **fields: object) -> InboxEntry:
    entry = replace(an_inbox_entry(event=an_event(id=event_id)), **fields)
    entry = replace(entry, stripe_ids=tuple(entry.stripe_ids))
    in_system(uow, lambda tx: tx.inbox.record(entry))
    return entry


def _give_account(uow: UnitOfWork, firm_id: str, account: str) -> None:
    with uow.system() as tx:
        firm = tx.firms.get(firm_id)
        assert firm is not None
        tx.firms.save(replace(firm, stripe_account=account))
        tx.commit()
