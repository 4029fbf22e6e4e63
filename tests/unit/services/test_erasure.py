"""What is left of a client once its personal data is erased, and what no longer happens to it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from adapters.memory.checkpoints import MemoryCheckpoints
from domain.model.audit import Actor
from domain.model.erasure import ERASED_NOTE, erased_event
from domain.model.errors import Conflict, InvalidInput, NotFound
from domain.model.firms import Address
from domain.model.inbox import InboxStatus
from domain.services import clients, collection, erasure, pausing
from domain.services.dispute_desk import add_note, list_notes
from domain.services.sealing import seal_audit
from domain.services.steps import in_firm, in_system
from domain.services.verification import verify_audit
from domain.services.webhooks import EventNotProcessed, apply_event, replay_event
from ports.repositories import PageRequest
from tests import stripe_events as stripe
from tests.builders import NOW, an_event, an_inbox_entry
from tests.reversal_world import deliver, disputed, paid_invoice
from tests.service_world import ADMIN, DAY, World

CANARY = "jane.doe@acme.example"
ERASER = Actor("operator", "tests")


@pytest.fixture
def world() -> World:
    """A client with personal data everywhere: its row, an invoice's description, frozen requests, stored events."""
    world = World()
    address = Address(line1=f"c/o {CANARY}", country="DE")
    changes = {"company_name": CANARY, "email": CANARY, "phone": "+49 30 1", "locale": "de", "address": address}
    clients.change_client(world.ports, world.firm.id, world.client.id, changes, ADMIN)
    return world


def erase(world: World) -> None:
    erasure.erase_client(world.ports, world.firm.id, world.client.id, ERASER)


def failed_invoice(world: World) -> str:
    """An invoice whose first attempt was declined and whose retry waits; Stripe told of it."""
    world.gateway.answers.append("insufficient_funds")
    invoice_id = world.invoice(description=f"for {CANARY}").invoice.id
    world.run_due()
    attempt = world.attempts(invoice_id)[0]
    intent = stripe.payment_intent(
        attempt.stripe_payment_intent_id or "",
        "requires_payment_method",
        metadata={"invoice_id": invoice_id, "attempt_id": attempt.id},
        charge_id=attempt.stripe_charge_id,
        error=stripe.decline_error(attempt.stripe_charge_id or "", "insufficient_funds"),
    )
    told = stripe.event("payment_intent.payment_failed", {**intent, "receipt_email": CANARY}, NOW, id="evt_told")
    apply_event(world.ports, world.mailroom, stripe.parsed(told))
    return invoice_id


def everything(world: World) -> str:
    """All that is stored, as text."""
    store = world.ports.uow.store  # type: ignore[attr-defined]
    tables = [store.clients, store.invoices, store.inbox, store.outbox, store.audit, store.ledger, store.idempotency]
    return repr([list(table.rows.values()) for table in tables])


def test_nothing_personal_is_left_anywhere(world: World) -> None:
    failed_invoice(world)
    customer = stripe.event("customer.updated", {"id": "cus_1", "object": "customer", "email": CANARY}, NOW, id="evt_c")
    apply_event(world.ports, world.mailroom, stripe.parsed(customer))
    _answer(world, json.dumps({"id": world.client.id, "email": CANARY}))
    assert everything(world).count(CANARY) >= 6

    erase(world)

    assert CANARY not in everything(world)


def _answer(world: World, text: str) -> None:
    in_firm(world.ports, world.firm.id, lambda step: step.tx.idempotency.begin("key", "print", step.now))
    in_firm(world.ports, world.firm.id, lambda step: step.tx.idempotency.finish("key", 201, {"text": text}))


def test_the_client_stays_by_its_id_alone(world: World) -> None:
    erase(world)

    client = clients.get_client(world.ports, world.firm.id, world.client.id)
    assert (client.company_name, client.email, client.phone, client.locale) == ("Erased client", None, None, None)
    assert (client.address, client.stripe_customer_id, client.erased_at) == (Address(), None, world.clock.now())


def test_the_erasure_is_written_down_without_personal_data(world: World) -> None:
    failed_invoice(world)

    erase(world)

    (event,) = world.audit("client_erased")
    assert (event.actor, event.subject_id) == ("operator:tests", world.client.id)
    assert event.metadata == {"invoices": 1, "events": 1}


def test_the_chain_still_verifies(world: World) -> None:
    checkpoints = MemoryCheckpoints()
    failed_invoice(world)
    seal_audit(world.ports, checkpoints)

    erase(world)
    seal_audit(world.ports, checkpoints)

    (verdict,) = verify_audit(world.ports, checkpoints)
    assert (verdict.finding, verdict.unsealed_count, verdict.seals_count) == (None, 0, 2)


def test_nothing_is_charged_once_the_client_is_erased(world: World) -> None:
    invoice_id = failed_invoice(world)
    sent = len(world.gateway.sent)

    erase(world)
    world.advance(30 * DAY)

    assert len(world.gateway.sent) == sent
    row = world.row(invoice_id)
    assert (row.invoice.paused_at is not None, row.figures.next_payment_retry_at) == (True, None)
    with pytest.raises(Conflict, match="erased"):
        collection.charge_invoice(world.ports, world.firm.id, invoice_id, ADMIN)


def test_nothing_is_charged_even_if_collection_is_resumed(world: World) -> None:
    invoice_id = failed_invoice(world)
    sent = len(world.gateway.sent)
    erase(world)

    pausing.resume_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    world.advance(30 * DAY)

    assert len(world.gateway.sent) == sent


