"""Random stories of what goes against the payments of one invoice, and every way in which Stripe may tell them.

A story is drawn as what truly happened (`tests.invoice_model.Moment`, `Reversal`) together with all that is told of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import strategies as st

from domain.model.dispute_statuses import STRIPE_STATUSES
from domain.model.disputes import Deadline, DisputeTelling, Movement
from domain.model.invoices import InvoiceFacts
from domain.model.payment_facts import FactKind, PaymentFact, merge
from domain.model.refunds import RefundRequest, RefundStatus, RefundTelling, RefundTotal
from tests.invoice_model import Moment, Reversal
from tests.payment_stories import AMOUNT_MINOR, START, Happening, any_time, invoice
from tests.reversal_builders import a_refund_request, with_reversals

Told = PaymentFact | RefundTelling | RefundTotal | DisputeTelling

INQUIRY = ("warning_needs_response", "warning_under_review")
DISPUTE_LIVES: tuple[tuple[str, ...], ...] = (
    ("needs_response",),
    ("needs_response", "under_review"),
    ("needs_response", "under_review", "won"),
    ("needs_response", "under_review", "lost"),
    ("needs_response", "lost", "won"),
    ("needs_response", "prevented"),
    ("needs_response", "charge_refunded"),
    ("lost",),
    ("lost", "won"),
    ("prevented",),
    ("warning_needs_response",),
    (*INQUIRY, "warning_closed"),
    (*INQUIRY, "needs_response", "under_review", "lost"),
    ("warning_needs_response", "needs_response", "won"),
    (*INQUIRY, "prevented"),
    ("needs_response", "under_review", "lost", "appeal_needs_response"),
    ("needs_response", "lost", "appeal_needs_response", "appeal_under_review", "lost"),
    ("needs_response", "lost", "appeal_needs_response", "appeal_under_review", "won"),
)
"""The ways that a dispute can go, in Stripe's statuses. stripe-facts 2."""

REFUND_LIVES: tuple[tuple[RefundStatus, ...], ...] = (
    (RefundStatus.SUCCEEDED,),
    (RefundStatus.PENDING,),
    (RefundStatus.PENDING, RefundStatus.SUCCEEDED),
    (RefundStatus.PENDING, RefundStatus.FAILED),
    (RefundStatus.SUCCEEDED, RefundStatus.FAILED),
    (RefundStatus.PENDING, RefundStatus.SUCCEEDED, RefundStatus.FAILED),
    (RefundStatus.REQUIRES_ACTION,),
    (RefundStatus.REQUIRES_ACTION, RefundStatus.CANCELED),
    (RefundStatus.REQUIRES_ACTION, RefundStatus.PENDING, RefundStatus.SUCCEEDED),
)
"""The ways that a refund can go. stripe-facts 9."""
CAME_TO_NOTHING = (RefundStatus.FAILED, RefundStatus.CANCELED)
FEE_MINOR = 1500


@dataclass(frozen=True)
class Story:
    """What happened, in the order of time, and all that is told of it."""

    moments: tuple[Moment, ...] = ()
    reversals: tuple[Reversal, ...] = ()
    told: tuple[Told, ...] = ()
    requests: tuple[RefundRequest, ...] = ()

    def __add__(self, other: "Story") -> "Story":
        return Story(
            tuple(sorted((*self.moments, *other.moments), key=lambda moment: moment.at)),
            tuple(sorted((*self.reversals, *other.reversals), key=lambda reversal: reversal.at)),
            (*self.told, *other.told),
            (*self.requests, *other.requests),
        )


@dataclass
class _Charge:
    """A charge while its story is drawn: `refunded` are (amount, when made, when failed or None)."""

    charge_id: str
    intent_id: str
    amount: int
    currency: str
    paid_at: datetime
    refunded: list[tuple[int, datetime, datetime | None]] = field(default_factory=list)

    def standing_at(self, at: datetime) -> int:
        """What the charge calls refunded in all at that time."""
        return sum(minor for minor, made, failed in self.refunded if made <= at and (failed is None or failed > at))


