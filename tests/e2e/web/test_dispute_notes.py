"""Notes on disputes: who wrote what and when, and no edit without a trace."""

from datetime import timedelta
from typing import Any

import pytest

from domain.model.firms import Scope
from tests.e2e.web.reversal_stories import a_dispute
from tests.e2e.web.web_world import WebWorld

FIELDS = {"id", "dispute_id", "body", "author", "created_at", "version", "edited_by", "edited_at"}
LONGEST = 10_000


@pytest.fixture
def dispute_id(web: WebWorld) -> str:
    return a_dispute(web)


def author(web: WebWorld, scope: Scope) -> str:
    return f"api_key:{web.north.keys[scope].split('_')[1]}"


def test_a_note_keeps_its_author_and_its_time(web: WebWorld, dispute_id: str) -> None:
    made = web.call("POST", f"/disputes/{dispute_id}/notes", {"body": "Called.\nNobody answered."}, scope=Scope.WRITE)

    assert made.status_code == 201
    note = made.get_json()
    assert set(note) == FIELDS
    assert (note["body"], note["author"]) == ("Called.\nNobody answered.", author(web, Scope.WRITE))
    assert (note["dispute_id"], note["created_at"]) == (dispute_id, "2026-03-02T09:00:00Z")
    assert (note["version"], note["edited_by"], note["edited_at"]) == (1, None, None)
    assert web.call("GET", f"/disputes/{dispute_id}").get_json()["notes_count"] == 1


def test_notes_are_listed_newest_first_by_either_id(web: WebWorld, dispute_id: str) -> None:
    for text in ("First.", "Second.", "Third."):
        web.call("POST", f"/disputes/{dispute_id}/notes", {"body": text})
        web.clock.advance(timedelta(minutes=1))

    whole = web.call("GET", "/disputes/dp_1/notes").get_json()
    first = web.call("GET", f"/disputes/{dispute_id}/notes", query={"limit": "2"}).get_json()
    rest = web.call("GET", f"/disputes/{dispute_id}/notes", query={"cursor": first["next_cursor"]}).get_json()

    assert [note["body"] for note in whole["data"]] == ["Third.", "Second.", "First."]
    assert first["data"] + rest["data"] == whole["data"]
    assert rest["next_cursor"] is None


def test_an_edit_is_a_new_version_and_the_one_before_stays_readable(web: WebWorld, dispute_id: str) -> None:
    note = web.call("POST", f"/disputes/{dispute_id}/notes", {"body": "Signed."}, scope=Scope.WRITE).get_json()
    web.clock.advance(timedelta(hours=1))

    edited = web.call("PATCH", f"/disputes/{dispute_id}/notes/{note['id']}", {"body": "Signed twice."})

    assert edited.status_code == 200
    expected = {
        **note,
        "body": "Signed twice.",
        "version": 2,
        "edited_by": author(web, Scope.ADMIN),
        "edited_at": "2026-03-02T10:00:00Z",
    }
    assert edited.get_json() == expected
    assert web.call("GET", f"/disputes/{dispute_id}/notes").get_json()["data"] == [expected]
    versions = web.call("GET", f"/disputes/{dispute_id}/notes/{note['id']}/versions").get_json()["data"]
    assert versions == [note, expected]
    assert web.call("GET", f"/disputes/{dispute_id}").get_json()["notes_count"] == 1


def test_the_path_of_a_new_note_shows_it(web: WebWorld, dispute_id: str) -> None:
    made = web.call("POST", f"/disputes/{dispute_id}/notes", {"body": "Signed."})

    shown = web.call("GET", made.headers["Location"].removeprefix("/api/v1"))

    assert shown.get_json()["data"] == [made.get_json()]


@pytest.mark.parametrize(
    "body",
    ["", "   ", "\n\n", "x" * (LONGEST + 1), "a\0b", "a\x1bb", None, 5, ["text"], True],
    ids=lambda body: repr(body)[:12],
)
def test_a_note_that_is_no_text_of_its_length_is_refused(web: WebWorld, dispute_id: str, body: Any) -> None:
    note = web.call("POST", f"/disputes/{dispute_id}/notes", {"body": "Signed."}).get_json()

    new = web.call("POST", f"/disputes/{dispute_id}/notes", {"body": body})
    edit = web.call("PATCH", f"/disputes/{dispute_id}/notes/{note['id']}", {"body": body})

    assert (new.status_code, edit.status_code) == (422, 422)
    assert list(new.get_json()["errors"]) == list(edit.get_json()["errors"]) == ["body"]
    assert web.call("GET", f"/disputes/{dispute_id}/notes").get_json()["data"] == [note]


@pytest.mark.parametrize("letter", ["x", "é", "\U0001f9fe"], ids=["ascii", "accent", "emoji"])
def test_the_longest_note_is_taken_whatever_its_letters(web: WebWorld, dispute_id: str, letter: str) -> None:
    made = web.call("POST", f"/disputes/{dispute_id}/notes", {"body": letter * LONGEST})

    assert made.status_code == 201
    assert made.get_json()["body"] == letter * LONGEST


def test_a_note_is_found_under_its_own_dispute_only(web: WebWorld, dispute_id: str) -> None:
    other_id = a_dispute(web, stripe_dispute_id="dp_2")
    note = web.call("POST", f"/disputes/{dispute_id}/notes", {"body": "Signed."}).get_json()

    answers = [
        web.call("PATCH", f"/disputes/{other_id}/notes/{note['id']}", {"body": "Mine."}),
        web.call("GET", f"/disputes/{other_id}/notes/{note['id']}/versions"),
        web.call("PATCH", f"/disputes/{dispute_id}/notes/not_none", {"body": "Mine."}),
        web.call("GET", f"/disputes/{dispute_id}/notes/{note['id']}/versions", by=web.south),
        web.call("PATCH", f"/disputes/{dispute_id}/notes/{note['id']}", {"body": "Mine."}, by=web.south),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert web.call("GET", f"/disputes/{dispute_id}/notes").get_json()["data"] == [note]


def test_a_repeat_under_the_same_key_writes_one_note(web: WebWorld, dispute_id: str) -> None:
    headers = {"Idempotency-Key": "a note"}

    first, second = (
        web.call("POST", f"/disputes/{dispute_id}/notes", {"body": "Signed."}, headers=headers) for _ in range(2)
    )

    assert second.get_json() == first.get_json()
    assert len(web.call("GET", f"/disputes/{dispute_id}/notes").get_json()["data"]) == 1


def test_the_audit_log_says_that_something_was_noted_and_never_what(web: WebWorld, dispute_id: str) -> None:
    note = web.call("POST", f"/disputes/{dispute_id}/notes", {"body": "The secret word."}).get_json()
    web.call("PATCH", f"/disputes/{dispute_id}/notes/{note['id']}", {"body": "The secret words."})

    log = web.call("GET", "/audit-events", query={"subject": dispute_id, "limit": "100"})

    actions = [event["action"] for event in log.get_json()["data"]]
    assert {"dispute_note_added", "dispute_note_edited"} <= set(actions)
    assert "secret" not in log.text
