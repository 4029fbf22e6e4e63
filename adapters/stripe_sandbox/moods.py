"""How a card answers from now on, set by the user of the sandbox: it outranks what the test card does by itself."""

import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from adapters.stripe_sandbox.declines import ADVICE_CODES

MOST_DECLINES = 1_000_000
_DECLINE_CODE = re.compile(r"^[a-z][a-z0-9_]{0,63}$")
_FIELDS = ("decline_code", "advice_code", "succeed_after", "processing")


@dataclass(frozen=True)
class Mood:
    """`decline_code` None: every charge succeeds. `succeed_after`: how many are declined before; None means all.

    `processing`: the charge is neither taken nor refused until it is settled by hand.
    """

    decline_code: str | None = None
    advice_code: str | None = None
    succeed_after: int | None = None
    processing: bool = False


class MoodError(ValueError):
    """A mood that makes no sense; `field` names what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def parse_mood(given: Mapping[str, object]) -> Mood:
    """A mood from a request; numbers and booleans may be text. Raises MoodError."""
    for name in given:
        if name not in _FIELDS:
            raise MoodError(name, f"There is no '{name}' here. There are: {', '.join(_FIELDS)}.")
    succeed_after = _count(given.get("succeed_after"))
    advice_code = _advice(given.get("advice_code"))
    decline_code = _decline(given.get("decline_code"))
    if decline_code is None and (succeed_after is not None or advice_code is not None):
        decline_code = "generic_decline"
    return Mood(decline_code, advice_code, succeed_after, _flag(given.get("processing")))


def set_mood(connection: sqlite3.Connection, card: str, mood: Mood) -> None:
    """Keep the mood of a PaymentMethod id or of a test card's name."""
    connection.execute(
        "INSERT INTO moods VALUES (?, ?, ?) ON CONFLICT (card) DO UPDATE SET rule = excluded.rule, "
        "declines_left = excluded.declines_left",
        (card, json.dumps(asdict(mood)), mood.succeed_after),
    )


def find_mood(connection: sqlite3.Connection, *cards: str) -> Mood | None:
    """The mood of the first of these that has one, as it answers now."""
    for card in cards:
        row = connection.execute("SELECT rule, declines_left FROM moods WHERE card = ?", (card,)).fetchone()
        if row is not None:
            mood = Mood(**json.loads(row[0]))
            return Mood(processing=mood.processing) if row[1] == 0 else mood
    return None


def count_decline(connection: sqlite3.Connection, *cards: str) -> None:
    """One decline of the mood that `find_mood` found is used up."""
    for card in cards:
        found = connection.execute(
            "UPDATE moods SET declines_left = declines_left - 1 WHERE card = ? AND declines_left > 0", (card,)
        )
        known = connection.execute("SELECT 1 FROM moods WHERE card = ?", (card,)).fetchone()
        if found.rowcount or known is not None:
            return


def _decline(value: object) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not _DECLINE_CODE.match(value):
        message = "decline_code must be a decline code such as insufficient_funds (lower case, up to 64 characters)."
        raise MoodError("decline_code", message)
    return value


def _advice(value: object) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or value not in ADVICE_CODES:
        raise MoodError("advice_code", f"advice_code must be one of {', '.join(ADVICE_CODES)}.")
    return value


def _count(value: object) -> int | None:
    if value in (None, ""):
        return None
    text = str(value)
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or int(text) > MOST_DECLINES:
        raise MoodError("succeed_after", f"succeed_after must be a whole number from 0 to {MOST_DECLINES}.")
    return int(text)


def _flag(value: object) -> bool:
    if value in (None, "", False, "false"):
        return False
    if value in (True, "true"):
        return True
    raise MoodError("processing", "processing must be true or false.")