def gaps() -> st.SearchStrategy[timedelta]:
    """Between two steps: the same second, seconds, days or weeks."""
    return st.sampled_from([0, 1, 3600, 90_000, 900_000, 2_500_000]).map(lambda seconds: timedelta(seconds=seconds))


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Up to two declines, up to two payments (one of them perhaps in another currency), and what goes against them."""
    story, at = Story(), START
    for number in range(draw(st.integers(0, 2))):
        at += timedelta(seconds=draw(st.integers(1, 300_000)))
        story += _decline(number, at)
    for number in range(draw(st.integers(0, 2))):
        at += timedelta(seconds=draw(st.integers(1, 300_000)))
        amount = draw(st.sampled_from([AMOUNT_MINOR, AMOUNT_MINOR, 1500]))
        currency = draw(st.sampled_from(["usd", "usd", "usd", "eur"]))
        charge = _Charge(f"ch_{number}", f"pi_{number}", amount, currency, at)
        story += _payment(charge, number)
        for refund in range(draw(st.integers(0, 3))):
            story += draw(_refund_stories(charge, refund))
        for dispute in range(draw(st.integers(0, 2))):
            story += draw(_dispute_stories(charge, dispute))
        story += Story(told=tuple(_totals(charge)))
    return story


def _decline(number: int, at: datetime) -> Story:
    second = int((at - START).total_seconds())
    told = Happening(FactKind.FAILED, second, f"pi_declined_{number}", f"ch_declined_{number}", None).tellings()
    return Story((Moment(at, at, "fails"),), (), tuple(told))


def _payment(charge: _Charge, number: int) -> Story:
    second = int((charge.paid_at - START).total_seconds())
    tellings = Happening(FactKind.SUCCEEDED, second, charge.intent_id, charge.charge_id, None).tellings()
    told = [
        replace(telling, amount_minor=charge.amount, currency=charge.currency)
        for telling in tellings
        if telling.kind is FactKind.SUCCEEDED
    ]
    pays = Moment(charge.paid_at, charge.paid_at, "pays", charge.amount, charge.charge_id, charge.currency)
    return Story((pays,), (), tuple(told))


@st.composite
def _refund_stories(draw: st.DrawFn, charge: _Charge, number: int) -> Story:
    """One refund within what the charge still holds: as Stripe takes care of."""
    room = charge.amount - charge.standing_at(charge.paid_at + timedelta(days=4000))
    made_at = at = charge.paid_at + timedelta(days=1) + draw(gaps())
    if any(failed is not None and failed >= made_at for _, _, failed in charge.refunded):
        made_at = at = max(failed for _, _, failed in charge.refunded if failed is not None) + timedelta(seconds=1)
    if room <= 0:
        return Story()
    amount = draw(st.sampled_from([room, max(1, room // 3)]))
    refund_id = f"re_{charge.charge_id}_{number}"
    request_id = f"ref_{refund_id}" if draw(st.booleans()) else None
    told, reversals, life = [], [], draw(st.sampled_from(REFUND_LIVES))
    for status in life:
        names = draw(st.sampled_from([(charge.charge_id, charge.intent_id), (charge.charge_id, None)]))
        told.append(
            RefundTelling(refund_id, status, at, amount, charge.currency, made_at, *names, request_id=request_id)
        )
        reversals.append(Reversal(at, status, refund_id, charge.charge_id, amount, charge.currency))
        failed_at = at if status in CAME_TO_NOTHING else None
        at += draw(gaps())
    charge.refunded.append((amount, made_at, failed_at))
    own = {"amount_minor": amount, "currency": charge.currency, "requested_at": made_at}
    named = {"stripe_charge_id": charge.charge_id, "stripe_payment_intent_id": charge.intent_id}
    requests = (a_refund_request(id=request_id, **own, **named),) if request_id else ()
    return Story((), tuple(reversals), tuple(told), requests)


def _totals(charge: _Charge) -> Iterable[RefundTotal]:
    """`charge.refunded`, once for each refund."""
    for _, made_at, _ in charge.refunded:
        made_by_then = sum(
            minor
            for minor, made, failed in charge.refunded
            if made <= made_at and (failed is None or failed >= made_at)
        )
        yield RefundTotal(charge.charge_id, made_by_then, charge.currency, made_at, charge.intent_id)


@dataclass
class _Money:
    """What a dispute's balance transactions hold while its story is drawn."""

    dispute_id: str
    amount: int
    currency: str
    movements: tuple[Movement, ...] = ()

    @property
    def held(self) -> int:
        """How much of the firm's money the dispute holds."""
        return -sum(movement.amount_minor for movement in self.movements)

    def move(self, amount: int, fee: int, at: datetime) -> None:
        """Book one more transaction."""
        stripe_id = f"txn_{self.dispute_id}_{len(self.movements)}"
        self.movements = (*self.movements, Movement(stripe_id, amount, fee, self.currency, at))


