"""A bank in memory that stands for Stripe and what is behind it: cards with moods, PaymentIntents, charges, keys.

It keeps the rules that a charge's safety hangs on: an idempotency key repeats its stored answer for 24 h, 500s
included, refuses other parameters, and a refused intent lives on. What goes wrong on the way is scripted, or drawn from
seeded chance. For service tests and the simulator.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from adapters.memory.bank_values import (
    OPEN_STATUSES,
    BankCharge,
    BankIntent,
    BankRefusal,
    BankTrouble,
    Mood,
    Trouble,
)
from domain.model.answers import UnknownCause
from domain.model.cards import Card
from domain.model.declines import DeclineCodes
from ports.clock import Clock
from ports.ids import Chance

T = TypeVar("T")

KEY_LIFE = timedelta(hours=24)
_TELLING_CODES = frozenset(
    ["authentication_required", "expired_card", "incorrect_cvc", "incorrect_number", "processing_error"]
)


@dataclass
class _Account:
    cards: dict[str, list[Card]] = field(default_factory=dict)
    intents: dict[str, BankIntent] = field(default_factory=dict)
    billing: dict[str, str] = field(default_factory=dict)
    keys: dict[str, tuple[Mapping[str, Any], datetime, Any]] = field(default_factory=dict)


class MemoryBank:
    """All accounts. `rates` are shares of requests that meet each trouble; what is scripted comes first.

    Ids count up, so that equal scripts and seeds give equal histories. Safe to use from any thread.
    """

    def __init__(
        self, clock: Clock, chance: Chance | None = None, rates: Mapping[Trouble, float] | None = None
    ) -> None:
        if rates and chance is None:
            raise ValueError("rates of trouble need chance to draw from")
        self._clock = clock
        self._chance = chance
        self._rates = dict(rates or {})
        self._script: deque[Trouble | None] = deque()
        self._unreadable_times = 0
        self._numbers = count(1)
        self._accounts: dict[str, _Account] = {}
        self._moods: dict[str, Mood] = {}
        self._lock = threading.RLock()

    # What people and other programs do.

    def script(self, *troubles: Trouble | None) -> None:
        """What happens to the next requests that write, one after the other; None is none."""
        self._script.extend(troubles)

    def script_reads(self, unreachable_times: int) -> None:
        """So many of the next requests that read find nobody."""
        self._unreadable_times = unreachable_times

    def forget_script(self) -> None:
        """What was scripted and did not happen yet will not."""
        self._script.clear()
        self._unreadable_times = 0

    def add_customer(self, account: str | None = None) -> str:
        """A new customer's id."""
        customer_id = self.new_id("cus")
        self._account(account).cards[customer_id] = []
        return customer_id

    def attach_card(
        self,
        stripe_customer_id: str,
        mood: Mood | None = None,
        *,
        brand: str = "visa",
        is_default: bool = False,
        account: str | None = None,
    ) -> str:
        """A new card's PaymentMethod id."""
        method_id = self.new_id("pm")
        cards = self._account(account).cards[stripe_customer_id]
        if is_default:
            cards[:] = [replace(card, is_default=False) for card in cards]
        cards.append(Card(method_id, brand, last4="4242", exp_month=12, exp_year=2040, is_default=is_default))
        self._moods[method_id] = mood or Mood()
        return method_id

    def detach_card(self, stripe_payment_method_id: str, account: str | None = None) -> None:
        """The card is nobody's from now on, and cannot be charged any more."""
        for cards in self._account(account).cards.values():
            cards[:] = [card for card in cards if card.stripe_payment_method_id != stripe_payment_method_id]

    def set_mood(self, stripe_payment_method_id: str, mood: Mood) -> None:
        """How the card answers from now on."""
        self._moods[stripe_payment_method_id] = mood

    def bill(
        self,
        stripe_invoice_id: str,
        stripe_customer_id: str,
        amount_minor: int,
        currency: str,
        account: str | None = None,
    ) -> str:
        """Stripe Billing collects an invoice of its own; its PaymentIntent's id."""
        with self._lock:
            intent = self._new_intent(stripe_customer_id, amount_minor, currency)
            self._account(account).billing[stripe_invoice_id] = intent.id
            return self._keep(account, replace(intent, is_billed=True)).id

    def pay(
        self, stripe_payment_intent_id: str, stripe_payment_method_id: str, account: str | None = None
    ) -> BankIntent:
        """The customer, or the host application, confirms the intent by itself. Raises `BankRefusal`."""
        with self._lock:
            intent = self.intent(account, stripe_payment_intent_id)
            if intent.status not in OPEN_STATUSES:
                raise BankRefusal(f"The PaymentIntent is {intent.status}.", "payment_intent_unexpected_state")
            return self.charge(account, intent, stripe_payment_method_id)

    def settle(self, stripe_payment_intent_id: str, *, has_succeeded: bool, account: str | None = None) -> BankIntent:
        """The charge that was processing comes to its end."""
        with self._lock:
            intent = self.intent(account, stripe_payment_intent_id)
            latest = intent.charges[-1]
            ended = replace(latest, status="succeeded" if has_succeeded else "failed")
            status = "succeeded" if has_succeeded else "requires_payment_method"
            return self._keep(account, replace(intent, status=status, charges=(*intent.charges[:-1], ended)))

    def charges(self, account: str | None = None) -> tuple[BankCharge, ...]:
        """What the bank really did, in the order of the intents."""
        return tuple(charge for intent in self._account(account).intents.values() for charge in intent.charges)

    # What requests do.

    def new_id(self, prefix: str) -> str:
        """The next id of a kind."""
        return f"{prefix}_{next(self._numbers):06}"

    def write_once(self, account: str | None, key: str, request: Mapping[str, Any], work: Callable[[], T]) -> T:
        """Carry `work` out unless `key` was used: then its answer of that time. Raises `BankTrouble`, `BankRefusal`."""
        with self._lock:
            trouble = self._draw()
            _raise_before(trouble)
            answer: T | BankTrouble | None = self._stored(account, key, request)
            if answer is None:
                answer = _carried_out(work, trouble)
                self._account(account).keys[key] = (request, self._clock.now(), answer)
            if trouble is Trouble.ANSWER_LOST:
                raise BankTrouble(UnknownCause.LOST, "The answer was lost.")
            if isinstance(answer, BankTrouble):
                raise answer
            return answer

    def check_readable(self) -> None:
        """Reads meet but one trouble. Raises `BankTrouble`."""
        with self._lock:
            if self._unreadable_times > 0:
                self._unreadable_times -= 1
                raise BankTrouble(None, "The bank was not reached.")
            _raise_before(Trouble.UNREACHABLE if self._lot() is Trouble.UNREACHABLE else None)

    def create_intent(
        self, account: str | None, stripe_customer_id: str, amount_minor: int, currency: str
    ) -> BankIntent:
        """A new intent, not kept yet. Raises `BankRefusal` for an unknown customer."""
        self.check_customer(account, stripe_customer_id)
        return self._new_intent(stripe_customer_id, amount_minor, currency)

    def check_customer(self, account: str | None, stripe_customer_id: str) -> None:
        """Raises `BankRefusal` for an unknown customer."""
        if stripe_customer_id not in self._account(account).cards:
            raise BankRefusal(f"No such customer: {stripe_customer_id}", "resource_missing")

    def make_default(self, account: str | None, stripe_customer_id: str, stripe_payment_method_id: str) -> None:
        """That card is the customer's default from now on. Raises `BankRefusal` when it is none of theirs."""
        self.card(account, stripe_customer_id, stripe_payment_method_id)
        cards = self._account(account).cards[stripe_customer_id]
        cards[:] = [
            replace(card, is_default=card.stripe_payment_method_id == stripe_payment_method_id) for card in cards
        ]

    def intent(self, account: str | None, stripe_payment_intent_id: str) -> BankIntent:
        """The intent as it is. Raises `BankRefusal` for an unknown one."""
        intent = self._account(account).intents.get(stripe_payment_intent_id)
        if intent is None:
            raise BankRefusal(f"No such payment_intent: {stripe_payment_intent_id}", "resource_missing")
        return intent

    def intents_of(self, account: str | None, stripe_customer_id: str) -> tuple[BankIntent, ...]:
        """The customer's intents, oldest first; everyone's for an empty id."""
        kept = self._account(account).intents.values()
        return tuple(one for one in kept if stripe_customer_id in ("", one.stripe_customer_id))

    def cards_of(self, account: str | None, stripe_customer_id: str) -> tuple[Card, ...]:
        """The attached cards, default first."""
        cards = self._account(account).cards.get(stripe_customer_id, ())
        return tuple(sorted(cards, key=lambda card: not card.is_default))

    def intent_of_invoice(self, account: str | None, stripe_invoice_id: str) -> str | None:
        """The intent by which Stripe Billing collects that invoice."""
        return self._account(account).billing.get(stripe_invoice_id)

    def change(self, account: str | None, intent: BankIntent) -> BankIntent:
        """Keep an intent as it is now."""
        return self._keep(account, intent)

    def charge(self, account: str | None, intent: BankIntent, stripe_payment_method_id: str) -> BankIntent:
        """Confirm the intent: its new state, with the charge that came of it. Raises `BankRefusal`."""
        card = self.card(account, intent.stripe_customer_id, stripe_payment_method_id)
        mood = self._use_mood(stripe_payment_method_id)
        status = "pending" if mood.is_processing else "failed" if mood.decline_code else "succeeded"
        charge = BankCharge(
            id=self.new_id("ch"),
            stripe_payment_intent_id=intent.id,
            status=status,
            amount_minor=intent.amount_minor,
            currency=intent.currency,
            stripe_payment_method_id=stripe_payment_method_id,
            created_at=self._clock.now().replace(microsecond=0),
            invoice_id=intent.invoice_id,
            attempt_id=intent.attempt_id,
            codes=_codes(mood, card),
            message="Your card was declined." if mood.decline_code else None,
        )
        after = {"pending": "processing", "failed": "requires_payment_method", "succeeded": "succeeded"}[status]
        method_id = None if status == "failed" else stripe_payment_method_id
        charged = replace(intent, status=after, stripe_payment_method_id=method_id, charges=(*intent.charges, charge))
        return self._keep(account, charged)

    def card(self, account: str | None, stripe_customer_id: str, stripe_payment_method_id: str) -> Card:
        """The customer's card. Raises `BankRefusal` when it is none of theirs."""
        for card in self.cards_of(account, stripe_customer_id):
            if card.stripe_payment_method_id == stripe_payment_method_id:
                return card
        reason = f"No such PaymentMethod of this customer: {stripe_payment_method_id}"
        raise BankRefusal(reason, "resource_missing", is_method_gone=True)

    def _stored(self, account: str | None, key: str, request: Mapping[str, Any]) -> Any:
        known = self._account(account).keys.get(key)
        if known is None or self._clock.now() - known[1] >= KEY_LIFE:
            return None
        if known[0] != request:
            raise BankRefusal("The key was used before, with other parameters.", "idempotency_error")
        return known[2]

    def _use_mood(self, method_id: str) -> Mood:
        """The mood for this charge; one that ends after some declines has one less from now on."""
        mood = self._moods[method_id]
        if mood.succeed_after is None:
            return mood
        if mood.succeed_after == 0:
            return Mood()
        self._moods[method_id] = replace(mood, succeed_after=mood.succeed_after - 1)
        return mood

    def _draw(self) -> Trouble | None:
        return self._script.popleft() if self._script else self._lot()

    def _lot(self) -> Trouble | None:
        lot = self._chance.fraction() if self._chance and self._rates else 1.0
        for trouble, share in self._rates.items():
            lot -= share
            if lot < 0:
                return trouble
        return None

    def _new_intent(self, stripe_customer_id: str, amount_minor: int, currency: str) -> BankIntent:
        created_at = self._clock.now().replace(microsecond=0)
        intent_id = self.new_id("pi")
        return BankIntent(intent_id, stripe_customer_id, "requires_payment_method", amount_minor, currency, created_at)

    def _keep(self, account: str | None, intent: BankIntent) -> BankIntent:
        self._account(account).intents[intent.id] = intent
        return intent

    def _account(self, account: str | None) -> _Account:
        return self._accounts.setdefault(account or "", _Account())


def _raise_before(trouble: Trouble | None) -> None:
    """The troubles that keep a request from being looked at at all."""
    match trouble:
        case Trouble.UNREACHABLE:
            raise BankTrouble(None, "The bank was not reached.")
        case Trouble.RATE_LIMITED:
            raise BankTrouble(None, "Too many requests.")
        case Trouble.REQUEST_LOST:
            raise BankTrouble(UnknownCause.LOST, "No answer came.")
        case Trouble.KEY_IN_USE:
            raise BankTrouble(UnknownCause.CONFLICT, "The key is in use.")
        case _:
            return


def _carried_out(work: Callable[[], T], trouble: Trouble | None) -> T | BankTrouble:
    error = BankTrouble(UnknownCause.SERVER_ERROR, "The bank answered 500.")
    if trouble is Trouble.ERROR_BEFORE:
        return error
    done = work()
    return error if trouble is Trouble.ERROR_AFTER else done


def _codes(mood: Mood, card: Card) -> DeclineCodes:
    if mood.decline_code is None:
        return DeclineCodes(brand=card.brand)
    code = mood.decline_code if mood.decline_code in _TELLING_CODES else "card_declined"
    return DeclineCodes(code, mood.decline_code, mood.advice_code, brand=card.brand)
