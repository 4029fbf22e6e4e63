"""What people write down about disputes, for each other."""

from collections.abc import Mapping
from typing import Any

from domain.model.dispute_notes import NOTE_LENGTH_MAX, DisputeNote
from domain.model.firms import Scope
from domain.services import dispute_desk
from entrypoints.web.api import shown
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.api.fields import Accepted, LongText
from entrypoints.web.api.lists import ListQuery, WholeListQuery, cut, page_of, page_request
from entrypoints.web.api.shown import Shown
from entrypoints.web.application import ports
from entrypoints.web.authentication import caller
from ports.repositories import Page

blueprint = ApiBlueprint(
    "dispute-notes", path="/disputes/<id:dispute_id>/notes", description="Internal notes on disputes."
)


class NewNoteSchema(Accepted):
    """What is to be noted."""

    body = LongText(
        longest=NOTE_LENGTH_MAX,
        required=True,
        metadata={"description": "The text; it may have several lines.", "example": "The parcel was signed for."},
    )


class NoteSchema(Shown):
    """A note as one of its versions has it."""

    id = shown.text("Ours.", "not_8Kj3hG5fDs2AqW9zXcVbN4")
    dispute_id = shown.text("The dispute.", "dsp_6Yt5rEw2QaSd8FgHj3KlZx")
    body = shown.text("The text.", "The parcel was signed for.")
    author = shown.text("Who wrote the note.", "api_key:3f9a81c27d40")
    created_at = shown.instant("When.")
    version = shown.number("Which version, from 1.", 1)
    edited_by = shown.text("Who wrote this version; null for the first.", "api_key:3f9a81c27d40", nullable=True)
    edited_at = shown.instant("When this version was written; null for the first.", nullable=True)


NotePageSchema = page_of(NoteSchema, "NotePage")


@blueprint.operation(
    "GET",
    "",
    Answer(200, NotePageSchema, "Notes in their newest version, newest note first."),
    scope=Scope.READ,
    query=ListQuery,
    errors=(404,),
)
def list_dispute_notes(query: Mapping[str, Any], dispute_id: str) -> Page[DisputeNote]:
    """List a dispute's notes, newest first."""
    return dispute_desk.list_notes(ports(), caller().firm_id, dispute_id, page_request(query))


@blueprint.operation(
    "POST",
    "",
    Answer(201, NoteSchema, "The note."),
    scope=Scope.WRITE,
    body=NewNoteSchema,
    errors=(404,),
)
def add_dispute_note(wanted: Mapping[str, Any], dispute_id: str) -> tuple[DisputeNote, dict[str, str]]:
    """Write a note on a dispute. Its author and time are kept with it."""
    note = dispute_desk.add_note(ports(), caller().firm_id, dispute_id, wanted["body"], caller().actor)
    return note, {"Location": f"/api/v1/disputes/{note.dispute_id}/notes/{note.id}/versions"}


@blueprint.operation(
    "PATCH",
    "/<id:note_id>",
    Answer(200, NoteSchema, "The note as it is now."),
    scope=Scope.WRITE,
    body=NewNoteSchema,
    errors=(409,),
)
def edit_dispute_note(wanted: Mapping[str, Any], dispute_id: str, note_id: str) -> DisputeNote:
    """Write a note anew: a next version.

    The versions before stay readable. 409 when somebody else wrote the next version at the same time.
    """
    body, actor = wanted["body"], caller().actor
    return dispute_desk.edit_note(ports(), caller().firm_id, dispute_id, note_id, body, by=actor)


@blueprint.operation(
    "GET",
    "/<id:note_id>/versions",
    Answer(200, NotePageSchema, "All versions, oldest first."),
    scope=Scope.READ,
    query=WholeListQuery,
)
def list_dispute_note_versions(query: Mapping[str, Any], dispute_id: str, note_id: str) -> Page[DisputeNote]:
    """List all versions of a note, oldest first."""
    versions = dispute_desk.note_versions(ports(), caller().firm_id, dispute_id, note_id)
    return cut(versions, query, lambda note: f"{note.id}:{note.version}")