@st.composite
def _dispute_stories(draw: st.DrawFn, charge: _Charge, number: int) -> Story:
    """One dispute: of a part of the charge, of all, of more, or in another currency."""
    amount = draw(st.sampled_from([charge.amount, charge.amount, max(1, charge.amount // 3), charge.amount + 800]))
    currency = draw(st.sampled_from([charge.currency, charge.currency, charge.currency, "gbp"]))
    dispute_id = f"dp_{charge.charge_id}_{number}"
    balance = draw(st.sampled_from([currency, currency, "chf"]))
    money = _Money(dispute_id, amount, balance)
    opened_at = at = charge.paid_at + timedelta(days=2) + draw(gaps())
    told, reversals, submissions, deadline = list[DisputeTelling](), list[Reversal](), 0, None
    names = draw(st.sampled_from([(charge.charge_id, charge.intent_id), (charge.charge_id, None)]))
    base = DisputeTelling(dispute_id, "lost", at, amount, currency, opened_at, *names, reason="fraudulent")
    for status in draw(st.sampled_from(DISPUTE_LIVES)):
        if told and STRIPE_STATUSES[status].rank <= told[-1].rank:
            at += timedelta(seconds=1)
        if status.endswith("needs_response"):
            deadline = Deadline(draw(st.sampled_from([None, at + timedelta(days=9), at + timedelta(days=2)])))
        submissions += status.endswith("under_review")
        before = money.movements
        _move_money(money, status, at, is_credited=draw(st.booleans()))
        shown = replace(
            base, stripe_status=status, told_at=at, deadline=deadline, submissions=submissions, movements=before
        )
        told.append(shown)
        if money.movements != before:
            told.append(replace(shown, movements=money.movements))
        reversals.append(
            Reversal(
                at, status, dispute_id, charge.charge_id, amount, currency, _booked(money.movements[len(before) :])
            )
        )
        at += draw(gaps())
        if draw(st.integers(0, 3)) == 0 and deadline is not None and status.endswith("needs_response"):
            at += timedelta(seconds=1)
            deadline = Deadline(draw(st.sampled_from([None, at + timedelta(days=20)])))
            told.append(replace(told[-1], told_at=at, deadline=deadline))
            at += draw(gaps())
    return Story((), tuple(reversals), tuple(told))


def _move_money(money: _Money, status: str, at: datetime, *, is_credited: bool) -> None:
    """Taken when a chargeback opens (or arrives lost), given back when it ends well; a loss may leave a credit."""
    if status in ("needs_response", "lost") and not money.movements:
        money.move(-money.amount, FEE_MINOR, at)
    elif status in ("won", "prevented", "charge_refunded") and money.held > 0:
        money.move(money.held, -FEE_MINOR if is_credited else 0, at)
    elif status == "lost" and is_credited and money.held == money.amount > 1:
        money.move(money.amount // 2, 0, at)


def _booked(movements: Sequence[Movement]) -> tuple[tuple[int, int, str], ...]:
    return tuple((movement.amount_minor, movement.fee_minor, movement.currency) for movement in movements)


def told_at_once(facts: InvoiceFacts, told: Iterable[Told]) -> InvoiceFacts:
    """The facts with all of that merged in."""
    items = list(told)
    payments = merge(facts.payments, [one for one in items if isinstance(one, PaymentFact)])
    return with_reversals(
        replace(facts, payments=payments),
        disputes=[one for one in items if isinstance(one, DisputeTelling)],
        refunds=[one for one in items if isinstance(one, RefundTelling)],
        totals=[one for one in items if isinstance(one, RefundTotal)],
    )


def facts_before(story: Story, **decided: object) -> InvoiceFacts:
    """The invoice with the refunds that we asked for, before anything was told."""
    return with_reversals(InvoiceFacts(invoice(**decided)), requests=story.requests)


def facts_after(story: Story, **decided: object) -> InvoiceFacts:
    """The invoice with all that the story tells."""
    return told_at_once(facts_before(story, **decided), story.told)


@st.composite
def disorderly(draw: st.DrawFn) -> tuple[Story, list[Told], list[list[Told]]]:
    """A story, some of what is told of it in order, and the same in any order, with repetitions, in any portions."""
    story = draw(stories())
    told = [one for one in story.told if draw(st.integers(0, 4)) > 0]
    repeated = told + (draw(st.lists(st.sampled_from(told), max_size=5)) if told else [])
    portions: list[list[Told]] = [[]]
    for one in draw(st.permutations(repeated)):
        if draw(st.booleans()):
            portions.append([])
        portions[-1].append(one)
    return story, told, portions


def any_dispute_telling() -> st.SearchStrategy[DisputeTelling]:
    """A telling of dispute `dp_1` with anything in it, contradictions included."""
    return st.builds(
        DisputeTelling,
        stripe_dispute_id=st.just("dp_1"),
        stripe_status=st.sampled_from(list(STRIPE_STATUSES)),
        told_at=any_time(),
        amount_minor=st.sampled_from([0, 1200, AMOUNT_MINOR]),
        currency=st.sampled_from(["usd", "eur"]),
        opened_at=st.none() | any_time(),
        stripe_charge_id=st.sampled_from([None, "ch_1", "ch_2"]),
        stripe_payment_intent_id=st.sampled_from([None, "pi_1"]),
        reason=st.sampled_from([None, "fraudulent", "general"]),
        deadline=st.sampled_from([None, Deadline(None), Deadline(START), Deadline(START + timedelta(days=9))]),
        submissions=st.sampled_from([None, 0, 1, 2]),
        is_charge_refundable=st.sampled_from([None, True, False]),
        movements=st.lists(any_movement(), max_size=2).map(tuple),
    )


def any_movement() -> st.SearchStrategy[Movement]:
    """One of a few balance transactions; two tellings may contradict each other about one of them."""
    return st.builds(
        Movement,
        stripe_id=st.sampled_from(["txn_1", "txn_2", "txn_3"]),
        amount_minor=st.sampled_from([-AMOUNT_MINOR, 0, 1200]),
        fee_minor=st.sampled_from([0, FEE_MINOR, -FEE_MINOR]),
        currency=st.sampled_from(["usd", "eur"]),
        occurred_at=any_time(),
    )


def any_refund_telling() -> st.SearchStrategy[RefundTelling]:
    """A telling of refund `re_1` with anything in it, contradictions included."""
    return st.builds(
        RefundTelling,
        stripe_refund_id=st.just("re_1"),
        status=st.sampled_from(RefundStatus),
        told_at=any_time(),
        amount_minor=st.sampled_from([1, 1200, AMOUNT_MINOR]),
        currency=st.sampled_from(["usd", "eur"]),
        created_at=st.none() | any_time(),
        stripe_charge_id=st.sampled_from([None, "ch_1", "ch_2"]),
        stripe_payment_intent_id=st.sampled_from([None, "pi_1"]),
        failure_reason=st.sampled_from([None, "declined"]),
        request_id=st.sampled_from([None, "ref_1"]),
    )
