"""Faults that are made on purpose, and the chance that decides them."""

import json
import random
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Literal

from adapters.stripe_sandbox.store import read_setting, write_setting

RATES = ("error_rate", "answer_lost", "drop", "duplicate", "reorder")
LONGEST_SECONDS = 600.0
REORDER_SECONDS = (0.2, 2.0)
_SETTING = "faults"

ErrorTime = Literal["before", "after"]


@dataclass(frozen=True)
class Faults:
    """Rates from 0 to 1 and seconds from 0 to 600; all 0 means a well-behaved Stripe.

    `error_rate`: share of /v1 POSTs answered 500. Half of them did nothing, half were carried out: as at Stripe a 500
    does not tell which. `answer_lost`: share of /v1 POSTs carried out whose connection is then closed without an
    answer, after `hang_seconds` of silence. `latency_seconds`: how long every /v1 POST takes, its key in flight.
    `drop`: share of events never delivered (the events list still has them). `duplicate`: share delivered twice.
    `reorder`: share delivered 0.2 to 2 s late, so that later ones overtake. `delay_seconds`: of every delivery.
    """

    error_rate: float = 0.0
    answer_lost: float = 0.0
    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay_seconds: float = 0.0
    hang_seconds: float = 0.0
    latency_seconds: float = 0.0


class FaultError(ValueError):
    """A fault setting that makes no sense; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def parse_faults(given: Mapping[str, object], current: Faults) -> Faults:
    """`current` with the given settings; numbers may be text. Raises FaultError."""
    known = {field.name for field in fields(Faults)}
    changed = asdict(current)
    for name, value in given.items():
        if name not in known:
            raise FaultError(name, f"There is no fault '{name}'. There are: {', '.join(sorted(known))}.")
        changed[name] = _number(name, value)
    return Faults(**changed)


def _number(name: str, value: object) -> float:
    limit = 1.0 if name in RATES else LONGEST_SECONDS
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= limit:
        raise FaultError(name, f"{name} must be a number from 0 to {limit:g}.")
    return number


class FaultMaker:
    """Holds the settings and draws the lots. Safe to use from any thread."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._lock = threading.Lock()
        self.settings = Faults()

    def load(self, connection: sqlite3.Connection) -> None:
        """The settings that were kept before a restart."""
        kept = json.loads(read_setting(connection, _SETTING, "{}"))
        self.settings = parse_faults(kept, Faults())

    def change(self, connection: sqlite3.Connection, given: Mapping[str, object]) -> Faults:
        """Set what is given, keep it over restarts, and answer the whole. Raises FaultError."""
        self.settings = parse_faults(given, self.settings)
        write_setting(connection, _SETTING, json.dumps(asdict(self.settings)))
        return self.settings

    def draw_error(self) -> ErrorTime | None:
        """Whether this POST is answered 500, and whether its work is done."""
        if not self._hits(self.settings.error_rate):
            return None
        return "after" if self._hits(0.5) else "before"

    def draws_lost_answer(self) -> bool:
        """Whether this POST's answer is lost."""
        return self._hits(self.settings.answer_lost)

    def draws_drop(self) -> bool:
        """Whether this event is never delivered."""
        return self._hits(self.settings.drop)

    def delivery_delays(self) -> list[float]:
        """Seconds until each delivery of an event: one, or two when it is duplicated."""
        copies = 2 if self._hits(self.settings.duplicate) else 1
        return [self.settings.delay_seconds + self._overtaken() for _ in range(copies)]

    def _overtaken(self) -> float:
        if not self._hits(self.settings.reorder):
            return 0.0
        with self._lock:
            return self._chance.uniform(*REORDER_SECONDS)

    def _hits(self, rate: float) -> bool:
        if rate <= 0.0:
            return False
        with self._lock:
            return self._chance.random() < rate
