"""Random stories of one invoice's payments, and every way in which Stripe may tell them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from domain.model.attempts import AttemptStatus, FrozenCharge, OwnAttempt, Trigger
from domain.model.declines import DeclineCodes
from domain.model.derivation import derive
from domain.model.invoices import Invoice, InvoiceFacts, InvoiceState
from domain.model.payment_facts import FactKind, PaymentFact, Source, merge
from domain.model.policies import Policy, Terms

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AMOUNT_MINOR = 4200


def invoice(**changed: object) -> Invoice:
    """An invoice over 42.00 that was sent at the start with autopay."""
    given: dict[str, object] = {
        "id": "inv_story",
        "firm_id": "frm_story",
        "client_id": "cli_story",
        "number": "2026-1",
        "currency": "usd",
        "amount_due": AMOUNT_MINOR,
        "autopay": True,
        "created_at": START,
        "sent_at": START,
    }
    return Invoice(**{**given, **changed})  # type: ignore[arg-type]


def own_attempt(attempt_id: str, started_at: datetime, intent_id: str | None = None, **changed: object) -> OwnAttempt:
    """An attempt of ours on its way, under the PaymentIntent that it reuses (None: it creates one)."""
    given: dict[str, object] = {
        "id": attempt_id,
        "invoice_id": "inv_story",
        "trigger": Trigger.RETRY,
        "status": AttemptStatus.IN_FLIGHT,
        "amount_minor": AMOUNT_MINOR,
        "currency": "usd",
        "started_at": started_at,
        "frozen": FrozenCharge(f"{attempt_id}:confirm", (), intent_id),
    }
    return OwnAttempt(**{**given, **changed})  # type: ignore[arg-type]


def fact(kind: FactKind, source: Source, at: datetime, **told: object) -> PaymentFact:
    """One telling, heard when it was told."""
    return PaymentFact(kind, source, told_at=at, heard_at=at, **told)  # type: ignore[arg-type]


def decline(at: datetime, charge_id: str, intent_id: str | None = None, **told: object) -> PaymentFact:
    """The host's own charge was declined, as its `charge.failed` tells at once; by default on an intent of its own."""
    given: dict[str, object] = {
        "charge_created_at": at,
        "event_id": f"evt_{charge_id}",
        "stripe_charge_id": charge_id,
        "stripe_payment_intent_id": intent_id or f"pi_of_{charge_id}",
        "amount_minor": AMOUNT_MINOR,
        "currency": "usd",
        "codes": DeclineCodes("card_declined", "generic_decline"),
    }
    return fact(FactKind.FAILED, Source.CHARGE, at, **{**given, **told})


def payment(at: datetime, charge_id: str, intent_id: str | None = None, **told: object) -> PaymentFact:
    """Money came by a charge, as its `charge.succeeded` tells at once; by default all that the invoice asks."""
    given: dict[str, object] = {
        "charge_created_at": at,
        "event_id": f"evt_{charge_id}",
        "stripe_charge_id": charge_id,
        "stripe_payment_intent_id": intent_id or f"pi_of_{charge_id}",
        "amount_minor": AMOUNT_MINOR,
        "currency": "usd",
    }
    return fact(FactKind.SUCCEEDED, Source.CHARGE, at, **{**given, **told})


def skipped_slot(attempt_id: str, at: datetime) -> OwnAttempt:
    """A retry that was not carried out because the card may not be charged."""
    reason = "The issuer advises not to try this card again."
    return own_attempt(
        attempt_id,
        at,
        status=AttemptStatus.SKIPPED,
        finished_at=at,
        amount_minor=AMOUNT_MINOR,
        frozen=None,
        reason=reason,
    )


def state_of(
    *told: PaymentFact,
    own: tuple[OwnAttempt, ...] = (),
    terms: Terms | None = None,
    **decided: object,
) -> InvoiceState:
    """What the tellings and our own attempts make of an invoice, whose fields `decided` may change."""
    return derive(InvoiceFacts(invoice(**decided), own, merge((), told)), terms or Terms(Policy()))


