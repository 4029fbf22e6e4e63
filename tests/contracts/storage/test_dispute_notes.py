"""`ports.dispute_repositories.DisputeNotes`."""

from dataclasses import replace

import pytest

from domain.model.dispute_notes import DisputeNote
from domain.model.disputes import dispute_id
from domain.model.errors import Conflict
from ports.repositories import BadCursor, PageRequest
from ports.unit_of_work import UnitOfWork, WrongFirm
from tests.builders import FIRM_ID, NOW, OTHER_FIRM_ID, days
from tests.reversal_builders import a_dispute, a_note, an_edit
from tests.storage import all_at_once, in_firm, in_system

NOTE = a_note()


@pytest.fixture
def uow(uow: UnitOfWork) -> UnitOfWork:
    """With a dispute of the northern firm."""
    in_firm(uow, lambda tx: tx.disputes.save_unmatched(a_dispute(), NOW))
    return uow


def test_a_note_comes_back_as_it_was_written(uow: UnitOfWork) -> None:
    note = a_note(body="„Ja“: 100 % sure\n\twith a second line \U0001f600", author="user:ann")

    add(uow, note)

    assert in_firm(uow, lambda tx: tx.dispute_notes.get(note.id)) == note
    assert in_system(uow, lambda tx: tx.dispute_notes.get(note.id)) == note


def test_an_edit_is_a_new_version_and_the_first_one_stays(uow: UnitOfWork) -> None:
    edit = an_edit(NOTE)

    add(uow, NOTE, edit)

    with uow.firm(FIRM_ID) as tx:
        assert tx.dispute_notes.get(NOTE.id) == edit
        assert [*tx.dispute_notes.versions(NOTE.id)] == [NOTE, edit]


def test_a_version_is_written_once(uow: UnitOfWork) -> None:
    add(uow, NOTE)

    with pytest.raises(Conflict, match=r"^version: "):
        add(uow, replace(NOTE, body="Something else."))

    assert in_firm(uow, lambda tx: [*tx.dispute_notes.versions(NOTE.id)]) == [NOTE]


def test_of_two_edits_at_once_one_is_refused(uow: UnitOfWork) -> None:
    add(uow, NOTE)

    def edit(body: str) -> bool:
        try:
            add(uow, an_edit(NOTE, body))
        except Conflict:
            return False
        return True

    kept = all_at_once([lambda n=n: edit(f"Edit {n}") for n in range(8)])

    assert kept.count(True) == 1
    assert len(in_firm(uow, lambda tx: tx.dispute_notes.versions(NOTE.id))) == 2


def test_a_note_needs_a_dispute_of_its_firm(uow: UnitOfWork) -> None:
    for note in (a_note(dispute_id="dsp_unknown"), a_note(firm_id=OTHER_FIRM_ID)):
        with pytest.raises(Conflict, match=r"^dispute_id: "):
            in_firm(uow, lambda tx, note=note: tx.dispute_notes.add(note), firm_id=note.firm_id)


def test_a_firm_neither_writes_nor_reads_anothers_notes(uow: UnitOfWork) -> None:
    add(uow, NOTE)

    with pytest.raises(WrongFirm):
        in_firm(uow, lambda tx: tx.dispute_notes.add(an_edit(NOTE)), firm_id=OTHER_FIRM_ID)
    with uow.firm(OTHER_FIRM_ID) as tx:
        assert tx.dispute_notes.get(NOTE.id) is None
        assert [*tx.dispute_notes.versions(NOTE.id)] == []
        assert tx.dispute_notes.page(NOTE.dispute_id, PageRequest()).items == ()


def test_the_newest_versions_are_listed_newest_note_first_in_pages(uow: UnitOfWork) -> None:
    other = a_dispute(stripe_dispute_id="dp_2")
    in_firm(uow, lambda tx: tx.disputes.save_unmatched(other, NOW))
    notes = [a_note(id=f"dno_{number}", created_at=NOW + days(number)) for number in range(3)]
    edited = an_edit(notes[0], edited_at=NOW + days(9))
    add(uow, *notes, edited, a_note(id="dno_other", dispute_id=dispute_id(FIRM_ID, "dp_2")))

    with uow.firm(FIRM_ID) as tx:
        first = tx.dispute_notes.page(NOTE.dispute_id, PageRequest(limit=2))
        second = tx.dispute_notes.page(NOTE.dispute_id, PageRequest(limit=2, cursor=first.next_cursor))

    assert [*first.items, *second.items] == [notes[2], notes[1], edited]
    assert second.next_cursor is None


def test_a_cursor_that_is_none_of_ours_is_refused(uow: UnitOfWork) -> None:
    with pytest.raises(BadCursor), uow.firm(FIRM_ID) as tx:
        tx.dispute_notes.page(NOTE.dispute_id, PageRequest(cursor="bm9uZQ=="))


def test_an_unknown_note_has_no_version(uow: UnitOfWork) -> None:
    with uow.firm(FIRM_ID) as tx:
        assert tx.dispute_notes.get("dno_unknown") is None
        assert [*tx.dispute_notes.versions("dno_unknown")] == []


def add(uow: UnitOfWork, *notes: DisputeNote) -> None:
    in_firm(uow, lambda tx: [tx.dispute_notes.add(note) for note in notes])
