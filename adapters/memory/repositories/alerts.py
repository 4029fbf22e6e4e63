"""Where alerts go, what was told lately, and the figures that the rules look at, in memory."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from adapters.memory.scope import Scope
from adapters.memory.store import AlertState, Digested, InvoiceRecord
from adapters.memory.tables import View
from domain.model.alert_pacing import Pace, Quiet
from domain.model.alert_rules import Payments, Unmatched, Watch
from domain.model.alerts import Alert, AlertSettings
from domain.model.inbox import InboxEntry, InboxStatus
from domain.model.payment_facts import FactKind, outcomes

_ENDED = frozenset({FactKind.FAILED, FactKind.SUCCEEDED})


class MemoryAlertBook:
    """The port `AlertBook`."""

    def __init__(
        self,
        scope: Scope,
        states: View[str, AlertState],
        quiet: View[tuple[str, str, str], Quiet],
        digest: View[tuple[str, str], Digested],
        *,
        numbers: Iterator[int],
    ) -> None:
        self._scope = scope
        self._states = states
        self._quiet = quiet
        self._digest = digest
        self._numbers = numbers

    def settings(self, firm_id: str) -> AlertSettings:
        """The firm's addresses."""
        return self._state(firm_id).settings

    def save_settings(self, firm_id: str, settings: AlertSettings) -> None:
        """Replace them."""
        self._save(replace(self._locked(firm_id), settings=settings))

    def lock_pace(self, firm_id: str) -> Pace:
        """The firm's pace, locked; see the port."""
        return self._locked(firm_id).pace

    def save_pace(self, firm_id: str, pace: Pace) -> None:
        """Replace it."""
        self._save(replace(self._locked(firm_id), pace=pace))

    def watch(self, firm_id: str) -> Watch:
        """What the rules remember of the firm."""
        return self._state(firm_id).watch

    def save_watch(self, firm_id: str, watch: Watch) -> None:
        """Replace it."""
        self._save(replace(self._locked(firm_id), watch=watch))

    def quiet(self, firm_id: str, action: str, subject_id: str) -> Quiet | None:
        """The last quiet period of that action and subject."""
        return self._quiet.get((firm_id, action, subject_id))

    def save_quiet(self, quiet: Quiet, now: datetime) -> None:
        """Store or replace it; see the port."""
        self._scope.require(quiet.firm_id)
        for other in self._quiet.all():
            if other.firm_id == quiet.firm_id and other.held_count == 0 and other.ends_at <= now:
                self._quiet.remove(_place(other))
        self._quiet.put(_place(quiet), quiet)

    def keep_for_digest(self, key: str, alert: Alert) -> None:
        """Put an alert aside for the firm's next digest."""
        self._scope.require(alert.firm_id)
        place = (alert.firm_id, key)
        if self._digest.lock(place) is None:
            self._digest.put(place, Digested(next(self._numbers), key, alert))

    def take_for_digest(self, firm_id: str) -> Sequence[Alert]:
        """Take every alert that was put aside, oldest first."""
        taken = [digested for digested in self._digest.all() if digested.alert.firm_id == firm_id]
        for digested in taken:
            self._digest.remove((firm_id, digested.key))
        return [digested.alert for digested in sorted(taken, key=lambda digested: digested.number)]

    def _state(self, firm_id: str) -> AlertState:
        return self._states.get(firm_id) or AlertState(firm_id)

    def _locked(self, firm_id: str) -> AlertState:
        self._scope.require(firm_id)
        return self._states.lock(firm_id) or AlertState(firm_id)

    def _save(self, state: AlertState) -> None:
        self._states.put(state.firm_id, state)


def _place(quiet: Quiet) -> tuple[str, str, str]:
    return quiet.firm_id, quiet.action, quiet.subject_id


class MemoryAlertSigns:
    """The port `AlertSigns`."""

    def __init__(
        self,
        *,
        invoices: View[str, InvoiceRecord],
        entries: View[tuple[str, str], InboxEntry],
        states: View[str, AlertState],
    ) -> None:
        self._invoices = invoices
        self._entries = entries
        self._states = states

    def payments_since(self, since: datetime) -> Mapping[str, Payments]:
        """How many payments failed and succeeded since then, by firm; see the port."""
        counts: Counter[tuple[str, bool]] = Counter()
        for record in self._invoices.all():
            ended = [
                fact
                for fact in record.facts.payments
                if fact.kind in _ENDED and min(fact.told_at, fact.charge_created_at or fact.told_at) >= since
            ]
            counts.update((record.firm_id, outcome.has_succeeded) for outcome in outcomes(ended))
        firms = {firm_id for firm_id, _ in counts}
        return {firm_id: Payments(counts[firm_id, False], counts[firm_id, True]) for firm_id in firms}

    def watches(self) -> Mapping[str, Watch]:
        """What the rules remember, by firm; see the port."""
        return {state.firm_id: state.watch for state in self._states.all() if state.watch != Watch()}

    def unmatched_before(self, received_before: datetime) -> Mapping[str, Unmatched]:
        """Events received by then that are unmatched still, by firm; see the port."""
        waiting: dict[str, list[datetime]] = {}
        for entry in self._entries.find("status", InboxStatus.UNMATCHED):
            if entry.firm_id is not None and entry.received_at <= received_before:
                waiting.setdefault(entry.firm_id, []).append(entry.received_at)
        return {firm_id: Unmatched(len(times), max(times)) for firm_id, times in waiting.items()}