@dataclass(frozen=True)
class Happening:
    """One thing that a bank did on a PaymentIntent, some seconds after the start; by our attempt if that is named."""

    kind: FactKind
    second: int
    intent_id: str
    charge_id: str | None
    attempt_id: str | None
    decline_code: str | None = None

    @property
    def at(self) -> datetime:
        return START + timedelta(seconds=self.second)

    def tellings(self) -> list[PaymentFact]:
        """Every way in which Stripe may tell of it; events come up to two seconds after the charge."""
        match self.kind:
            case FactKind.SUCCEEDED | FactKind.FAILED:
                return self._of_a_charge()
            case _:
                return [self._told(Source.PAYMENT_INTENT, 0)]

    def _of_a_charge(self) -> list[PaymentFact]:
        told = [self._told(Source.PAYMENT_INTENT, 1)]
        if self.charge_id is not None:
            told += [self._told(Source.CHARGE, 0), self._told(Source.INVOICE, 2)]
        if self.attempt_id is not None:
            told.append(self._told(Source.ANSWER, 2))
        if self.kind is FactKind.SUCCEEDED:
            told += [self._of_an_old_version(), self._of_stripes_invoice()]
        return told

    def _of_an_old_version(self) -> PaymentFact:
        """`invoice.payment_succeeded` as it was before PaymentIntents: it names the charge alone."""
        return replace(self._told(Source.INVOICE, 2), stripe_payment_intent_id=None)

    def _of_stripes_invoice(self) -> PaymentFact:
        """`invoice.paid` since 2025-03-31 (basil): it names neither PaymentIntent nor charge."""
        return replace(
            self._told(Source.INVOICE, 1),
            kind=FactKind.INVOICE_PAID,
            stripe_payment_intent_id=None,
            stripe_charge_id=None,
            stripe_invoice_id="in_story",
        )

    def _told(self, source: Source, seconds_later: int) -> PaymentFact:
        is_invoice = source is Source.INVOICE
        return fact(
            self.kind,
            source,
            self.at + timedelta(seconds=seconds_later),
            charge_created_at=self.at if source is Source.CHARGE else None,
            event_id=f"evt_{self.kind}_{source}_{self.second}_{self.intent_id}",
            attempt_id=None if is_invoice else self.attempt_id,
            stripe_payment_intent_id=None if is_invoice and self.kind is FactKind.FAILED else self.intent_id,
            stripe_charge_id=self.charge_id,
            amount_minor=AMOUNT_MINOR,
            currency="usd",
            codes=DeclineCodes("card_declined", self.decline_code) if self.decline_code else DeclineCodes(),
            pending_status="processing" if self.kind is FactKind.PENDING else None,
        )


@st.composite
def stories(draw: st.DrawFn) -> list[Happening]:
    """Happenings in the order in which the bank made them: one success or cancellation at most ends each intent."""
    happenings: list[Happening] = []
    second = 0
    for intent in range(draw(st.integers(1, 3))):
        for step in range(draw(st.integers(0, 4))):
            second += draw(st.integers(0, 400_000))
            attempt_id = f"att_{intent}_{step}" if draw(st.booleans()) else None
            has_charge = draw(st.integers(0, 5)) > 0
            happenings.append(
                Happening(
                    draw(st.sampled_from([FactKind.FAILED, FactKind.FAILED, FactKind.PENDING])),
                    second,
                    f"pi_{intent}",
                    f"ch_{intent}_{step}" if has_charge else None,
                    attempt_id,
                    draw(st.sampled_from(["insufficient_funds", "generic_decline", "stolen_card"])),
                )
            )
        ending = draw(st.sampled_from([None, FactKind.SUCCEEDED, FactKind.CANCELED]))
        if ending is not None:
            second += draw(st.integers(0, 400_000))
            attempt_id = f"att_{intent}_end" if ending is FactKind.SUCCEEDED and draw(st.booleans()) else None
            happenings.append(Happening(ending, second, f"pi_{intent}", f"ch_{intent}_end", attempt_id))
    return happenings


