"""The banks that the gateways' contracts run over: in memory, and the sandbox behind the Stripe adapter."""

import json
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NoReturn, Protocol
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener, urlopen

from adapters.memory.bank import MemoryBank
from adapters.memory.bank_reversals import BankReversals
from adapters.memory.bank_values import Mood, Trouble
from adapters.memory.clock import SettableClock
from adapters.memory.customer_sessions import MemoryCustomerSessions
from adapters.memory.dispute_gateway import MemoryDisputeGateway
from adapters.memory.pacing import MemoryRequestPacer
from adapters.memory.payment_gateway import MemoryCardFile, MemoryPaymentGateway
from adapters.memory.refund_gateway import MemoryRefundGateway
from adapters.memory.stripe_records import MemoryStripeRecords
from adapters.stripe_api.cards import StripeCardFile
from adapters.stripe_api.client import stripe_client
from adapters.stripe_api.customer_sessions import StripeCustomerSessions
from adapters.stripe_api.dispute_gateway import StripeDisputeGateway
from adapters.stripe_api.events.interpreter import HANDLED_TYPES
from adapters.stripe_api.gateway import StripePaymentGateway
from adapters.stripe_api.records import StripeRecordsReader
from adapters.stripe_api.refund_gateway import StripeRefundGateway
from adapters.stripe_sandbox import RunningSandbox, running_sandbox
from adapters.stripe_sandbox.faults import FaultMaker, Faults
from adapters.stripe_sandbox.http_server import CONNECTION, WsgiApp
from domain.model.answers import Declined, LookUpAnswer, Succeeded
from domain.model.payment_facts import PaymentFact
from ports.customer_sessions import CustomerSession, CustomerSessions
from ports.dispute_gateway import DisputeGateway
from ports.payment_gateway import CardFile, ChargeOrder, LookUpOrder, PaymentGateway
from ports.refund_gateway import RefundGateway
from ports.stripe_records import StripeRecords
from tests import stripe_events as stripe
from tests.stripe_spec import StripeWatch

NO_FUNDS = Mood(decline_code="insufficient_funds", advice_code="try_again_later")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WELL = Mood()


@dataclass(frozen=True)
class DoneCharge:
    """What the bank really did for an attempt."""

    attempt_id: str | None
    status: str
    amount_minor: int


class Bank(Protocol):
    """A bank with everything that a test says to it. `account` is whose customers and payments these are."""

    account: str | None
    gateway: PaymentGateway
    card_file: CardFile
    refunds: RefundGateway
    disputes: DisputeGateway
    records: StripeRecords
    sessions: CustomerSessions

    def customer(self) -> str:
        """A new customer."""

    def card(self, customer: str, mood: Mood = WELL, *, is_default: bool = False) -> str:
        """A new card of the customer's, in that mood."""

    def set_mood(self, card: str, mood: Mood) -> None:
        """How the card answers from now on."""

    def detach(self, card: str) -> None:
        """The customer has the card no more."""

    def trouble(self, *troubles: Trouble | None) -> None:
        """What happens to the next requests that write, one after the other; None is none."""

    def settle(self, intent: str, *, has_succeeded: bool) -> None:
        """A charge that is processing comes to its end."""

    def use_page(self, page: CustomerSession, *, is_well: bool = True) -> None:
        """The customer gives a card on Stripe's page, to keep it or to pay; one that is not well is declined."""

    def dispute(self, charge: str, *, is_inquiry: bool = False) -> str:
        """The customer's bank disputes a charge; the dispute's id."""

    def resolve(self, dispute: str, status: str) -> None:
        """The customer's bank moves a dispute to another of Stripe's statuses."""

    def fail_refund(self, refund: str) -> None:
        """The bank sends a refund back."""

    def publish_events(self) -> None:
        """Stripe lists the events of what happened so far."""

    def unreachable(self) -> Any:
        """A block in which nobody answers, whatever is asked."""

    def charges(self) -> list[DoneCharge]:
        """What the bank really did, oldest first."""


