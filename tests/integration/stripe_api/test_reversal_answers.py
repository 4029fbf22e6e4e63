"""Answers to refunds and ends of disputes that the sandbox never gives, and what is sent for them."""

from typing import Any

import pytest

from adapters.memory.clock import SettableClock
from adapters.memory.pacing import MemoryRequestPacer
from adapters.stripe_api.client import stripe_client
from adapters.stripe_api.dispute_gateway import StripeDisputeGateway
from adapters.stripe_api.http_client import TimeLimits
from adapters.stripe_api.refund_gateway import StripeRefundGateway
from domain.model.answers import Absent, DisputeShown, NotReached, Refunded, Refused, Unknown, UnknownCause
from domain.model.refunds import RefundStatus
from ports.refund_gateway import RefundOrder
from tests.integration.stripe_api.adapters_under_test import NOW, PATIENT, SHORT, a_list, an_error
from tests.integration.stripe_api.scripted_server import ScriptedServer, hangs, resets, says

ORDER = RefundOrder("ref_1", "inv_1", "dunlin-refund-ref_1", 2000, NOW, "ch_1", "pi_1", "duplicate")
SOME_TIME = "Sun, 22 Nov 2026 23:59:58 GMT"
EPOCH = 1795391998
UNREADABLE: list[Any] = [
    b"",
    b"<html>Bad Gateway</html>",
    b"[]",
    {},
    {"error": []},
    {"id": 5, "status": {}},
    {"id": "re_1", "amount": -1},
    {"id": "x_1", "amount": 5, "currency": "usd", "status": "no_such_status"},
]


def refunds_at(server: ScriptedServer) -> StripeRefundGateway:
    client = stripe_client("sk_test_of_these_tests", server.address, limits=PATIENT)
    return StripeRefundGateway(client, MemoryRequestPacer(1000), SettableClock(NOW))


def disputes_at(server: ScriptedServer) -> StripeDisputeGateway:
    client = stripe_client("sk_test_of_these_tests", server.address, limits=PATIENT)
    return StripeDisputeGateway(client, MemoryRequestPacer(1000), SettableClock(NOW))


def a_refund(**fields: Any) -> dict[str, Any]:
    told = {"id": "re_1", "object": "refund", "status": "succeeded", "amount": 2000, "currency": "usd"}
    return {**told, "charge": "ch_1", "metadata": {"refund_id": "ref_1", "invoice_id": "inv_1"}, **fields}


def a_dispute(**fields: Any) -> dict[str, Any]:
    told = {"id": "du_1", "object": "dispute", "status": "needs_response", "amount": 5000, "currency": "usd"}
    return {**told, "charge": "ch_1", **fields}


def test_a_refund_names_the_charge_our_ids_and_the_reason_under_its_key(server: ScriptedServer) -> None:
    server.answers(says(200, a_refund()))

    refunds_at(server).refund("acct_1", ORDER)

    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/refunds")
    assert request.params == {
        "amount": "2000",
        "charge": "ch_1",
        "metadata[invoice_id]": "inv_1",
        "metadata[refund_id]": "ref_1",
        "reason": "duplicate",
    }
    assert request.headers["idempotency-key"] == "dunlin-refund-ref_1"
    assert request.headers["stripe-account"] == "acct_1"


def test_an_answer_is_told_at_stripes_own_time(server: ScriptedServer) -> None:
    server.answers(says(200, a_refund(), Date=SOME_TIME), says(200, a_dispute(), Date=SOME_TIME))

    refunded, shown = refunds_at(server).refund(None, ORDER), disputes_at(server).show(None, "du_1")

    assert isinstance(refunded, Refunded)
    assert isinstance(shown, DisputeShown)
    assert {refunded.telling.told_at.timestamp(), shown.telling.told_at.timestamp()} == {EPOCH}


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Nov 2026 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 -2359"])
def test_without_a_date_that_can_be_read_our_clock_tells(server: ScriptedServer, date: str) -> None:
    server.answers(says(200, a_dispute(), Date=date))

    shown = disputes_at(server).show(None, "du_1")

    assert isinstance(shown, DisputeShown)
    assert shown.telling.told_at == NOW


@pytest.mark.parametrize("status", [200, 400, 402, 404, 409, 429, 500, 503])
@pytest.mark.parametrize("body", UNREADABLE, ids=range(len(UNREADABLE)))
def test_no_answer_whatever_its_shape_is_an_exception_or_a_refund(
    server: ScriptedServer, status: int, body: Any
) -> None:
    server.answers(*[says(status, body)] * 3)

    refunded = refunds_at(server).refund(None, ORDER)
    accepted = disputes_at(server).accept(None, "du_1")

    assert isinstance(refunded, (Unknown, Refused, NotReached))
    assert isinstance(accepted, (Unknown, Refused, NotReached))
    assert isinstance(refunded, Unknown) or status in (400, 402, 404, 429)


@pytest.mark.parametrize(("status", "code"), [(400, "charge_disputed"), (402, "balance_insufficient"), (403, None)])
def test_a_4xx_is_a_refusal_in_stripes_words(server: ScriptedServer, status: int, code: str | None) -> None:
    server.answers(says(status, an_error(code), Request_Id="req_1"))

    answer = refunds_at(server).refund(None, ORDER)

    assert answer == Refused(f"Stripe answered {status}, request req_1: Something is wrong.", code)


