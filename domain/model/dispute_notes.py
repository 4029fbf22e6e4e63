"""What people write down about a dispute, for each other."""

from dataclasses import dataclass
from datetime import datetime

from domain.model.errors import FieldError, InvalidInput

NOTE_LENGTH_MAX = 10_000


@dataclass(frozen=True)
class DisputeNote:
    """One version of a note. `author` and `created_at` are of the note, `edited_by` and `edited_at` of this version."""

    id: str
    firm_id: str
    dispute_id: str
    version: int
    body: str
    author: str
    created_at: datetime
    edited_by: str | None = None
    edited_at: datetime | None = None

    def __post_init__(self) -> None:
        if not self.body.strip():
            raise InvalidInput(FieldError("body", "Write something."))
        if len(self.body) > NOTE_LENGTH_MAX:
            raise InvalidInput(FieldError("body", f"At most {NOTE_LENGTH_MAX:,} characters."))