# What we may have decided about an attempt of ours before its outcome was told.
OWN_STATUSES = [AttemptStatus.IN_FLIGHT, AttemptStatus.PENDING, AttemptStatus.UNKNOWN, AttemptStatus.CANCELED]


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[tuple[OwnAttempt, ...], list[PaymentFact], list[PaymentFact]]:
    """Our attempts, what is told of a story in the order of time, and the same in any order and with repetitions."""
    told: list[PaymentFact] = []
    own: dict[str, OwnAttempt] = {}
    for happening in draw(stories()):
        tellings = happening.tellings()
        told += draw(st.lists(st.sampled_from(tellings), min_size=1, max_size=len(tellings), unique_by=lambda f: f.key))
        if happening.attempt_id is not None:
            status = draw(st.sampled_from(OWN_STATUSES))
            attempt = own_attempt(happening.attempt_id, happening.at, happening.intent_id, status=status)
            own[attempt.id] = attempt
    slots = [skipped_slot(f"att_skipped_{n}", START + n * timedelta(hours=50)) for n in range(draw(st.integers(0, 2)))]
    repeated = told + (draw(st.lists(st.sampled_from(told), max_size=6)) if told else [])
    return (*own.values(), *slots), told, draw(st.permutations(repeated))


def _names_something(told: PaymentFact) -> bool:
    try:
        return bool(told.key)
    except ValueError:
        return False


def any_time() -> st.SearchStrategy[datetime]:
    """One of a few seconds, so that many things fall together; or days later."""
    return st.sampled_from([0, 1, 2, 3, 250_000, 900_000]).map(lambda seconds: START + timedelta(seconds=seconds))


def any_fact() -> st.SearchStrategy[PaymentFact]:
    """A telling of any kind by any source about few things, contradictions included."""
    return st.builds(
        PaymentFact,
        kind=st.sampled_from(FactKind),
        source=st.sampled_from(Source),
        told_at=any_time(),
        heard_at=any_time(),
        charge_created_at=st.none() | any_time(),
        event_id=st.sampled_from([None, "evt_1", "evt_2"]),
        attempt_id=st.sampled_from([None, "att_1", "att_2", "att_3"]),
        stripe_payment_intent_id=st.sampled_from([None, "pi_1", "pi_2"]),
        stripe_charge_id=st.sampled_from([None, "ch_1", "ch_2", "ch_3"]),
        stripe_invoice_id=st.sampled_from([None, "in_1"]),
        amount_minor=st.sampled_from([None, 0, 1200, AMOUNT_MINOR]),
        currency=st.sampled_from([None, "usd", "usd", "eur"]),
        codes=st.sampled_from([DeclineCodes(), DeclineCodes("card_declined", "stolen_card")]),
        message=st.sampled_from([None, "No."]),
        is_out_of_band=st.booleans(),
    ).filter(_names_something)


def any_own_attempts() -> st.SearchStrategy[tuple[OwnAttempt, ...]]:
    """Up to three attempts of ours, of any trigger and in any status."""
    one = st.builds(
        own_attempt,
        st.sampled_from(["att_1", "att_2", "att_3"]),
        any_time(),
        st.sampled_from([None, "pi_1", "pi_2"]),
        trigger=st.sampled_from([trigger for trigger in Trigger if trigger is not Trigger.EXTERNAL]),
        status=st.sampled_from(AttemptStatus),
        finished_at=st.none() | any_time(),
        slot_key=st.sampled_from([None, "ch_1", "att_1"]),
    )
    return st.lists(one, max_size=3, unique_by=lambda attempt: attempt.id).map(tuple)


def any_invoice() -> st.SearchStrategy[Invoice]:
    """The invoice as a draft or sent, paused, void, without autopay, or Stripe's own."""
    return st.builds(
        invoice,
        autopay=st.booleans(),
        sent_at=st.sampled_from([START, START, None]),
        paused_at=st.sampled_from([None, None, START]),
        voided_at=st.sampled_from([None, None, START]),
        stripe_invoice_id=st.sampled_from([None, "in_1"]),
        given_payment_intent_id=st.sampled_from([None, "pi_1"]),
        released_slot_key=st.sampled_from([None, "ch_1"]),
    )
