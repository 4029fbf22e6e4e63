"""Every captured Stripe event goes through, and each handled type reaches the right invoice when one is linked."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.stripe_api.events.interpreter import HANDLED_TYPES
from domain.model.inbox import InboxStatus
from domain.services.reading import list_events
from domain.services.steps import in_system
from domain.services.webhooks import EventNotProcessed, Outcome, apply_event
from ports.repositories import PageRequest
from tests import stripe_events as stripe
from tests.service_world import World

EVENTS = sorted((Path(__file__).resolve().parents[2] / "fixtures" / "stripe" / "events").glob("*/*.json"))
# Shapes of before 2014 without an id: such a dispute cannot be told from another one.
NAMELESS = {
    "charge.dispute.closed/stripe-ruby-mock--charge.dispute.closed",
    "charge.dispute.updated/stripe-ruby-mock--charge.dispute.updated",
}


def captured(path: Path) -> dict[str, Any]:
    """The event in this installation's mode; ones without a version say so."""
    body: dict[str, Any] = json.loads(path.read_text())
    return {"api_version": None, **body, "livemode": False}


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def linked_ids(body: dict[str, Any]) -> dict[str, str]:
    """How an invoice that the event is about would have been created."""
    event = stripe.parsed(body)
    told = World().mailroom.interpreter.interpret(event, event.created_at)
    return {"stripe_payment_intent_id": told.stripe_ids[0]} if told.stripe_ids else {}


USED_TYPES = {kind for kind in HANDLED_TYPES if not kind.startswith("checkout.")}
"""The captured Checkout Sessions are host applications' own, which Dunlin leaves alone."""
READABLE = [path for path in EVENTS if named(path) not in NAMELESS]
HANDLED = [path for path in READABLE if path.parent.name in USED_TYPES]


@pytest.mark.parametrize("path", READABLE, ids=named)
def test_it_is_kept_whether_or_not_an_invoice_is_known(path: Path) -> None:
    body = captured(path)

    receipt = apply_event(World().ports, World().mailroom, stripe.parsed(body))

    expected = Outcome.UNMATCHED if body["type"] in USED_TYPES else Outcome.IGNORED
    assert receipt.outcome is expected


@pytest.mark.parametrize("path", [path for path in EVENTS if named(path) in NAMELESS], ids=named)
def test_a_dispute_without_an_id_is_kept_as_failed(path: Path) -> None:
    world = World()
    body = captured(path)

    with pytest.raises(EventNotProcessed, match="id is not an id"):
        apply_event(world.ports, world.mailroom, stripe.parsed(body))

    kept = in_system(world.ports, lambda step: step.tx.inbox.lock("", body["id"]))
    assert kept is not None
    assert kept.status is InboxStatus.FAILED


@pytest.mark.parametrize("path", HANDLED, ids=named)
def test_a_handled_one_reaches_the_invoice_that_it_names(path: Path) -> None:
    world = World()
    body = captured(path)
    links = linked_ids(body)
    assert links, "a handled event speaks of no object at all"
    invoice_id = world.invoice(autopay=False, **links).invoice.id

    receipt = apply_event(world.ports, world.mailroom, stripe.parsed(body))

    assert receipt.outcome is Outcome.PROCESSED
    page = [entry for entry in events_of(world) if entry.event.id == body["id"]]
    assert [entry.invoice_id for entry in page] == [invoice_id]


def events_of(world: World) -> list[Any]:

    return list(list_events(world.ports, world.firm.id, None, PageRequest()).items)
