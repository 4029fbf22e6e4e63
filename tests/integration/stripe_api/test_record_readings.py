"""What the reader of Stripe's records makes of what Stripe lists, where the sandbox cannot be brought to list it."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.memory.pacing import MemoryRequestPacer
from adapters.stripe_api.client import stripe_client
from adapters.stripe_api.events.interpreter import StripeEventInterpreter
from adapters.stripe_api.records import StripeRecordsReader
from domain.model.payment_facts import FactKind, PaymentFact, Source, merge, outcomes
from domain.model.pending_payments import open_pendings
from ports.payment_gateway import GatewayUnavailable
from ports.stripe_records import Record, RecordKind, RecordPage
from tests import stripe_events as stripe
from tests.integration.stripe_api.adapters_under_test import NOW, PATIENT, a_charge, a_list, a_refused_intent, an_error
from tests.integration.stripe_api.adapters_under_test import an_intent as a_payment_intent
from tests.integration.stripe_api.scripted_server import ScriptedServer, says

SINCE = NOW - timedelta(days=3)
SOME_TIME = "Mon, 23 Nov 2026 11:59:58 GMT"
TOLD_AT = NOW - timedelta(seconds=2)
EARLIER = int((NOW - timedelta(hours=1)).timestamp())


def reader_at(server: ScriptedServer) -> StripeRecordsReader:
    client = stripe_client("sk_test_of_these_tests", server.address, limits=PATIENT)
    return StripeRecordsReader(client, MemoryRequestPacer(1000))


def listed(server: ScriptedServer, kind: RecordKind, *entries: dict[str, Any]) -> RecordPage:
    server.answers(says(200, a_list(*entries), Date=SOME_TIME))
    return reader_at(server).records(None, kind, SINCE, NOW, None)


def of_intent(server: ScriptedServer, intent: dict[str, Any]) -> tuple[PaymentFact, ...]:
    (record,) = listed(server, RecordKind.PAYMENT_INTENT, intent).records
    assert record.problem is None
    return record.told.facts


def told_by_event(kind: str, body: dict[str, Any]) -> tuple[PaymentFact, ...]:
    event = stripe.parsed(stripe.event(kind, body, NOW - timedelta(minutes=30)))
    return StripeEventInterpreter().interpret(event, NOW).facts


def a_failed_charge(**fields: Any) -> dict[str, Any]:
    failed = {"status": "failed", "paid": False, "failure_code": "card_declined", "created": EARLIER}
    return a_charge(**{**failed, **fields})


def a_declined_intent(**fields: Any) -> dict[str, Any]:
    error = {"type": "card_error", "code": "card_declined", "charge": "ch_1"}
    return a_refused_intent(**{"last_payment_error": error, "latest_charge": a_failed_charge(), **fields})


def test_payment_intents_are_asked_for_with_their_newest_charge(server: ScriptedServer) -> None:
    listed(server, RecordKind.PAYMENT_INTENT)

    since = str(int(SINCE.timestamp()))
    assert server.requests[0].path == "/v1/payment_intents"
    assert server.requests[0].params == {"created[gte]": since, "expand[]": "data.latest_charge", "limit": "100"}


def test_facts_are_told_at_stripes_own_time_of_the_answer(server: ScriptedServer) -> None:
    facts = of_intent(server, a_payment_intent(latest_charge=a_charge()))

    assert {(fact.told_at, fact.heard_at) for fact in facts} == {(TOLD_AT, NOW)}


@pytest.mark.parametrize(
    ("kind", "intent"),
    [
        ("payment_intent.succeeded", a_payment_intent(latest_charge=a_charge(created=EARLIER))),
        ("payment_intent.payment_failed", a_declined_intent()),
        ("payment_intent.payment_failed", a_refused_intent(metadata={"attempt_id": "att_1"})),
        ("payment_intent.canceled", a_payment_intent(status="canceled", latest_charge=None)),
        ("payment_intent.processing", a_payment_intent(status="processing", latest_charge=None)),
        ("payment_intent.requires_action", a_payment_intent(status="requires_action", latest_charge=None)),
    ],
)
def test_a_record_tells_under_the_same_keys_as_its_event(
    server: ScriptedServer, kind: str, intent: dict[str, Any]
) -> None:
    by_event = told_by_event(kind, intent)

    by_record = of_intent(server, intent)

    assert {fact.key for fact in by_event} == {fact.key for fact in by_record if fact.source is Source.PAYMENT_INTENT}
    assert len(outcomes((*by_event, *by_record))) == len(outcomes(by_event))


def test_what_an_event_told_before_stands(server: ScriptedServer) -> None:
    by_event = told_by_event("payment_intent.payment_failed", a_declined_intent())

    known = merge(by_event, of_intent(server, a_declined_intent()))

    assert by_event[0] in known


def test_a_failure_that_only_an_event_could_name_is_left_to_it(server: ScriptedServer) -> None:
    assert of_intent(server, a_refused_intent()) == ()


def test_an_earlier_failure_does_not_end_what_waits_now(server: ScriptedServer) -> None:
    facts = of_intent(server, a_payment_intent(status="requires_action", latest_charge=a_failed_charge()))

    assert [(fact.kind, fact.source) for fact in facts] == [
        (FactKind.FAILED, Source.CHARGE),
        (FactKind.PENDING, Source.PAYMENT_INTENT),
    ]
    assert open_pendings(facts, outcomes(facts)) == (facts[1],)


def test_an_intent_that_waits_to_be_captured_is_pending_and_not_paid(server: ScriptedServer) -> None:
    reserved = a_charge(captured=False, amount_captured=0)

    (fact,) = of_intent(server, a_payment_intent(status="requires_capture", amount_received=0, latest_charge=reserved))

    assert (fact.kind, fact.pending_status) == (FactKind.PENDING, "requires_capture")


@pytest.mark.parametrize("status", ["requires_payment_method", "requires_confirmation", "something_new"])
def test_an_intent_that_was_never_tried_tells_nothing_but_its_ids(server: ScriptedServer, status: str) -> None:
    intent = a_payment_intent(status=status, latest_charge=None, metadata={"invoice_id": "inv_1"})

    (record,) = listed(server, RecordKind.PAYMENT_INTENT, intent).records

    assert (record.told.facts, record.told.stripe_ids, record.told.named_invoice_id) == ((), ("pi_1",), "inv_1")


@pytest.mark.parametrize("kind", [RecordKind.REFUND, RecordKind.DISPUTE])
def test_refunds_and_disputes_are_told_at_the_time_of_the_answer(server: ScriptedServer, kind: RecordKind) -> None:
    refund = stripe.refund("re_1", "ch_1", "pi_1", NOW)
    dispute = stripe.dispute("du_1", "ch_1", "pi_1", NOW)

    (record,) = listed(server, kind, refund if kind is RecordKind.REFUND else dispute).records

    assert [told.told_at for told in (*record.told.refunds, *record.told.disputes)] == [TOLD_AT]


def test_what_cannot_be_read_says_why_and_keeps_nothing_else_back(server: ScriptedServer) -> None:
    new = stripe.dispute("du_1", "ch_1", "pi_1", NOW, status="arbitration")
    old = stripe.dispute("du_2", "ch_1", "pi_1", NOW)

    first, second = listed(server, RecordKind.DISPUTE, new, old).records

    assert (first.stripe_id, first.told.disputes, second.problem) == ("du_1", (), None)
    assert first.problem == "status is none of those that this version knows (arbitration)"


@pytest.mark.parametrize("kind", RecordKind)
@pytest.mark.parametrize("entry", [{}, {"id": 7}, {"id": "x", "status": [], "amount": "much"}])
def test_an_odd_entry_is_a_problem_and_no_exception(
    server: ScriptedServer, kind: RecordKind, entry: dict[str, Any]
) -> None:
    (record,) = listed(server, kind, entry).records

    assert isinstance(record, Record)
    assert record.problem


def test_the_next_page_is_asked_for_by_the_last_entrys_id(server: ScriptedServer) -> None:
    server.answers(says(200, a_list(a_payment_intent(id="pi_9"), has_more=True)), says(200, a_list()))
    reader = reader_at(server)

    first = reader.records("acct_1", RecordKind.PAYMENT_INTENT, SINCE, NOW, None)
    reader.records("acct_1", RecordKind.PAYMENT_INTENT, SINCE, NOW, first.next_cursor)

    assert first.next_cursor == "pi_9"
    assert server.requests[1].params["starting_after"] == "pi_9"
    assert server.requests[1].headers["stripe-account"] == "acct_1"


def an_event(event_id: str, kind: str = "charge.succeeded", **fields: Any) -> dict[str, Any]:
    return {**stripe.event(kind, a_charge(), NOW, id=event_id), **fields}


def test_events_are_asked_for_by_their_time_and_kept_by_their_type(server: ScriptedServer) -> None:
    server.answers(says(200, a_list(an_event("evt_2"), an_event("evt_1", "customer.updated"), has_more=True)))

    page = reader_at(server).events(None, SINCE, NOW, "evt_3")

    assert ([event.id for event in page.events], page.next_cursor) == (["evt_2"], "evt_1")
    assert server.requests[0].params == {
        "created[gte]": str(int(SINCE.timestamp())),
        "created[lte]": str(int(NOW.timestamp())),
        "limit": "100",
        "starting_after": "evt_3",
    }


@pytest.mark.parametrize(
    ("told", "asked", "account"), [(None, "acct_1", "acct_1"), ("acct_2", None, "acct_2"), (None, None, "")]
)
def test_an_event_belongs_to_the_account_that_it_names_else_to_the_one_that_was_asked(
    server: ScriptedServer, told: str | None, asked: str | None, account: str
) -> None:
    server.answers(says(200, a_list(an_event("evt_1", account=told))))

    (event,) = reader_at(server).events(asked, SINCE, NOW, None).events

    assert event.account == account


def test_an_event_is_kept_in_a_shape_that_can_be_stored(server: ScriptedServer) -> None:
    server.answers(says(200, a_list(an_event("evt_1", data={"object": a_charge(description="a\0b\ud800")}))))

    (event,) = reader_at(server).events(None, SINCE, NOW, None).events

    assert event.body["data"]["object"]["description"] == "a\ufffdb\ufffd"


@pytest.mark.parametrize("broken", [{"livemode": None}, {"created": "now"}, {"data": {}}, {"id": None}])
def test_what_is_no_event_is_left_out(server: ScriptedServer, broken: dict[str, Any]) -> None:
    server.answers(says(200, a_list(an_event("evt_2", **broken), an_event("evt_1"))))

    assert [event.id for event in reader_at(server).events(None, SINCE, NOW, None).events] == ["evt_1"]


@pytest.mark.parametrize(("status", "body"), [(401, an_error()), (429, an_error()), (500, an_error()), (200, {})])
def test_a_page_that_was_not_read_is_unavailable_and_not_empty(
    server: ScriptedServer, status: int, body: dict[str, Any]
) -> None:
    server.answers(*[says(status, body)] * 2)

    with pytest.raises(GatewayUnavailable):
        reader_at(server).events(None, SINCE, NOW, None)
    with pytest.raises(GatewayUnavailable):
        reader_at(server).records(None, RecordKind.REFUND, SINCE, NOW, None)
