"""`ports.signed_messages.SignatureChecker` after the Standard Webhooks scheme."""

from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from adapters.standard_webhooks.checker import StandardWebhookChecker
from ports.signed_messages import NotSigned, SignatureChecker
from tests.builders import NOW

OLD, NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
BODY = '{"type": "bounce", "reason": "Ærø"}'.encode()


@pytest.fixture
def checker() -> SignatureChecker:
    return StandardWebhookChecker([NEW, OLD])


def headers(body: bytes = BODY, *, secret: str = NEW, age: timedelta = timedelta()) -> dict[str, str]:
    """As the scheme's own package signs."""
    stamped_at = NOW - age
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(stamped_at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", stamped_at, body.decode()),
    }


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_any_of_the_secrets_may_have_signed(checker: SignatureChecker, secret: str) -> None:
    checker.check(BODY, headers(secret=secret), NOW)


def test_the_vector_of_the_specification_is_signed() -> None:
    """The example of github.com/standard-webhooks/standard-webhooks, libraries/python/tests."""
    signed = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    at = NOW.fromtimestamp(1614265330, tz=NOW.tzinfo)

    StandardWebhookChecker([OLD]).check(b'{"test": 2432232314}', signed, at)


def test_names_of_headers_have_no_case_and_several_signatures_may_stand_there(checker: SignatureChecker) -> None:
    given = headers()
    given["webhook-signature"] = f"v1a,nonsense v1,AAAA {given['webhook-signature']}"

    checker.check(BODY, {name.title(): value for name, value in given.items()}, NOW)


@pytest.mark.parametrize("seconds", [300, -300])
def test_a_stamp_of_five_minutes_is_taken(checker: SignatureChecker, seconds: int) -> None:
    checker.check(BODY, headers(age=timedelta(seconds=seconds)), NOW)


@pytest.mark.parametrize("seconds", [301, -301])
def test_an_older_or_later_stamp_is_a_replay(checker: SignatureChecker, seconds: int) -> None:
    with pytest.raises(NotSigned, match="301 s"):
        checker.check(BODY, headers(age=timedelta(seconds=seconds)), NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_2"},
        {"webhook-id": ""},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "9" * 30},
        {"webhook-timestamp": "-1"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,Ä"},
        {"webhook-signature": "v2,AAAA"},
        {"webhook-signature": "x" * 5000},
    ],
)
def test_altered_headers_are_not_signed(checker: SignatureChecker, changed: dict[str, str]) -> None:
    with pytest.raises(NotSigned):
        checker.check(BODY, headers() | changed, NOW)


@pytest.mark.parametrize("body", [BODY + b" ", b"", b"\xff"])
def test_an_altered_body_is_not_signed(checker: SignatureChecker, body: bytes) -> None:
    with pytest.raises(NotSigned):
        checker.check(body, headers(), NOW)


def test_another_secret_does_not_sign(checker: SignatureChecker) -> None:
    stranger = "whsec_" + "A" * 32

    with pytest.raises(NotSigned):
        checker.check(BODY, headers(secret=stranger), NOW)


def test_a_checker_without_secrets_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="secrets"):
        StandardWebhookChecker([])
