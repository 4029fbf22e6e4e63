"""The calendar that a policy gives when every attempt fails: the domain's own course, played forward."""

from dataclasses import dataclass
from datetime import datetime

from domain.model.attempts import Attempt, AttemptStatus, Trigger
from domain.model.money import Money
from domain.model.policies import Terms
from domain.model.retries import course

# Any debt that nobody pays gives the same course.
_DEBT = Money(1, "usd")


@dataclass(frozen=True)
class CalendarEntry:
    """One step: `after_days` policy days after the first failure."""

    number: int
    action: str
    at: datetime
    after_days: int


def calendar(terms: Terms, failed_at: datetime) -> tuple[CalendarEntry, ...]:
    """Each retry, and when the invoice becomes overdue, for a first failure at `failed_at`."""
    failures = [_failure(1, failed_at)]
    entries: list[CalendarEntry] = []
    while (slot := course(failures, _DEBT, terms).slot) is not None:
        entries.append(_entry(slot.number, "retry", slot.due_at, failed_at, terms))
        failures.append(_failure(slot.number + 1, slot.due_at))
    entries.append(_entry(len(failures), "overdue", failures[-1].at, failed_at, terms))
    return tuple(entries)


def _failure(number: int, at: datetime) -> Attempt:
    return Attempt(
        id=f"att_{number}",
        number=number,
        trigger=Trigger.AUTOPAY if number == 1 else Trigger.RETRY,
        status=AttemptStatus.DECLINED,
        counts=True,
        amount_minor=_DEBT.amount_minor,
        currency=_DEBT.currency,
        at=at,
        key=f"failure_{number}",
        told_at=at,
        heard_at=at,
    )


def _entry(number: int, action: str, at: datetime, failed_at: datetime, terms: Terms) -> CalendarEntry:
    return CalendarEntry(number, action, at, round((at - failed_at) / terms.day))
