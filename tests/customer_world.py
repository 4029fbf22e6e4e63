"""The use cases with a client whose customer, cards and payment pages are at the bank in memory."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from adapters.memory.bank_values import BankIntent, Mood
from adapters.memory.payment_gateway import MemoryCardFile, MemoryPaymentGateway
from domain.services.charging import Till
from domain.services.checkouts import Visit
from domain.services.clients import NewClient, create_client
from domain.services.webhooks import apply_event
from tests import stripe_events as stripe
from tests.service_world import ADMIN, World

NO_FUNDS = Mood(decline_code="insufficient_funds", advice_code="try_again_later")
ADDRESS = "https://dunlin.example/pay/token"


class CustomerWorld(World):
    """A sent invoice whose first attempt was declined; the card declines for as long as `mood` says."""

    def __post_init__(self) -> None:
        super().__post_init__()
        gateway = MemoryPaymentGateway(self.bank, self.clock)
        self.workshop = replace(self.workshop, till=Till(gateway, MemoryCardFile(self.bank)))
        self.customer_id = self.bank.add_customer()
        self.card_id = self.bank.attach_card(self.customer_id, NO_FUNDS, is_default=True)
        wanted = NewClient("Acme GmbH", stripe_customer_id=self.customer_id)
        self.client = create_client(self.ports, self.firm.id, wanted, ADMIN)
        self.invoice_id = self.invoice().invoice.id
        self.run_due()
        self.clock.advance(timedelta(minutes=1))
        self.visit = Visit(self.firm.id, self.invoice_id, ADDRESS, "en")

    @property
    def status(self) -> str:
        return self.row(self.invoice_id).figures.status.value

    def shown(self) -> list[tuple[str, str]]:
        """Trigger and status of each attempt."""
        return [(one.trigger.value, one.status.value) for one in self.attempts(self.invoice_id)]

    def paid_charges(self) -> int:
        """How often the bank really took money."""
        return sum(charge.status == "succeeded" for charge in self.bank.charges())

    def tell(self, kind: str, body: dict[str, Any]) -> None:
        """An event of Stripe's arrives."""
        apply_event(self.ports, self.mailroom, stripe.parsed(stripe.event(kind, body, self.clock.now())))
        self.run_due()

    def tell_payment(self, intent: BankIntent) -> None:
        """The events of what was paid, or declined, on a page."""
        last = intent.charges[-1]
        names = {"invoice_id": intent.invoice_id or "", "attempt_id": intent.attempt_id or ""}
        code = None if last.status == "succeeded" else last.codes.decline_code
        body = stripe.charge(last.id, intent.id, last.created_at, decline_code=code, metadata=names)
        self.tell(f"charge.{last.status}", body)

    def tell_card(self, session_id: str) -> None:
        """`checkout.session.completed` of a page for a card."""
        names = {"invoice_id": self.invoice_id, "purpose": "customer_card"}
        self.tell("checkout.session.completed", {"id": session_id, "object": "checkout.session", "metadata": names})

    def tell_expired(self, attempt_id: str) -> None:
        names = {"invoice_id": self.invoice_id, "attempt_id": attempt_id}
        self.tell("checkout.session.expired", {"id": "cs_1", "object": "checkout.session", "metadata": names})

    def until_retry(self) -> timedelta:
        """How long until the next automatic attempt."""
        due_at = self.row(self.invoice_id).figures.next_payment_retry_at
        assert due_at is not None
        return due_at - self.clock.now()