@pytest.mark.parametrize(
    ("status", "cause"),
    [(409, UnknownCause.CONFLICT), (500, UnknownCause.SERVER_ERROR), (503, UnknownCause.SERVER_ERROR)],
)
def test_a_409_and_a_5xx_leave_the_refund_unknown(server: ScriptedServer, status: int, cause: UnknownCause) -> None:
    server.answers(says(status, an_error()))

    answer = refunds_at(server).refund(None, ORDER)

    assert isinstance(answer, Unknown)
    assert answer.cause is cause


@pytest.mark.parametrize("path", ["/v1/refunds", "/v1/disputes/du_1/close", "/v1/payment_intents"])
def test_what_a_bank_takes_part_in_has_the_time_of_a_charge(path: str) -> None:
    limits = TimeLimits()

    assert limits.seconds_for("post", path) == limits.charge
    assert limits.seconds_for("get", path) == limits.read


@pytest.mark.parametrize("behaviour", [hangs, resets])
def test_a_lost_answer_leaves_the_refund_unknown(server: ScriptedServer, behaviour: Any) -> None:
    server.answers(behaviour)
    client = stripe_client("sk_test_of_these_tests", server.address, limits=SHORT)

    answer = StripeRefundGateway(client, MemoryRequestPacer(1000), SettableClock(NOW)).refund(None, ORDER)

    assert isinstance(answer, Unknown)
    assert answer.cause is UnknownCause.LOST


@pytest.mark.parametrize("status", RefundStatus)
def test_a_refund_is_taken_whatever_its_status(server: ScriptedServer, status: RefundStatus) -> None:
    server.answers(says(200, a_refund(status=status.value)))

    answer = refunds_at(server).refund(None, ORDER)

    assert isinstance(answer, Refunded)
    assert answer.telling.status is status


def test_a_refund_is_looked_for_among_all_pages_of_its_charge(server: ScriptedServer) -> None:
    others = [a_refund(id="re_8", metadata={"refund_id": "ref_8"}), a_refund(id="re_7", metadata={})]
    server.answers(says(200, a_list(*others, has_more=True)), says(200, a_list(a_refund()), Date=SOME_TIME))

    found = refunds_at(server).find(None, ORDER)

    assert isinstance(found, Refunded)
    assert (found.telling.stripe_refund_id, found.telling.told_at.timestamp()) == ("re_1", EPOCH)
    since = str(int(NOW.timestamp()) - 6 * 3600)
    assert [request.params for request in server.requests] == [
        {"charge": "ch_1", "created[gte]": since, "limit": "100"},
        {"charge": "ch_1", "created[gte]": since, "limit": "100", "starting_after": "re_7"},
    ]


def test_a_refund_is_not_absent_while_there_are_pages_that_were_not_read(server: ScriptedServer) -> None:
    server.answers(*[says(200, a_list(a_refund(metadata={}), has_more=True))] * 5)

    assert isinstance(refunds_at(server).find(None, ORDER), NotReached)


@pytest.mark.parametrize(
    ("status", "body"),
    [(401, an_error()), (429, an_error("rate_limit")), (500, an_error()), (200, {}), (200, {"data": None}), (200, b"")],
)
def test_a_look_up_that_failed_does_not_show_a_refund_as_absent(server: ScriptedServer, status: int, body: Any) -> None:
    server.answers(says(status, body))

    assert isinstance(refunds_at(server).find(None, ORDER), NotReached)


def test_a_refund_that_is_found_and_cannot_be_read_is_not_absent(server: ScriptedServer) -> None:
    server.answers(says(200, a_list(a_refund(status="on_hold"))))

    found = refunds_at(server).find(None, ORDER)

    assert isinstance(found, NotReached)
    assert "on_hold" in found.reason


def test_a_charge_that_stripe_does_not_know_has_no_refund(server: ScriptedServer) -> None:
    server.answers(says(404, an_error("resource_missing")))

    assert refunds_at(server).find(None, ORDER) == Absent()


def test_a_dispute_that_stripe_will_not_close_is_a_refusal_while_it_is_open(server: ScriptedServer) -> None:
    server.answers(says(400, an_error("nope")), says(200, a_dispute(status="under_review")))

    answer = disputes_at(server).accept(None, "du_1")

    assert isinstance(answer, Refused)
    assert answer.code == "nope"


@pytest.mark.parametrize("status", ["lost", "won", "warning_closed", "prevented"])
def test_a_dispute_that_stripe_will_not_close_because_it_has_ended_is_shown(
    server: ScriptedServer, status: str
) -> None:
    server.answers(says(400, an_error()), says(200, a_dispute(status=status)))

    answer = disputes_at(server).accept(None, "du_1")

    assert isinstance(answer, DisputeShown)
    assert answer.telling.stripe_status == status


def test_a_refused_end_whose_reason_cannot_be_seen_is_tried_again_later(server: ScriptedServer) -> None:
    server.answers(says(400, an_error()), says(503, an_error()))

    assert isinstance(disputes_at(server).accept(None, "du_1"), NotReached)


@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_a_dispute_that_could_not_be_read_is_not_reached(server: ScriptedServer, status: int) -> None:
    server.answers(says(status, an_error()))

    assert isinstance(disputes_at(server).show(None, "du_1"), NotReached)


def test_a_dispute_in_a_status_that_is_new_to_us_cannot_be_read(server: ScriptedServer) -> None:
    server.answers(says(200, a_dispute(status="arbitration")))

    answer = disputes_at(server).show(None, "du_1")

    assert isinstance(answer, Unknown)
    assert "arbitration" in answer.reason