class BankInMemory:
    """The bank of adapters/memory."""

    def __init__(self, account: str | None) -> None:
        clock = SettableClock(NOW)
        self.account = account
        self.bank = MemoryBank(clock)
        self.gateway = MemoryPaymentGateway(self.bank, clock)
        self.card_file = MemoryCardFile(self.bank)
        self.reversals = BankReversals(self.bank, clock)
        self.refunds = MemoryRefundGateway(self.reversals, clock)
        self.disputes = MemoryDisputeGateway(self.reversals, clock)
        self.records = MemoryStripeRecords(self.reversals, clock, HANDLED_TYPES)
        self.sessions = MemoryCustomerSessions(self.bank, clock)

    def customer(self) -> str:
        return self.bank.add_customer(self.account)

    def card(self, customer: str, mood: Mood = WELL, *, is_default: bool = False) -> str:
        return self.bank.attach_card(customer, mood, is_default=is_default, account=self.account)

    def set_mood(self, card: str, mood: Mood) -> None:
        self.bank.set_mood(card, mood)

    def detach(self, card: str) -> None:
        self.bank.detach_card(card, self.account)

    def trouble(self, *troubles: Trouble | None) -> None:
        self.bank.script(*troubles)

    def settle(self, intent: str, *, has_succeeded: bool) -> None:
        self.bank.settle(intent, has_succeeded=has_succeeded, account=self.account)

    def use_page(self, page: CustomerSession, *, is_well: bool = True) -> None:
        self.sessions.use(page.id, WELL if is_well else NO_FUNDS)

    def dispute(self, charge: str, *, is_inquiry: bool = False) -> str:
        status = "warning_needs_response" if is_inquiry else "needs_response"
        return self.reversals.open_dispute(charge, status, account=self.account).id

    def resolve(self, dispute: str, status: str) -> None:
        self.reversals.move_dispute(dispute, status, account=self.account)

    def fail_refund(self, refund: str) -> None:
        reason = "expired_or_canceled_card"
        self.reversals.move_refund(refund, "failed", failure_reason=reason, account=self.account)

    def publish_events(self) -> None:
        for charge in self.bank.charges(self.account):
            body = stripe.charge(charge.id, charge.stripe_payment_intent_id, charge.created_at)
            intent = stripe.payment_intent(charge.stripe_payment_intent_id, "succeeded", charge_id=charge.id)
            self._publish("customer.updated", {"id": "cus_1", "object": "customer"})
            self._publish("charge.succeeded", body)
            self._publish("payment_intent.succeeded", intent)
        for dispute in self.reversals.disputes(self.account):
            self._publish("charge.dispute.created", stripe.dispute(dispute.id, dispute.charge.id, None, NOW))

    def _publish(self, event_type: str, body: stripe.Json) -> None:
        self.records.publish(stripe.parsed(stripe.event(event_type, body, NOW, account=self.account)))

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        self.bank.script(Trouble.UNREACHABLE)
        self.bank.script_reads(1)
        yield
        self.bank.forget_script()

    def charges(self) -> list[DoneCharge]:
        return [DoneCharge(one.attempt_id, one.status, one.amount_minor) for one in self.bank.charges(self.account)]


class Troublemaker:
    """Stands before the sandbox: the next writes meet the troubles that were ordered, one after the other.

    Of a 500 the sandbox itself decides whether the work is done, as at Stripe nobody can tell.
    """

    def __init__(self) -> None:
        self.ordered: deque[Trouble | None] = deque()
        self.faults: FaultMaker | None = None

    def around(self, app: WsgiApp) -> WsgiApp:
        def troubled(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            is_write = environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].startswith("/v1/")
            trouble = self.ordered.popleft() if is_write and self.ordered else None
            if trouble in (Trouble.RATE_LIMITED, Trouble.KEY_IN_USE):
                return _turn_away(trouble, start_response)
            if trouble is Trouble.REQUEST_LOST:
                _hang_up(environ)
            assert self.faults is not None
            is_error = trouble in (Trouble.ERROR_BEFORE, Trouble.ERROR_AFTER)
            self.faults.settings = Faults(error_rate=float(is_error))
            answer = app(environ, start_response)
            if trouble is Trouble.ANSWER_LOST:
                _hang_up(environ)
            return answer

        return troubled


def _hang_up(environ: dict[str, Any]) -> NoReturn:
    environ[CONNECTION].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError


