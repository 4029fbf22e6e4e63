import json
import logging

import pytest

from tests import stripe_events
from tests.builders import NOW
from tests.e2e.web.web_world import Json, WebWorld, signed

LIMIT_BYTES = 262_144
CANARY = "canary@secret.example"


def succeeded(web: WebWorld, **changed: str) -> Json:
    """Stripe tells that north's invoice was paid."""
    intent = stripe_events.payment_intent(
        "pi_1", "succeeded", charge_id="ch_1", metadata={"invoice_id": web.north.invoice_id}
    )
    return stripe_events.event("payment_intent.succeeded", intent, NOW, **changed)


@pytest.mark.parametrize("path", ["/api/webhooks/stripe/", "/api/webhooks/stripe"])
def test_an_event_is_processed_on_both_spellings_of_the_path(web: WebWorld, path: str) -> None:
    answer = web.deliver(succeeded(web, id="evt_1"), path=path)

    assert answer.status_code == 200
    assert answer.get_json() == {"event": "evt_1", "outcome": "processed"}
    assert web.call("GET", f"/invoices/{web.north.invoice_id}").get_json()["status"] == "paid"


def test_a_repeated_event_is_a_duplicate(web: WebWorld) -> None:
    event = succeeded(web)
    web.deliver(event)

    again = web.deliver(event)

    assert (again.status_code, again.get_json()["outcome"]) == (200, "duplicate")


def test_a_type_that_is_not_used_is_ignored(web: WebWorld) -> None:
    answer = web.deliver(stripe_events.event("customer.created", {"id": "cus_1", "object": "customer"}, NOW))

    assert (answer.status_code, answer.get_json()["outcome"]) == (200, "ignored")


def test_an_event_of_the_wrong_livemode_is_ignored(web: WebWorld) -> None:
    answer = web.deliver({**succeeded(web), "livemode": True})

    assert (answer.status_code, answer.get_json()["outcome"]) == (200, "ignored")


def test_an_event_of_an_unknown_invoice_is_unmatched(web: WebWorld) -> None:
    intent = stripe_events.payment_intent("pi_unknown", "succeeded")

    answer = web.deliver(stripe_events.event("payment_intent.succeeded", intent, NOW))

    assert (answer.status_code, answer.get_json()["outcome"]) == (200, "unmatched")


@pytest.mark.parametrize("age_seconds", [301, -301])
def test_a_stale_or_future_stamp_is_400(idle_web: WebWorld, age_seconds: int) -> None:
    answer = idle_web.deliver(succeeded(idle_web), age_seconds=age_seconds)

    assert answer.status_code == 400
    assert answer.get_json()["type"] == "/problems/bad-signature"


@pytest.mark.parametrize("signature", [None, "", "nonsense", "t=1,v1=00", "x" * 5000])
def test_a_missing_or_unreadable_signature_is_400(idle_web: WebWorld, signature: str | None) -> None:
    answer = idle_web.deliver(succeeded(idle_web), signature=signature)

    assert answer.status_code == 400
    assert answer.get_json()["type"] == "/problems/bad-signature"


def test_a_forged_event_is_400_and_changes_nothing(web: WebWorld) -> None:
    body = json.dumps(succeeded(web)).encode()

    answer = web.deliver(body, signature=signed(body, int(NOW.timestamp()), "whsec_somebody_else"))

    assert answer.status_code == 400
    assert web.call("GET", f"/invoices/{web.north.invoice_id}").get_json()["status"] == "draft"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b'{"id": "evt_1"}'], ids=repr)
def test_a_signed_body_that_is_no_event_is_400(idle_web: WebWorld, body: bytes) -> None:
    answer = idle_web.deliver(body)

    assert answer.status_code == 400
    assert answer.get_json()["type"] == "/problems/malformed-event"


def padded(web: WebWorld, size: int) -> bytes:
    """An event of exactly `size` bytes."""
    event = succeeded(web)
    event["data"]["object"]["description"] = ""
    missing = size - len(json.dumps(event).encode())
    event["data"]["object"]["description"] = "x" * missing
    return json.dumps(event).encode()


def test_256_kb_are_taken(web: WebWorld) -> None:
    answer = web.deliver(padded(web, LIMIT_BYTES))

    assert answer.status_code == 200


def test_one_byte_more_is_413(web: WebWorld) -> None:
    answer = web.deliver(padded(web, LIMIT_BYTES + 1))

    assert answer.status_code == 413
    assert answer.get_json()["type"] == "/problems/content-too-large"


def test_an_event_that_cannot_be_processed_is_500_and_kept(web: WebWorld) -> None:
    broken = stripe_events.event("payment_intent.succeeded", {"object": "payment_intent"}, NOW, id="evt_broken")

    first, second = web.deliver(broken), web.deliver(broken)

    assert first.status_code == 500
    assert first.get_json()["type"] == "/problems/event-not-processed"
    assert second.status_code == 500
    assert web.memory.store.inbox.rows[("", "evt_broken")].status == "failed"


def test_an_event_that_cannot_be_stored_is_503(web: WebWorld) -> None:
    web.memory.store.is_down = True

    answer = web.deliver(succeeded(web))

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_an_event_is_taken_while_the_queue_is_down(web: WebWorld) -> None:
    web.doorbell.is_down = True

    answer = web.deliver(succeeded(web))

    assert (answer.status_code, answer.get_json()["outcome"]) == (200, "processed")


def test_nothing_of_a_payload_is_logged_or_answered(web: WebWorld, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    broken = stripe_events.event("payment_intent.succeeded", {"object": "payment_intent", "email": CANARY}, NOW)
    text = json.dumps({**broken, "receipt_email": CANARY}).encode()

    answers = [
        web.deliver(text),
        web.deliver(text, signature="t=1,v1=00"),
        web.deliver(text[:-1]),
        web.deliver(text + b" " * LIMIT_BYTES),
    ]

    assert [answer.status_code for answer in answers] == [500, 400, 400, 413]
    assert CANARY not in "".join(answer.text for answer in answers)
    assert CANARY not in caplog.text


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_post_is_taken(idle_web: WebWorld, method: str) -> None:
    answer = idle_web.http.open("/api/webhooks/stripe/", method=method)

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert answer.mimetype == "application/problem+json"


def test_stripe_needs_no_api_key_and_gets_no_cookie(web: WebWorld) -> None:
    answer = web.deliver(succeeded(web))

    assert "Set-Cookie" not in answer.headers
