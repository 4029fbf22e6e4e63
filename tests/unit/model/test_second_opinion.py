"""The domain's answer about an invoice is that of an independent model, whatever happened and however it is told."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.model.attempts import AttemptStatus, OwnAttempt, Trigger
from domain.model.derivation import derive
from domain.model.invoices import InvoiceFacts
from domain.model.payment_facts import FactKind, PaymentFact, Source, merge
from domain.model.policies import CountFrom, OldSlots, Policy, RetriesBy, Terms
from tests.invoice_model import Moment, Opinion, Rules, opinion
from tests.payment_stories import AMOUNT_MINOR, START, Happening, fact, invoice, own_attempt, skipped_slot

PART_MINOR = 1500
DEBIT_TAKES = timedelta(hours=5)
DOES = {
    Trigger.AUTOPAY: "fails",
    Trigger.RETRY: "fails",
    Trigger.EXTERNAL: "fails",
    Trigger.MANUAL: "tries",
    Trigger.CUSTOMER: "tries",
}


@dataclass(frozen=True)
class Chapter:
    """One moment of the story: what it is to the model, and what the domain gets to know of it."""

    moment: Moment | None
    own: tuple[OwnAttempt, ...] = ()
    told: tuple[PaymentFact, ...] = ()


@st.composite
def chapters(draw: st.DrawFn) -> list[Chapter]:
    """Up to nine chapters in the order of time, no two in one second, each PaymentIntent paid once at most."""
    at, intent, written = START, 0, list[Chapter]()
    for number in range(draw(st.integers(0, 9))):
        at += timedelta(seconds=draw(st.integers(1, 1_500_000)))
        intent += draw(st.integers(0, 1))
        kind = draw(
            st.sampled_from(["decline", "decline", "decline", "debit", "pay", "part", "skip", "absent", "outside"])
        )
        if kind in ("skip", "absent", "outside"):
            written.append(_without_charge(kind, number, at))
            continue
        trigger = draw(st.sampled_from(list(Trigger)))
        late = timedelta(hours=draw(st.sampled_from([0, 0, 0, 23, 25, 800])))
        whole = _of_a_charge(kind, number, at, intent_id=f"pi_{intent}", trigger=trigger, late=late)
        by_charge, *others = whole.told
        heard_of = draw(st.lists(st.sampled_from(others), unique_by=lambda one: one.key))
        written.append(replace(whole, told=(by_charge, *heard_of)))
        at += DEBIT_TAKES if kind == "debit" else timedelta()
        intent += kind in ("pay", "part")
    return written


def _of_a_charge(kind: str, number: int, at: datetime, *, intent_id: str, trigger: Trigger, late: timedelta) -> Chapter:
    """A charge with every telling of it, that of the charge first; each is heard `late`."""
    is_payment = kind in ("pay", "part")
    amount = PART_MINOR if kind == "part" else AMOUNT_MINOR
    attempt_id = None if trigger is Trigger.EXTERNAL else f"att_{number}"
    second = int((at - START).total_seconds())
    result = FactKind.SUCCEEDED if is_payment else FactKind.FAILED
    tellings = Happening(result, second, intent_id, f"ch_{number}", attempt_id).tellings()
    told = [replace(one, heard_at=at + late, amount_minor=amount) for one in tellings if one.kind is result]
    told.sort(key=lambda one: one.source is not Source.CHARGE)
    if kind == "debit":
        told = [replace(one, told_at=one.told_at + DEBIT_TAKES) for one in told]
        told += Happening(FactKind.PENDING, second + 1, intent_id, None, attempt_id).tellings()
    own = () if attempt_id is None else (own_attempt(attempt_id, at, intent_id, trigger=trigger),)
    return Chapter(Moment(at, at + late, "pays" if is_payment else DOES[trigger], amount), own, tuple(told))


def _without_charge(kind: str, number: int, at: datetime) -> Chapter:
    """A slot that was skipped, an attempt that never reached Stripe, or a part that was paid outside of Stripe."""
    if kind == "skip":
        return Chapter(Moment(at, at, "skips"), (skipped_slot(f"att_{number}", at),))
    if kind == "absent":
        return Chapter(None, (own_attempt(f"att_{number}", at, status=AttemptStatus.CANCELED, finished_at=at),))
    outside = fact(
        FactKind.INVOICE_PAID,
        Source.INVOICE,
        at,
        stripe_invoice_id=f"in_{number}",
        amount_minor=PART_MINOR,
        currency="usd",
        is_out_of_band=True,
    )
    return Chapter(Moment(at, at, "pays", PART_MINOR), (), (outside,))


policies = st.builds(
    Policy,
    retry_delays_days=st.sampled_from([(3, 7, 14), (1, 2), ()]),
    count_from=st.sampled_from(list(CountFrom)),
    retries_by=st.sampled_from(list(RetriesBy)),
    old_slots=st.sampled_from(list(OldSlots)),
)
decisions = st.fixed_dictionaries(
    {
        "autopay": st.sampled_from([True, True, False]),
        "sent_at": st.sampled_from([START, START, None]),
        "voided_at": st.sampled_from([None, None, None, START]),
        "paused_at": st.sampled_from([None, None, None, START]),
        "stripe_invoice_id": st.sampled_from([None, None, "in_ours"]),
    }
)


def _rules(policy: Policy, decided: dict[str, object], day: timedelta) -> Rules:
    is_stripes = decided["stripe_invoice_id"] is not None and policy.retries_by is RetriesBy.STRIPE
    return Rules(
        amount_due=AMOUNT_MINOR,
        delays=tuple(days * day for days in policy.retry_delays_days),
        counts_from_first=policy.count_from is CountFrom.FIRST_FAILURE,
        collects=bool(decided["autopay"]) and not is_stripes,
        holds_old=policy.old_slots is OldSlots.HOLD,
        is_sent=decided["sent_at"] is not None,
        is_void=decided["voided_at"] is not None,
        is_paused=decided["paused_at"] is not None,
    )


@settings(max_examples=150, deadline=None)
@given(chapters(), policies, decisions, st.sampled_from([timedelta(days=1), timedelta(seconds=2)]), st.randoms())
def test_the_figures_are_those_of_an_independent_model(written, policy, decided, day, random) -> None:  # type: ignore[no-untyped-def]
    told = [one for chapter in written for one in chapter.told]
    random.shuffle(told)
    own = tuple(attempt for chapter in written for attempt in chapter.own)
    story = [chapter.moment for chapter in written if chapter.moment is not None]

    shown = derive(InvoiceFacts(invoice(**decided), own, merge((), told)), Terms(policy, day)).figures

    assert opinion(story, _rules(policy, decided, day)) == Opinion(
        shown.status,
        shown.amount_paid,
        shown.payment_retry_count,
        shown.next_payment_retry_at,
        shown.payment_failed_at,
        shown.paid_at,
    )


@settings(max_examples=60, deadline=None)
@given(chapters())
def test_nothing_stays_open_once_every_outcome_was_told(written: list[Chapter]) -> None:
    told = [one for chapter in written for one in chapter.told]
    own = tuple(attempt for chapter in written for attempt in chapter.own)

    state = derive(InvoiceFacts(invoice(), own, merge((), told)), Terms(Policy()))

    assert state.open_attempt is None