def test_what_is_paid_is_not_held_and_its_figures_stay(world: World) -> None:
    world.gateway.answers.append("succeed")
    invoice_id = world.invoice().invoice.id
    world.run_due()
    before = world.row(invoice_id).figures

    erase(world)

    assert world.row(invoice_id).figures == before
    assert world.row(invoice_id).invoice.paused_at is None
    assert world.attempts(invoice_id)[0].stripe_charge_id == "ch_1"


def test_while_an_attempt_is_open_nothing_is_erased(world: World) -> None:
    paid = world.invoice(description=CANARY).invoice.id
    world.gateway.answers.append("succeed")
    world.run_due()
    waiting = world.invoice().invoice.id
    pausing.pause_invoice(world.ports, world.firm.id, waiting, ADMIN)
    pausing.resume_invoice(world.ports, world.firm.id, waiting, ADMIN)
    collection.charge_invoice(world.ports, world.firm.id, waiting, ADMIN)

    with pytest.raises(Conflict, match="outcome"):
        erase(world)

    assert world.row(paid).invoice.description == CANARY
    assert clients.get_client(world.ports, world.firm.id, world.client.id).email == CANARY


@pytest.mark.parametrize("is_void", [False, True])
@pytest.mark.parametrize("status", ["warning_needs_response", "needs_response", "under_review"])
def test_while_a_dispute_is_open_nothing_is_erased(world: World, status: str, *, is_void: bool) -> None:
    invoice_id = paid_invoice(world, description=CANARY) if not is_void else _void_invoice(world)
    deliver(world, disputed(status=status))

    with pytest.raises(Conflict, match="dispute"):
        erase(world)

    assert world.row(invoice_id).invoice.description == CANARY


def _void_invoice(world: World) -> str:
    """An invoice that was given up, whose PaymentIntent was charged all the same."""
    invoice_id = world.invoice(autopay=False, description=CANARY, stripe_payment_intent_id="pi_1").invoice.id
    collection.void_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    return invoice_id


def test_what_was_noted_on_its_disputes_is_forgotten_with_the_answers_that_hold_it(world: World) -> None:
    paid_invoice(world)
    deliver(world, disputed("closed", status="lost"))
    note = add_note(world.ports, world.firm.id, "dp_1", CANARY, ADMIN)
    _answer(world, json.dumps({"dispute_id": note.dispute_id, "body": note.body}))

    erase(world)

    assert CANARY not in everything(world)
    (kept,) = list_notes(world.ports, world.firm.id, "dp_1", PageRequest()).items
    assert kept.body == ERASED_NOTE


def test_an_erased_client_takes_no_new_data_and_no_new_invoice(world: World) -> None:
    erase(world)

    with pytest.raises(Conflict, match="erased"):
        clients.change_client(world.ports, world.firm.id, world.client.id, {"email": CANARY}, ADMIN)
    with pytest.raises(InvalidInput):
        world.invoice()


def test_repeating_it_takes_away_what_came_since(world: World) -> None:
    invoice_id = failed_invoice(world)
    erase(world)
    first_at = world.clock.now()
    world.clock.advance(timedelta(days=1))
    intent = stripe.payment_intent("pi_later", "canceled", metadata={"invoice_id": invoice_id})
    later = stripe.event("payment_intent.canceled", {**intent, "receipt_email": CANARY}, NOW, id="evt_later")
    apply_event(world.ports, world.mailroom, stripe.parsed(later))

    erase(world)

    assert CANARY not in everything(world)
    assert clients.get_client(world.ports, world.firm.id, world.client.id).erased_at == first_at


def test_an_erased_event_cannot_be_replayed_and_keeps_its_status(world: World) -> None:
    failed_invoice(world)
    erase(world)

    with pytest.raises(EventNotProcessed, match="was erased"):
        replay_event(world.ports, world.mailroom, "", "evt_told")

    (entry,) = in_firm(world.ports, world.firm.id, lambda step: step.tx.inbox.page(None, PageRequest())).items
    assert entry.status is InboxStatus.PROCESSED


def test_a_delivery_of_an_erased_event_brings_nothing_back(world: World) -> None:
    failed_invoice(world)
    body = in_system(world.ports, lambda step: step.tx.inbox.lock("", "evt_told"))
    assert body is not None
    erase(world)

    apply_event(world.ports, world.mailroom, body.event)

    assert CANARY not in everything(world)


def test_an_unknown_client_is_told(world: World) -> None:
    with pytest.raises(NotFound):
        erasure.erase_client(world.ports, world.firm.id, "cli_none", ERASER)


@pytest.mark.parametrize(
    ("subject", "left"),
    [
        (
            {
                "id": "ch_1",
                "object": "charge",
                "payment_intent": {"id": "pi_1", "receipt_email": CANARY},
                "name": CANARY,
            },
            {"id": "ch_1", "object": "charge", "payment_intent": "pi_1"},
        ),
        ({"id": 5, "invoice": None, "charge": {"note": CANARY}}, {}),
        (None, {}),
        ([CANARY], {}),
    ],
)
def test_an_erased_event_keeps_its_envelope_and_the_ids_of_its_objects(subject: Any, left: dict[str, str]) -> None:
    body = {"id": "evt_1", "type": "charge.failed", "created": 5, "data": {"object": subject}, "request": CANARY}
    entry = an_inbox_entry(event=an_event(body=body), status=InboxStatus.UNMATCHED)

    erased = erased_event(entry)

    envelope = {"id": "evt_1", "type": "charge.failed", "created": 5}
    assert erased.event.body == {**envelope, "data": {"object": left}, "dunlin_erased": True}
    assert erased.status is InboxStatus.IGNORED
