"""Payments, refunds and disputes told in any order, with any repetition and in any portions end in the same invoice,
disputes, refunds, ledger and pending outbox. Expected values: design.md 1, the issue (point 1).
"""

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.model.derivation import derive
from domain.model.exposure import Reversals
from domain.model.invoices import InvoiceFacts, InvoiceState, InvoiceStatus
from domain.model.ledger import LedgerEntry, entries
from domain.model.outbox import PENDING_STATUSES, OutboxItem, OutboxStatus, Wish
from domain.model.policies import Policy, Terms
from domain.model.schedule import reschedule
from tests.builders import an_outbox_item
from tests.payment_stories import AMOUNT_MINOR, START
from tests.reversal_stories import Story, Told, disorderly, facts_after, facts_before, stories, told_at_once

TERMS = Terms(Policy())
Booked = dict[tuple[str, str], tuple[int, str]]
decisions = st.fixed_dictionaries(
    {
        "autopay": st.booleans(),
        "sent_at": st.sampled_from([START, START, None]),
        "voided_at": st.sampled_from([None, None, None, START]),
        "paused_at": st.sampled_from([None, None, START]),
    }
)


def booked(facts: InvoiceFacts, state: InvoiceState) -> list[LedgerEntry]:
    return list(entries(state.attempts, facts.reversals.refunds, facts.disputes))


class Office:
    """What is written down while the tellings come: the ledger, to which is only added, and the outbox."""

    def __init__(self, facts: InvoiceFacts) -> None:
        self.facts = facts
        self.ledger: Booked = {}
        self.outbox: dict[str, OutboxItem] = {}

    def hear(self, told: list[Told]) -> None:
        self.facts = told_at_once(self.facts, told)
        state = derive(self.facts, TERMS)
        self._book(booked(self.facts, state))
        pending = [item for item in self.outbox.values() if item.status in PENDING_STATUSES]
        moves = reschedule(self.facts, state, TERMS, pending)
        self.outbox |= {item.dedupe_key: item for item in moves.changed}
        for wish in moves.missing:
            self._add(wish)

    def _book(self, standing: list[LedgerEntry]) -> None:
        found = {entry.key: (entry.amount_minor, entry.currency) for entry in standing}
        assert len(found) == len(standing), "two entries with one key"
        assert self.ledger.items() <= found.items(), "an entry was changed or taken back"
        self.ledger = found

    def _add(self, wish: Wish) -> None:
        known = self.outbox.get(wish.dedupe_key)
        assert known is None or known.status is OutboxStatus.CANCELED
        self.outbox[wish.dedupe_key] = an_outbox_item(
            kind=wish.kind, dedupe_key=wish.dedupe_key, due_at=wish.due_at, status=wish.status
        )

    @property
    def pending(self) -> set[tuple[str, object, str]]:
        items = [item for item in self.outbox.values() if item.status in PENDING_STATUSES]
        return {(item.dedupe_key, item.due_at, item.status) for item in items}


@dataclass(frozen=True)
class End:
    """All that stands in the end."""

    state: InvoiceState
    reversals: Reversals
    ledger: Booked
    pending: set[tuple[str, object, str]]


def end_of(facts: InvoiceFacts, portions: list[list[Told]]) -> End:
    office = Office(facts)
    for portion in portions:
        office.hear(portion)
    office.hear([])
    return End(derive(office.facts, TERMS), office.facts.reversals, office.ledger, office.pending)


@settings(max_examples=100, deadline=None)
@given(disorderly(), decisions)
def test_any_order_repetition_and_portions_of_a_story_end_the_same(
    delivery: tuple[Story, list[Told], list[list[Told]]], decided: dict[str, object]
) -> None:
    story, in_time, portions = delivery
    facts = facts_before(story, **decided)

    assert end_of(facts, portions) == end_of(facts, [in_time])


@settings(max_examples=40, deadline=None)
@given(disorderly())
def test_telling_all_of_it_once_more_changes_nothing(
    delivery: tuple[Story, list[Told], list[list[Told]]],
) -> None:
    story, told, _ = delivery
    facts = told_at_once(facts_before(story), told)

    assert told_at_once(facts, told) == facts


@settings(max_examples=40, deadline=None)
@given(stories(), st.randoms())
def test_the_order_in_which_reversals_are_kept_does_not_matter(story: Story, random) -> None:  # type: ignore[no-untyped-def]
    facts = facts_after(story)
    kept = facts.reversals
    mixed = {name: list(getattr(kept, name)) for name in ("refunds", "totals", "requests", "disputes")}
    for items in mixed.values():
        random.shuffle(items)

    shuffled = replace(facts, reversals=Reversals(**{name: tuple(items) for name, items in mixed.items()}))

    assert derive(shuffled, TERMS).figures == derive(facts, TERMS).figures


@settings(max_examples=100, deadline=None)
@given(disorderly(), decisions)
def test_whatever_is_told_so_far_the_amounts_stay_within_what_came_in(
    delivery: tuple[Story, list[Told], list[list[Told]]], decided: dict[str, object]
) -> None:
    story, _, portions = delivery
    facts = facts_before(story, **decided)
    for portion in portions:
        facts = told_at_once(facts, portion)
        state = derive(facts, TERMS)

        shown = state.figures
        assert min(shown.amount_paid, shown.amount_refunded, shown.amount_disputed, state.amount_open) >= 0
        for exposure in state.exposures:
            amount = exposure.payment.amount_minor
            assert exposure.refunded_minor + exposure.disputed_minor <= amount
            assert 0 <= exposure.lost_minor <= exposure.disputed_minor
            assert 0 <= exposure.ceiling_minor <= amount


@settings(max_examples=40, deadline=None)
@given(stories(), decisions)
def test_a_disputed_invoice_is_charged_by_nobody(story: Story, decided: dict[str, object]) -> None:
    facts = facts_after(story, **decided)
    state = derive(facts, TERMS)

    wishes = reschedule(facts, state, TERMS, []).missing

    if state.figures.status is InvoiceStatus.DISPUTED:
        collecting = [wish for wish in wishes if wish.kind in ("retry", "collect")]
        assert {wish.status for wish in collecting} <= {OutboxStatus.HELD}
        assert state.figures.next_payment_retry_at is None


@settings(max_examples=40, deadline=None)
@given(stories())
def test_each_row_is_wished_for_once(story: Story) -> None:
    facts = facts_after(story)

    wishes = reschedule(facts, derive(facts, TERMS), TERMS, []).missing

    assert len({wish.dedupe_key for wish in wishes}) == len(wishes)


def test_a_story_without_reversals_is_worth_its_payments() -> None:
    assert derive(facts_after(Story()), TERMS).amount_open == AMOUNT_MINOR
