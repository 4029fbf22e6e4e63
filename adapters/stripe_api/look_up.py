"""What became of an attempt, found out by reading: one PaymentIntent and its charges, else the customer's intents.

Never by Search, which lags behind by up to a minute (docs.stripe.com/search) and would show a charge as absent.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote

from adapters.stripe_api.calls import StripeCalls
from adapters.stripe_api.facts import (
    PENDING_STATUSES,
    Telling,
    end_of_intent,
    fact_of_charge,
    failure_of_intent,
    success_of_intent,
    waiting_of_intent,
)
from adapters.stripe_api.json_values import Json, UnreadableShape
from adapters.stripe_api.listing import NoSuchObject, NotRead, read, read_pages
from adapters.stripe_api.shapes import Charge, Intent, our_attempt_id, read_charge, read_intent
from domain.model.answers import Absent, Found, LookUpAnswer, NotReached
from domain.model.payment_facts import PaymentFact, Source
from ports.payment_gateway import LookUpOrder

# Our clock and Stripe's need not agree; calling an attempt absent that is only out of the window would charge twice.
CLOCK_SLACK = timedelta(hours=6)


@dataclass(frozen=True)
class LookUp:
    """Looks for one attempt. `now` is our clock's time, which a fetched fact carries as the time it was told."""

    calls: StripeCalls
    account: str | None
    order: LookUpOrder
    now: datetime

    def run(self) -> LookUpAnswer:
        """Found, absent, or not reached when the reading itself failed."""
        try:
            return self._run()
        except NotRead as problem:
            return NotReached(str(problem))
        except UnreadableShape as problem:
            return NotReached(f"Stripe's answer to a look-up cannot be read: {problem}.")

    def _run(self) -> LookUpAnswer:
        known = self.order.stripe_payment_intent_id
        source = self._known_intent(known) if known else self._listed_intent()
        if source is None:
            return Absent()
        intent = read_intent(source)
        listed = self._entries("/v1/charges", {"payment_intent": intent.id})
        charges = [read_charge(charge) for charge in listed]
        return self._judge(intent, charges)

    def _known_intent(self, intent_id: str) -> Json | None:
        query = {"expand[]": "latest_charge"}
        try:
            return read(self.calls.get(self.account, f"/v1/payment_intents/{quote(intent_id, safe='')}", query)).body
        except NoSuchObject:
            return None

    def _listed_intent(self) -> Json | None:
        since = int((self.order.since - CLOCK_SLACK).timestamp())
        query = {"created[gte]": str(since)}
        if self.order.stripe_customer_id:  # a client may have lost its customer since
            query["customer"] = self.order.stripe_customer_id
        listed = self._entries("/v1/payment_intents", query)
        return next((intent for intent in listed if our_attempt_id(intent) == self.order.attempt_id), None)

    def _entries(self, path: str, query: dict[str, str]) -> Iterator[Json]:
        for page in read_pages(self.calls, self.account, path, query):
            yield from page.entries

    def _judge(self, intent: Intent, charges: list[Charge]) -> LookUpAnswer:
        telling = Telling(Source.ANSWER, self.now, self.now)
        told = [replace(charge, stripe_payment_intent_id=intent.id) for charge in charges]
        of_charges = [fact for fact in (fact_of_charge(charge, telling) for charge in told) if fact]
        state = self._state(intent, charges, telling)
        facts = (*of_charges, *state)
        is_ours = any(fact.attempt_id == self.order.attempt_id for fact in facts)
        # No money can come of a canceled intent any more, whoever's attempt it last served.
        is_over = intent.status == "canceled"
        return Found(facts) if is_ours or is_over else Absent(facts)

    def _state(self, intent: Intent, charges: list[Charge], telling: Telling) -> tuple[PaymentFact, ...]:
        if intent.status == "succeeded":
            return (success_of_intent(intent, telling),)
        if intent.status in PENDING_STATUSES:
            return (waiting_of_intent(intent, telling),)
        if intent.status == "canceled":
            return (end_of_intent(intent, telling),)
        return self._decline_without_charge(intent, charges, telling)

    def _decline_without_charge(
        self, intent: Intent, charges: list[Charge], telling: Telling
    ) -> tuple[PaymentFact, ...]:
        """A refusal that made no charge shows in `last_payment_error` alone.

        It is our attempt's when the metadata are: Stripe clears the error with every update (the API reference of
        PaymentIntent says so), and our update, which sets `metadata.attempt_id`, also brings the payment method, so
        that an intent which was updated and never confirmed is `requires_confirmation`. An error that names a charge
        is judged by the charge, which keeps the metadata of its own time.
        """
        error = intent.error
        if error is None or intent.status != "requires_payment_method":
            return ()
        is_told_by_charge = error.stripe_charge_id in {charge.id for charge in charges}
        is_nameless = error.stripe_charge_id is None and intent.attempt_id is None
        if is_told_by_charge or is_nameless:
            return ()
        return (failure_of_intent(intent, error, telling),)
