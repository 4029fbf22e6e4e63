"""The port `CustomerSessions` over the bank in memory."""

from dataclasses import asdict, dataclass, replace

from adapters.memory.bank import MemoryBank
from adapters.memory.bank_answers import refused, without_answer
from adapters.memory.bank_values import BankIntent, BankRefusal, BankTrouble, Mood
from domain.model.answers import Absent, NotReached, Refused, Unknown
from ports.clock import Clock
from ports.customer_sessions import (
    CardOrder,
    CustomerSession,
    PaymentOrder,
    PaymentSearch,
    SessionAnswer,
    SessionReading,
    SessionStatus,
)


@dataclass
class _Page:
    account: str | None
    order: CardOrder | PaymentOrder
    session: CustomerSession


class MemoryCustomerSessions:
    """Opens pages at a `MemoryBank`; see the port. What the customer does there is called from outside."""

    def __init__(self, bank: MemoryBank, clock: Clock) -> None:
        self._bank = bank
        self._clock = clock
        self._pages: dict[str, _Page] = {}

    # What customers do.

    def save_card(self, session_id: str, mood: Mood | None = None) -> str:
        """The customer gives a card on the page; its PaymentMethod id."""
        page = self._pages[session_id]
        method_id = self._bank.attach_card(page.order.stripe_customer_id, mood, account=page.account)
        page.session = replace(
            page.session, status=SessionStatus.COMPLETE, url=None, stripe_payment_method_id=method_id
        )
        return method_id

    def pay(self, session_id: str, mood: Mood | None = None) -> BankIntent:
        """The customer pays on the page with a card that is not kept; the PaymentIntent as it is then."""
        page = self._pages[session_id]
        order = page.order
        assert isinstance(order, PaymentOrder)
        assert page.session.status is SessionStatus.OPEN
        method_id = self._bank.attach_card(order.stripe_customer_id, mood, account=page.account)
        made = self._bank.create_intent(page.account, order.stripe_customer_id, order.amount_minor, order.currency)
        named = replace(made, invoice_id=order.invoice_id, attempt_id=order.attempt_id)
        intent = self._bank.charge(page.account, named, method_id)
        self._bank.detach_card(method_id, page.account)
        if intent.status == "succeeded":
            page.session = replace(page.session, status=SessionStatus.COMPLETE, url=None)
        return intent

    def use(self, session_id: str, mood: Mood) -> None:
        """Either of the two, as the page asks. A card that is declined at once is not kept."""
        if isinstance(self._pages[session_id].order, PaymentOrder):
            self.pay(session_id, mood)
        elif mood.decline_code is None:
            self.save_card(session_id, mood)

    # What requests do.

    def card_session(self, account: str | None, order: CardOrder) -> SessionAnswer:
        """A new page for a card; see the port."""
        return self._open(account, order, self._bank.new_id("key"))

    def pay_session(self, account: str | None, order: PaymentOrder) -> SessionAnswer:
        """The page on which the attempt is paid; see the port."""
        return self._open(account, order, f"{order.attempt_id}:checkout")

    def find_payment(self, account: str | None, wanted: PaymentSearch) -> SessionReading:
        """The attempt's payment page; see the port."""
        for session_id, page in self._pages.items():
            order = page.order
            if isinstance(order, PaymentOrder) and page.account == account and order.attempt_id == wanted.attempt_id:
                return self.read(account, session_id)
        return self.read(account, "")

    def read(self, account: str | None, session_id: str) -> SessionReading:
        """A page by its id; see the port."""
        try:
            self._bank.check_readable()
        except BankTrouble as trouble:
            return NotReached(trouble.reason)
        page = self._pages.get(session_id)
        if page is None or page.account != account:
            return Absent()
        self._close_if_over(page)
        return page.session

    def expire(self, account: str | None, session_id: str) -> SessionReading:
        """Close an open page; see the port."""
        try:
            self._bank.write_once(account, self._bank.new_id("key"), {"expire": session_id}, lambda: True)
        except BankTrouble as trouble:
            return NotReached(trouble.reason)
        page = self._pages.get(session_id)
        if page is not None and page.account == account and page.session.status is SessionStatus.OPEN:
            page.session = replace(page.session, status=SessionStatus.EXPIRED, url=None)
        return self.read(account, session_id)

    def make_default(
        self, account: str | None, stripe_customer_id: str, stripe_payment_method_id: str
    ) -> Refused | Unknown | NotReached | None:
        """Let invoices be charged to that card; see the port."""
        asked = {"customer": stripe_customer_id, "card": stripe_payment_method_id}

        def change() -> bool:
            self._bank.make_default(account, stripe_customer_id, stripe_payment_method_id)
            return True

        try:
            self._bank.write_once(account, self._bank.new_id("key"), asked, change)
        except BankTrouble as trouble:
            return without_answer(trouble)
        except BankRefusal as refusal:
            return refused(refusal)
        return None

    def _open(self, account: str | None, order: CardOrder | PaymentOrder, key: str) -> SessionAnswer:
        try:
            session_id = self._bank.write_once(account, key, asdict(order), lambda: self._new(account, order))
        except BankTrouble as trouble:
            return without_answer(trouble)
        except BankRefusal as refusal:
            return refused(refusal)
        return self._pages[session_id].session

    def _new(self, account: str | None, order: CardOrder | PaymentOrder) -> str:
        self._bank.check_customer(account, order.stripe_customer_id)
        session_id = self._bank.new_id("cs_test")
        session = CustomerSession(
            id=session_id,
            status=SessionStatus.OPEN,
            stripe_customer_id=order.stripe_customer_id,
            url=f"https://checkout.example/{session_id}",
            invoice_id=order.invoice_id,
        )
        self._pages[session_id] = _Page(account, order, session)
        return session_id

    def _close_if_over(self, page: _Page) -> None:
        order, is_open = page.order, page.session.status is SessionStatus.OPEN
        if is_open and isinstance(order, PaymentOrder) and order.expires_at <= self._clock.now():
            page.session = replace(page.session, status=SessionStatus.EXPIRED, url=None)
