"""`ports.notice_repositories.Notices`."""

from dataclasses import fields, replace
from typing import Any

import pytest

from domain.model.errors import Conflict
from domain.model.notices import Notice, NoticeStage, NoticeStatus
from ports.notice_repositories import NoticeFilter
from ports.repositories import BadCursor, PageRequest
from ports.unit_of_work import UnitOfWork, WrongFirm
from tests.builders import FIRM_ID, INVOICE_ID, NOW, OTHER_FIRM_ID, a_client, days
from tests.notice_builders import a_kept_notice
from tests.storage import OTHER_CLIENT_ID, all_at_once, in_firm, in_system

SENT = a_kept_notice(status=NoticeStatus.SENT, language="de-AT", sent_at=NOW + days(1), reason="The server said 250.")


def keep(uow: UnitOfWork, *notices: Notice) -> None:
    for notice in notices:
        in_firm(uow, lambda tx, notice=notice: tx.notices.save(notice), firm_id=notice.firm_id)


def a_southern_notice(**changes: Any) -> Notice:
    return a_kept_notice(**{"firm_id": OTHER_FIRM_ID, "client_id": OTHER_CLIENT_ID, **changes})


def listed(uow: UnitOfWork, **wanted: str) -> list[str]:
    page = in_firm(uow, lambda tx: tx.notices.page(NoticeFilter(**wanted), PageRequest()))
    return [notice.id for notice in page.items]


def test_a_notice_comes_back_as_it_was_saved(uow: UnitOfWork) -> None:
    keep(uow, SENT)

    assert in_firm(uow, lambda tx: [*tx.notices.of_subject(INVOICE_ID)]) == [SENT]
    assert in_firm(uow, lambda tx: tx.notices.page(NoticeFilter(), PageRequest()).items) == (SENT,)
    assert all(getattr(SENT, field.name) for field in fields(SENT)), "the test forgets a field"


def test_a_notice_is_found_by_its_id_before_its_firm_is_known(uow: UnitOfWork) -> None:
    keep(uow, SENT)

    assert in_system(uow, lambda tx: tx.notices.get(SENT.id)) == SENT
    assert in_firm(uow, lambda tx: tx.notices.get(SENT.id)) == SENT
    assert in_firm(uow, lambda tx: tx.notices.get(SENT.id), firm_id=OTHER_FIRM_ID) is None
    assert in_system(uow, lambda tx: tx.notices.get("ntc_unknown")) is None


def test_a_notice_about_a_card_has_no_invoice(uow: UnitOfWork) -> None:
    about_a_card = a_kept_notice(subject_id="pm_visa", invoice_id=None, stage=NoticeStage.CARD_EXPIRING)

    keep(uow, about_a_card)

    assert in_firm(uow, lambda tx: [*tx.notices.of_subject("pm_visa")]) == [about_a_card]


def test_a_saved_notice_replaces_the_one_with_its_id(uow: UnitOfWork) -> None:
    keep(uow, a_kept_notice(), SENT)

    assert in_firm(uow, lambda tx: [*tx.notices.of_subject(INVOICE_ID)]) == [SENT]


def test_another_notice_of_the_same_subject_stage_and_cause_is_refused(uow: UnitOfWork) -> None:
    keep(uow, a_kept_notice())

    with pytest.raises(Conflict, match=r"^cause_key: "):
        keep(uow, a_kept_notice(id="ntc_2"))


@pytest.mark.parametrize(
    "difference",
    [{"subject_id": "inv_2"}, {"stage": NoticeStage.PAYMENT_URGENT}, {"cause_key": "ch_2"}],
    ids=["another subject", "another stage", "another cause"],
)
def test_a_notice_that_differs_in_one_of_them_is_another(uow: UnitOfWork, difference: dict[str, Any]) -> None:
    keep(uow, a_kept_notice(), a_kept_notice(id="ntc_2", **difference))

    assert listed(uow) == ["ntc_2", "ntc_1"]


def test_another_firm_may_write_of_the_same_stage_and_cause(uow: UnitOfWork) -> None:
    keep(uow, a_kept_notice(), a_southern_notice(id="ntc_2"))

    assert in_system(uow, lambda tx: [n.id for n in tx.notices.of_subject(INVOICE_ID)]) == ["ntc_1", "ntc_2"]