def _turn_away(trouble: Trouble | None, start_response: Callable[..., Any]) -> list[bytes]:
    status = "429 Too Many Requests" if trouble is Trouble.RATE_LIMITED else "409 Conflict"
    code = "rate_limit" if trouble is Trouble.RATE_LIMITED else "idempotency_key_in_use"
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps({"error": {"type": "invalid_request_error", "code": code}}).encode()]


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Where a page leads is not followed."""


class BankOverHttp:
    """The sandbox, spoken to by the Stripe adapter."""

    def __init__(self, account: str | None, running: RunningSandbox, troublemaker: Troublemaker) -> None:
        troublemaker.ordered.clear()
        self.account = account
        self._running = running
        self._troublemaker = troublemaker
        self._client = stripe_client("sk_test_contract", running.base_url)
        self._of_account: Any = {"stripe_account": account} if account else {}
        self._wire(running.base_url)

    def customer(self) -> str:
        return self._client.v1.customers.create({}, self._of_account).id

    def card(self, customer: str, mood: Mood = WELL, *, is_default: bool = False) -> str:
        card = self._client.v1.payment_methods.attach("pm_card_visa", {"customer": customer}, self._of_account).id
        self.set_mood(card, mood)
        if is_default:
            default: Any = {"invoice_settings": {"default_payment_method": card}}
            self._client.v1.customers.update(customer, default, self._of_account)
        return card

    def set_mood(self, card: str, mood: Mood) -> None:
        told = {"decline_code": mood.decline_code, "advice_code": mood.advice_code, "succeed_after": mood.succeed_after}
        given = {name: value for name, value in told.items() if value is not None}
        self._control(f"payment_methods/{card}", {**given, "processing": mood.is_processing})

    def detach(self, card: str) -> None:
        self._client.v1.payment_methods.detach(card, {}, self._of_account)

    def trouble(self, *troubles: Trouble | None) -> None:
        self._troublemaker.ordered.extend(troubles)

    def settle(self, intent: str, *, has_succeeded: bool) -> None:
        self._control(f"payment_intents/{intent}/settle", {"outcome": "succeed" if has_succeeded else "fail"})

    def use_page(self, page: CustomerSession, *, is_well: bool = True) -> None:
        assert page.url
        card = "pm_card_visa" if is_well else "pm_card_chargeDeclined"
        with suppress(HTTPError):  # it leads back to us, where nobody listens, or shows the decline
            build_opener(_Stay).open(Request(page.url, urlencode({"card": card}).encode()), timeout=10).close()

    def dispute(self, charge: str, *, is_inquiry: bool = False) -> str:
        return str(self._control("disputes", {"charge": charge, "inquiry": is_inquiry})["id"])

    def resolve(self, dispute: str, status: str) -> None:
        self._control(f"disputes/{dispute}/resolve", {"status": status})

    def fail_refund(self, refund: str) -> None:
        self._control(f"refunds/{refund}", {"status": "failed"})

    def publish_events(self) -> None:
        """The sandbox lists them by itself."""

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        self._wire(address)
        yield
        self._wire(self._running.base_url)

    def charges(self) -> list[DoneCharge]:
        listed = self._client.v1.charges.list({"limit": 100}, self._of_account).to_dict()["data"]
        return [
            DoneCharge(charge["metadata"].get("attempt_id"), charge["status"], charge["amount"])
            for charge in reversed(listed)
        ]

    def _wire(self, address: str) -> None:
        client, pacer, clock = stripe_client("sk_test_contract", address), MemoryRequestPacer(1000), SettableClock(NOW)
        self.gateway = StripePaymentGateway(client, pacer, clock)
        self.card_file = StripeCardFile(client, pacer)
        self.refunds = StripeRefundGateway(client, pacer, clock)
        self.disputes = StripeDisputeGateway(client, pacer, clock)
        self.records = StripeRecordsReader(client, pacer)
        self.sessions = StripeCustomerSessions(client, pacer)

    def _control(self, path: str, given: dict[str, Any]) -> dict[str, Any]:
        request = Request(
            f"{self._running.base_url}/sandbox/{path}", json.dumps(given).encode(), {"Content-Type": "application/json"}
        )
        with urlopen(request, timeout=10) as answer:
            told: dict[str, Any] = json.loads(answer.read())
        return told


@contextmanager
def bank_over_http() -> Iterator[Callable[[str | None], BankOverHttp]]:
    """A sandbox; makes a bank of each account. Every request that it saw must be one of Stripe's, and every answer."""
    troublemaker, watch = Troublemaker(), StripeWatch()
    with running_sandbox(
        seed=1,
        clock=lambda: NOW,
        requests_per_second=None,
        middleware=lambda app: troublemaker.around(watch.around(app)),
    ) as running:
        troublemaker.faults = running.sandbox.faults
        yield lambda account: BankOverHttp(account, running, troublemaker)
    watch.check_all()


def order_for(bank: Bank, mood: Mood, **terms: Any) -> ChargeOrder:
    """An order of a new customer with one card."""
    customer = bank.customer()
    order = ChargeOrder("att_1", "inv_1", 5000, "usd", customer, bank.card(customer, mood), description="Invoice 1")
    return replace(order, **terms)


def again(order: ChargeOrder, intent_id: str | None, **terms: Any) -> ChargeOrder:
    """The next attempt, on the same intent."""
    return replace(order, attempt_id="att_2", reuse_intent_id=intent_id, **terms)


def look_up(bank: Bank, order: ChargeOrder, intent_id: str | None = None) -> LookUpAnswer:
    wanted = LookUpOrder(order.attempt_id, order.stripe_customer_id, NOW, intent_id)
    return bank.gateway.look_up(bank.account, wanted)


def declined_intent(bank: Bank, order: ChargeOrder) -> str:
    """The intent that a first, declined attempt leaves behind."""
    answer = bank.gateway.execute(bank.account, bank.gateway.freeze(order))
    assert isinstance(answer, Declined)
    assert answer.fact.stripe_payment_intent_id
    return answer.fact.stripe_payment_intent_id


def paid(bank: Bank, **terms: Any) -> PaymentFact:
    """A charge of 50.00 USD that succeeded, unless the terms say otherwise."""
    answer = bank.gateway.execute(bank.account, bank.gateway.freeze(order_for(bank, WELL, **terms)))
    assert isinstance(answer, Succeeded)
    return answer.fact


def charge_of(fact: PaymentFact) -> str:
    """The id of its charge."""
    assert fact.stripe_charge_id
    return fact.stripe_charge_id
