"""Several snapshots of one thing over time: which of them still count, and what each field says.

A dispute or a refund is told of again and again, in any order. Merging is a maximum in a total order (told when, then
the rank of the status, then the content), for each field on its own: associative, commutative, idempotent. What can
no longer make a difference is dropped, so that the number of snapshots kept is bounded by the number of statuses.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeVar


class Snapshot(Protocol):
    """One source's word on a whole thing at one time. A field that it does not tell of is None.

    A frozen dataclass. `phase` tells stretches of its life apart; `rank` orders what is told of the same second.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def told_at(self) -> datetime:
        """The event's `created`, or Stripe's time when the thing was fetched."""

    @property
    def rank(self) -> int:
        """How far its status is along the thing's life."""

    @property
    def phase(self) -> str:
        """The stretch of its life that the snapshot belongs to."""


S = TypeVar("S", bound=Snapshot)
Order = Callable[[S], tuple[Any, ...]]


def by_time(snapshot: Snapshot) -> tuple[datetime, int, str]:
    """The declared order of design.md 1: event time, rank of status; ties broken by content."""
    return snapshot.told_at, snapshot.rank, content(snapshot)


def by_rank(snapshot: Snapshot) -> tuple[int, datetime, str]:
    """For a thing whose status only ever goes forward: rank first."""
    return snapshot.rank, snapshot.told_at, content(snapshot)


def content(snapshot: Snapshot) -> str:
    """A text that is equal for equal snapshots alone."""
    return "|".join(repr(getattr(snapshot, field.name)) for field in fields(snapshot))


def that_count(snapshots: Iterable[S], order: Order[S]) -> tuple[S, ...]:
    """The snapshots that still answer some question, in order: for each field the newest one that tells it, for each
    phase its first and last.
    """
    ordered = sorted(set(snapshots), key=order)
    kept: dict[object, S] = {}
    for snapshot in ordered:
        kept.setdefault(("first of", snapshot.phase), snapshot)
        kept["last of", snapshot.phase] = snapshot
        for field in fields(snapshot):
            if getattr(snapshot, field.name) is not None:
                kept["tells", field.name] = snapshot
    return tuple(sorted(set(kept.values()), key=order))


def told(ordered: Sequence[S], name: str) -> Any:
    """The field's value in the newest snapshot that tells it; None when none does."""
    return next((value for s in reversed(ordered) if (value := getattr(s, name)) is not None), None)