def test_of_two_that_save_a_notice_for_one_cause_at_once_one_is_refused(uow: UnitOfWork) -> None:
    def save(number: int) -> str:
        try:
            keep(uow, a_kept_notice(id=f"ntc_{number}"))
        except Conflict:
            return "refused"
        return "kept"

    assert sorted(all_at_once([lambda: save(1), lambda: save(2)])) == ["kept", "refused"]


def test_a_notice_needs_its_client(uow: UnitOfWork) -> None:
    with pytest.raises(Conflict, match=r"^client_id: "):
        keep(uow, a_kept_notice(client_id="cli_none"))
    with pytest.raises(Conflict, match=r"^client_id: "):
        keep(uow, a_kept_notice(client_id=OTHER_CLIENT_ID))


def test_notices_about_one_subject_are_told_oldest_first(uow: UnitOfWork) -> None:
    late = a_kept_notice(id="ntc_a", created_at=NOW + days(2), cause_key="ch_3")
    early = a_kept_notice(id="ntc_c", cause_key="ch_1")
    same_moment = a_kept_notice(id="ntc_d", cause_key="ch_2")
    keep(uow, late, same_moment, early, a_kept_notice(id="ntc_b", subject_id="inv_2", invoice_id="inv_2"))

    assert in_firm(uow, lambda tx: [*tx.notices.of_subject(INVOICE_ID)]) == [early, same_moment, late]
    assert in_firm(uow, lambda tx: [*tx.notices.of_subject("inv_none")]) == []


def test_notices_are_listed_newest_first_in_pages(uow: UnitOfWork) -> None:
    for number, age in enumerate([1, 3, 2], start=1):
        keep(uow, a_kept_notice(id=f"ntc_{number}", cause_key=f"ch_{number}", created_at=NOW - days(age)))

    with uow.firm(FIRM_ID) as tx:
        first = tx.notices.page(NoticeFilter(), PageRequest(limit=2))
        second = tx.notices.page(NoticeFilter(), PageRequest(limit=2, cursor=first.next_cursor))

    assert [notice.id for notice in (*first.items, *second.items)] == ["ntc_1", "ntc_3", "ntc_2"]
    assert second.next_cursor is None


def test_notices_are_listed_by_status_stage_client_and_invoice(uow: UnitOfWork) -> None:
    in_firm(uow, lambda tx: tx.clients.add(a_client(id="cli_2")))
    receipt = replace(SENT, id="ntc_2", stage=NoticeStage.RECEIPT)
    keep(uow, a_kept_notice(), receipt)
    keep(uow, a_kept_notice(id="ntc_3", client_id="cli_2", subject_id="inv_2", invoice_id="inv_2"))

    assert listed(uow, status="sent") == ["ntc_2"]
    assert listed(uow, stage="payment_failed") == ["ntc_3", "ntc_1"]
    assert listed(uow, client_id="cli_2") == ["ntc_3"]
    assert listed(uow, invoice_id=INVOICE_ID) == ["ntc_2", "ntc_1"]
    assert listed(uow, invoice_id=INVOICE_ID, status="sending", stage="payment_failed") == ["ntc_1"]
    assert listed(uow, client_id="cli_none") == []


def test_a_cursor_that_is_none_of_ours_is_refused(uow: UnitOfWork) -> None:
    with pytest.raises(BadCursor):
        in_firm(uow, lambda tx: tx.notices.page(NoticeFilter(), PageRequest(cursor="none of ours")))


def test_a_notice_is_its_firms_alone(uow: UnitOfWork) -> None:
    keep(uow, a_kept_notice(), a_southern_notice(id="ntc_south"))

    assert listed(uow) == ["ntc_1"]
    assert in_firm(uow, lambda tx: [n.id for n in tx.notices.of_subject(INVOICE_ID)]) == ["ntc_1"]
    with pytest.raises(WrongFirm):
        in_firm(uow, lambda tx: tx.notices.save(a_southern_notice(id="ntc_3", cause_key="ch_3")))
