"""Traces of a client in memory."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapters.memory.scope import Scope
from adapters.memory.store import Answered, DisputeRecord
from adapters.memory.tables import View
from domain.model.dispute_notes import DisputeNote
from domain.model.erasure import ERASED_NOTE
from domain.model.inbox import InboxEntry
from ports.personal_data import EventKey, Trace


class MemoryPersonalData:
    """The port `PersonalData`."""

    def __init__(
        self,
        scope: Scope,
        *,
        entries: View[tuple[str, str], InboxEntry],
        answers: View[tuple[str, str], Answered],
        disputes: View[str, DisputeRecord],
        notes: View[tuple[str, int], DisputeNote],
    ) -> None:
        self._scope = scope
        self._entries = entries
        self._answers = answers
        self._disputes = disputes
        self._notes = notes

    def events(self, trace: Trace, after: EventKey | None, limit: int) -> tuple[Sequence[InboxEntry], EventKey | None]:
        """The client's events; see the port."""
        entries = sorted((entry for entry in self._entries.all() if _key(entry) > (after or ("", ""))), key=_key)[
            :limit
        ]
        following = _key(entries[-1]) if len(entries) == limit else None
        return [entry for entry in entries if _is_theirs(entry, trace)], following

    def replace_body(self, account: str, event_id: str, body: Mapping[str, Any]) -> None:
        """Put another body in the place of a stored event's."""
        entry = self._entries.lock((account, event_id))
        if entry is not None:
            self._entries.put((account, event_id), replace(entry, event=replace(entry.event, body=body)))

    def erase_notes(self, invoice_id: str) -> None:
        """Take away what was written about the invoice's disputes; see the port."""
        self._scope.own_firm()
        theirs = {record.dispute.id for record in self._disputes.all() if record.invoice_id == invoice_id}
        for note in self._notes.all():
            if note.dispute_id in theirs:
                self._notes.put((note.id, note.version), replace(note, body=ERASED_NOTE))

    def forget_answers(self, text: str) -> int:
        """Forget answers that hold `text`; see the port."""
        self._scope.own_firm()
        found = [one for one in self._answers.all() if one.answer.status and text in json.dumps(one.answer.body)]
        for one in found:
            self._answers.put((one.firm_id, one.key), replace(one, answer=replace(one.answer, status=0, body=None)))
        return len(found)


def _key(entry: InboxEntry) -> EventKey:
    return entry.event.id, entry.event.account


def _is_theirs(entry: InboxEntry, trace: Trace) -> bool:
    if entry.firm_id not in (None, trace.firm_id):
        return False
    customer_id = trace.stripe_customer_id
    names_customer = customer_id is not None and f'"{customer_id}"' in json.dumps(entry.event.body)
    return entry.invoice_id in trace.invoice_ids or names_customer
