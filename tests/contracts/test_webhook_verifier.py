"""What every webhook verifier does with signatures, stamps and bodies."""

import json
from datetime import timedelta
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from adapters.stripe_api.verifier import StripeWebhookVerifier
from ports.webhook_verifier import BadSignature, MalformedEvent
from tests.unit.adapters.stripe_api.event_builders import EVENTS, NOW, SECRET, body_about, captured_bodies, signed

BODY = json.dumps(body_about("payment_intent.succeeded", {"id": "pi_1", "name": "Canary Person"})).encode()


def verify(body: bytes, header: str | None = None, *, secrets: tuple[str, ...] = (SECRET,)) -> Any:
    return StripeWebhookVerifier(secrets).verify(body, signed(body) if header is None else header, NOW)


def body_with(**changed: Any) -> bytes:
    return json.dumps({**json.loads(BODY), **changed}).encode()


def test_a_signed_event_is_read() -> None:
    event = verify(body_with(account="acct_1", livemode=True))

    assert (event.id, event.type, event.account, event.livemode, event.api_version) == (
        "evt_1",
        "payment_intent.succeeded",
        "acct_1",
        True,
        "2026-10-28.endive",
    )
    assert event.created_at == NOW - timedelta(seconds=5)
    assert event.body["data"]["object"]["id"] == "pi_1"


def test_a_header_of_stripes_own_package_is_accepted() -> None:
    header = stripe.WebhookSignature.generate_signature_header(BODY.decode(), SECRET, int(NOW.timestamp()))

    assert verify(BODY, header).id == "evt_1"


@pytest.mark.parametrize("path", sorted(captured_bodies()))
def test_every_captured_event_is_read_as_it_is(path: str) -> None:
    body = (EVENTS / path).read_bytes()

    assert verify(body).body == json.loads(body)


def test_any_of_several_secrets_fits() -> None:
    header = signed(BODY, secret="whsec_old")

    assert verify(BODY, header, secrets=("whsec_new", "whsec_old")).id == "evt_1"


def test_any_of_several_signatures_fits() -> None:
    header = signed(BODY).replace(",v1=", ",v1=" + "0" * 64 + ",v0=ff,v1=")

    assert verify(BODY, header).id == "evt_1"


@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_stamp_of_300_seconds_to_either_side_is_accepted(seconds: int) -> None:
    assert verify(BODY, signed(BODY, at=NOW + timedelta(seconds=seconds))).id == "evt_1"


@pytest.mark.parametrize(("seconds", "side"), [(-301, "past"), (301, "future"), (11 * 86400, "future")])
def test_a_stamp_further_off_is_refused(seconds: int, side: str) -> None:
    with pytest.raises(BadSignature, match=side):
        verify(BODY, signed(BODY, at=NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        "t=,v1=aa",
        "t=1795435200",
        "v1=" + "0" * 64,
        "t=-5,v1=aa",
        "t=" + "9" * 40 + ",v1=aa",
        "t=١٢,v1=aa",
        "t=1,t=2,v1=aa",
        "t=1795435200,v1=\u00e9\ud800",
        "t=1795435200" + ",v1=aa" * 33,
        "x" * 5000,
    ],
)
def test_a_header_that_is_none_is_refused(header: str) -> None:
    with pytest.raises(BadSignature):
        verify(BODY, header)


def test_a_signature_of_another_scheme_is_refused() -> None:
    with pytest.raises(BadSignature, match="v1"):
        verify(BODY, signed(BODY).replace("v1=", "v0="))


def test_a_signature_by_another_secret_is_refused() -> None:
    with pytest.raises(BadSignature, match="secrets"):
        verify(BODY, signed(BODY, secret="whsec_other"))


@given(st.integers(0, len(BODY) * 8 - 1))
def test_a_body_with_any_bit_flipped_is_refused(bit: int) -> None:
    changed = bytearray(BODY)
    changed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(BadSignature):
        verify(bytes(changed), signed(BODY))


