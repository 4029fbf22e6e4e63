"""Notices as they are kept. As in `ports.repositories`, a firm's transaction sees its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.model.notices import Branding, Notice
from ports.repositories import Page, PageRequest


@dataclass(frozen=True)
class NoticeFilter:
    """Which notices to list."""

    status: str | None = None
    stage: str | None = None
    client_id: str | None = None
    invoice_id: str | None = None


class Notices(Protocol):
    """Mails to customers: one for each subject, stage and cause."""

    def save(self, notice: Notice) -> None:
        """Store or replace a notice. Raises `Conflict` when another one has the same subject, stage and cause."""

    def get(self, notice_id: str) -> Notice | None:
        """The notice."""

    def of_subject(self, subject_id: str) -> Sequence[Notice]:
        """All notices about an invoice or a card, oldest first."""

    def page(self, wanted: NoticeFilter, request: PageRequest) -> Page[Notice]:
        """Notices, newest first. Raises `BadCursor`."""


class Brandings(Protocol):
    """How firms look to their customers."""

    def get(self, firm_id: str) -> Branding:
        """The firm's branding; the plain one where none was set."""

    def save(self, firm_id: str, branding: Branding) -> None:
        """Replace it."""
