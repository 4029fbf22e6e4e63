"""Events about disputes and refunds: whatever their order and repetitions, they end in one and the same invoice."""

import itertools
import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.services.reading import list_events
from domain.services.steps import in_firm
from domain.services.upkeep import SETTLING_TIME, BookCheck
from ports.repositories import PageRequest
from tests import stripe_events as stripe
from tests.invoice_model import MoneyOpinion, Rules, money_opinion
from tests.payment_stories import AMOUNT_MINOR, START
from tests.reversal_stories import Story, stories
from tests.reversal_world import deliver, standing
from tests.service_world import World
from tests.told_by_events import events_of

Json = dict[str, Any]
LONG_AFTER = START + timedelta(days=1500)
RULES = Rules(
    amount_due=AMOUNT_MINOR,
    delays=(timedelta(days=3), timedelta(days=7), timedelta(days=14)),
    counts_from_first=False,
    collects=False,
    holds_old=True,
)
CAPTURED = Path(__file__).resolve().parents[2] / "fixtures" / "stripe" / "events"
REVERSALS = re.compile(r"charge\.dispute\..*|refund\..*|charge\.refund.*")
# Without an id, as before 2014, a dispute cannot be told from another one.
NAMELESS = {
    "stripe-ruby-mock--charge.dispute.closed.json",
    "stripe-ruby-mock--charge.dispute.updated.json",
}


def captured() -> dict[str, list[Json]]:
    """The captured events about disputes and refunds, by the charge that they are about."""
    by_charge: dict[str, list[Json]] = {}
    for path in sorted(CAPTURED.glob("*/*.json")):
        if REVERSALS.fullmatch(path.parent.name) and path.name not in NAMELESS:
            body = {"api_version": None, **json.loads(path.read_text()), "livemode": False}
            body["id"] = f"evt_{path.stem}"  # samples of one source share an id
            body.pop("account", None)
            told = body["data"]["object"]
            charge_id = told["id"] if told.get("object") == "charge" else told["charge"]
            by_charge.setdefault(charge_id, []).append(body)
    return by_charge


def charge_of(bodies: Sequence[Json], charge_id: str) -> Json:
    """The success that the captured events go against."""
    told = [body["data"]["object"] for body in bodies]
    at = min(datetime.fromtimestamp(body["created"], UTC) for body in bodies) - timedelta(days=30)
    charge = stripe.charge(charge_id, "pi_host", at, amount=max(one["amount"] for one in told))
    return stripe.event("charge.succeeded", {**charge, "currency": told[0]["currency"].lower()}, at, id="evt_paid")


def after_captured(bodies: Sequence[Json], paid: Json) -> tuple[Any, ...]:
    world = World()
    charge = paid["data"]["object"]
    asked = {"amount_due": charge["amount"], "stripe_payment_intent_id": "pi_host"}
    invoice_id = world.invoice(autopay=False, send=False, **asked).invoice.id
    deliver(world, paid, *bodies)
    world.run_due()
    waiting = list_events(world.ports, world.firm.id, "unmatched", PageRequest()).items
    assert not waiting, "an event of this charge found no invoice"
    return standing(world, invoice_id)


GROUPS = captured()


def test_every_kind_of_captured_event_is_tried() -> None:
    types = {body["type"] for bodies in GROUPS.values() for body in bodies}

    assert types == {
        *(f"charge.dispute.{turn}" for turn in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")),
        *(f"refund.{turn}" for turn in ("created", "updated", "failed")),
        "charge.refund.updated",
        "charge.refunded",
    }


@pytest.mark.parametrize("charge_id", sorted(GROUPS))
def test_captured_events_of_one_charge_end_alike_in_every_order(charge_id: str) -> None:
    bodies = GROUPS[charge_id]
    paid = charge_of(bodies, charge_id)
    expected = after_captured(bodies, paid)

    orders = list(itertools.islice(itertools.permutations(bodies), 720))
    for order in orders[:: max(1, len(orders) // 40)]:
        assert after_captured([*order, order[0], order[-1]], paid) == expected


def delivered(story: Story, order: Sequence[int]) -> tuple[World, str]:
    """The story's events arrive in that order, by their places."""
    world = World(start=LONG_AFTER)
    invoice_id = world.invoice(autopay=False).invoice.id
    bodies = events_of(story, invoice_id)
    for at in order:
        deliver(world, bodies[at % len(bodies)])
    world.run_due()
    world.sweep()
    return world, invoice_id


def shown(world: World, invoice_id: str) -> MoneyOpinion:
    figures = world.row(invoice_id).figures
    ledger = Counter[tuple[str, str]]()
    for entry in in_firm(world.ports, world.firm.id, lambda step: step.tx.journal.ledger_of(invoice_id)):
        ledger[str(entry.kind), entry.currency] += entry.amount_minor
    amounts = (figures.amount_paid, figures.amount_refunded, figures.amount_disputed)
    return MoneyOpinion(str(figures.status), *amounts, dict(ledger))


@settings(max_examples=120, deadline=None)
@given(stories().filter(lambda story: bool(story.moments)), st.randoms(use_true_random=False))
def test_any_order_of_a_story_shows_what_an_independent_model_says(story: Story, random: Any) -> None:
    places = list(range(len(events_of(story, "inv"))))
    disorder = places + random.choices(places, k=3)
    random.shuffle(disorder)

    told_in_order, in_order = delivered(story, places)
    told_in_disorder, in_disorder = delivered(story, disorder)

    assert standing(told_in_disorder, in_disorder) == standing(told_in_order, in_order)
    assert shown(told_in_disorder, in_disorder) == money_opinion(story.moments, story.reversals, RULES)
    told_in_disorder.clock.advance(SETTLING_TIME)
    BookCheck().check(told_in_disorder.ports)
    assert "dunlin_books_disagree_total" not in told_in_disorder.metrics.counted