@given(st.integers(0, len(signed(BODY)) * 7 - 1))
def test_a_header_with_any_bit_flipped_is_refused(bit: int) -> None:
    header = signed(BODY)
    changed = header[: bit // 7] + chr(ord(header[bit // 7]) ^ 1 << bit % 7) + header[bit // 7 + 1 :]

    with pytest.raises(BadSignature):
        verify(BODY, changed)


@given(st.text(max_size=200))
def test_an_arbitrary_header_is_refused(header: str) -> None:
    with pytest.raises(BadSignature):
        verify(BODY, header)


@given(st.binary(max_size=300))
def test_arbitrary_signed_bytes_are_malformed(body: bytes) -> None:
    with pytest.raises(MalformedEvent):
        verify(body)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "JSON"),
        (BODY[:-1], "JSON"),
        (b"\xff" + BODY, "UTF-8"),
        (b"[]", "object"),
        (b'{"id": "evt_1", "id": "evt_2"}', "twice"),
        (b'{"id": NaN}', "NaN"),
        (b'{"id": -Infinity}', "Infinity"),
        (b'{"id": 1e999}', "too large"),
        (b'{"id": ' + b"9" * 5000 + b"}", "JSON"),
        (b'{"id": ' + b"[" * 100 + b"]" * 100 + b"}", "64 levels"),
        (b'{"id": ' + b"[" * 60000 + b"]" * 60000 + b"}", "64 levels"),
        (b'{"a\\u0000": 1, "a\\ufffd": 2}', "twice"),
        (b" " * 262_145, "262144 bytes"),
        (body_with(id=None), "id"),
        (body_with(id=7), "id"),
        (body_with(id="x" * 300), "id"),
        (body_with(id="evt_\0"), "id"),
        (body_with(type=["charge.failed"]), "type"),
        (body_with(created=None), "created"),
        (body_with(created="now"), "created"),
        (body_with(created=True), "created"),
        (body_with(created=10**15), "created"),
        (body_with(livemode="false"), "livemode"),
        (body_with(account=7), "account"),
        (body_with(api_version=7), "api_version"),
        (body_with(data=None), r"data\.object"),
        (body_with(data={"object": []}), r"data\.object"),
    ],
)
def test_a_signed_body_that_is_no_event_is_malformed(body: bytes, problem: str) -> None:
    with pytest.raises(MalformedEvent, match=problem):
        verify(body)


def test_a_thin_event_is_malformed_and_says_what_to_change() -> None:
    thin = {"id": "evt_1", "object": "v2.core.event", "type": "v1.billing.meter.error_report_triggered"}

    with pytest.raises(MalformedEvent, match="snapshot"):
        verify(json.dumps(thin).encode())


def test_what_the_database_cannot_store_is_replaced_and_the_event_kept() -> None:
    odd = body_about("charge.succeeded", {"id": "ch_1", "description": "a\0b \ud800 \U0001f600 é"})

    event = verify(json.dumps(odd).encode())

    assert event.body["data"]["object"]["description"] == "a\ufffdb \ufffd \U0001f600 é"


def refused(body: bytes, header: str) -> Exception:
    with pytest.raises((BadSignature, MalformedEvent)) as caught:
        verify(body, header)
    return caught.value


@pytest.mark.parametrize(
    ("body", "header"),
    [(BODY, "t=1,v1=aa"), (BODY[:-1], signed(BODY[:-1])), (b"\xff" + BODY, signed(b"\xff" + BODY))],
)
def test_a_refusal_holds_nothing_of_the_payload(body: bytes, header: str) -> None:
    refusal = refused(body, header)

    chain = [refusal, refusal.__cause__, refusal.__context__]
    assert not any("Canary" in repr(vars(error)) + repr(error.args) for error in chain if error is not None)


@pytest.mark.parametrize("secrets", [(), ("",), ("whsec_1", "  ")])
def test_a_verifier_without_secrets_is_refused(secrets: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="secrets"):
        StripeWebhookVerifier(secrets)
