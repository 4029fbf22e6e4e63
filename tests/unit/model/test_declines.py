"""What a decline means. Expected values: design.md 5, contract.md (Invoice), stripe-facts 5."""

import pytest

from domain.model.declines import FAILURE_REASONS, DeclineCodes, FailureCode, Verdict, advise, fold

ISSUER_SAYS_NO = "do_not_try_again"
ISSUER_SAYS_LATER = "try_again_later"


@pytest.mark.parametrize(
    ("code", "decline_code", "folded"),
    [
        ("card_declined", "generic_decline", FailureCode.CARD_DECLINED),
        ("card_declined", "insufficient_funds", FailureCode.INSUFFICIENT_FUNDS),
        ("card_declined", "stolen_card", FailureCode.CARD_DECLINED),
        ("expired_card", "expired_card", FailureCode.EXPIRED_CARD),
        ("expired_card", None, FailureCode.EXPIRED_CARD),
        ("incorrect_cvc", "incorrect_cvc", FailureCode.INCORRECT_CVC),
        ("processing_error", None, FailureCode.PROCESSING_ERROR),
        ("authentication_required", "authentication_required", FailureCode.AUTHENTICATION_REQUIRED),
        ("card_declined", "authentication_required", FailureCode.AUTHENTICATION_REQUIRED),
        (None, "insufficient_funds", FailureCode.INSUFFICIENT_FUNDS),
    ],
)
def test_the_more_telling_code_is_shown(code: str | None, decline_code: str | None, folded: FailureCode) -> None:
    assert fold(code, decline_code) is folded


@pytest.mark.parametrize("code", [None, "", "a_code_of_next_year"])
def test_what_nobody_knows_is_a_plain_decline(code: str | None) -> None:
    assert fold(code, code) is FailureCode.CARD_DECLINED


@pytest.mark.parametrize("code", ["network_error", "payment_method_missing"])
def test_our_own_codes_never_come_from_stripe(code: str) -> None:
    assert fold(code, code) is FailureCode.CARD_DECLINED


def test_the_codes_are_the_seven_of_the_brief_and_the_missing_method() -> None:
    of_the_brief = {
        "card_declined",
        "insufficient_funds",
        "expired_card",
        "incorrect_cvc",
        "processing_error",
        "authentication_required",
        "network_error",
    }

    assert {code.value for code in FailureCode} == {*of_the_brief, "payment_method_missing"}


def test_every_code_has_a_reason_in_words() -> None:
    assert set(FAILURE_REASONS) == set(FailureCode)


@pytest.mark.parametrize(
    "decline_code",
    [
        "incorrect_number",
        "lost_card",
        "pickup_card",
        "stolen_card",
        "revocation_of_authorization",
        "revocation_of_all_authorizations",
        "highest_risk_level",
    ],
)
def test_a_card_that_stripe_billing_would_not_retry_is_never_tried_again(decline_code: str) -> None:
    assert advise(DeclineCodes("card_declined", decline_code)).verdict is Verdict.NEVER


@pytest.mark.parametrize("decline_code", [None, "generic_decline", "insufficient_funds", "a_code_of_next_year"])
def test_any_other_decline_may_be_tried_again(decline_code: str | None) -> None:
    assert advise(DeclineCodes("card_declined", decline_code)).verdict is Verdict.RETRYABLE


@pytest.mark.parametrize(
    ("code", "decline_code"),
    [
        ("authentication_required", None),
        ("card_declined", "authentication_required"),
        ("authentication_required", "authentication_required"),
        ("card_declined", "authentication_not_handled"),
        ("payment_intent_authentication_failure", None),
    ],
)
def test_authentication_needs_a_person(code: str, decline_code: str | None) -> None:
    assert advise(DeclineCodes(code, decline_code)).verdict is Verdict.NEEDS_CUSTOMER


def test_authentication_needs_a_person_even_when_the_issuer_says_later() -> None:
    codes = DeclineCodes("authentication_required", "authentication_required", ISSUER_SAYS_LATER)

    assert advise(codes).verdict is Verdict.NEEDS_CUSTOMER


def test_the_issuers_no_outranks_a_harmless_decline_code() -> None:
    codes = DeclineCodes("card_declined", "insufficient_funds", ISSUER_SAYS_NO)

    assert advise(codes).verdict is Verdict.NEVER


def test_the_issuers_no_outranks_a_wish_for_authentication() -> None:
    codes = DeclineCodes("authentication_required", "authentication_required", ISSUER_SAYS_NO)

    assert advise(codes).verdict is Verdict.NEVER


def test_the_issuers_later_outranks_the_decline_code() -> None:
    assert advise(DeclineCodes("card_declined", "pickup_card", ISSUER_SAYS_LATER)).verdict is Verdict.RETRYABLE


def test_the_issuers_later_outranks_the_network() -> None:
    codes = DeclineCodes("card_declined", None, ISSUER_SAYS_LATER, network_decline_code="04", brand="visa")

    assert advise(codes).verdict is Verdict.RETRYABLE


def test_the_network_outranks_a_harmless_decline_code() -> None:
    codes = DeclineCodes("card_declined", "generic_decline", network_decline_code="43", brand="visa")

    assert advise(codes).verdict is Verdict.NEVER


@pytest.mark.parametrize("advice", ["03", "21"])
def test_mastercards_never_again_is_kept(advice: str) -> None:
    codes = DeclineCodes("card_declined", "generic_decline", network_advice_code=advice, brand="mastercard")

    assert advise(codes).verdict is Verdict.NEVER


def test_one_networks_code_means_nothing_on_another_networks_card() -> None:
    codes = DeclineCodes("card_declined", None, network_decline_code="43", network_advice_code="03", brand="amex")

    assert advise(codes).verdict is Verdict.RETRYABLE


@pytest.mark.parametrize(
    ("codes", "word"),
    [
        (DeclineCodes("card_declined", "insufficient_funds", ISSUER_SAYS_NO), "do_not_try_again"),
        (DeclineCodes("card_declined", "insufficient_funds", ISSUER_SAYS_LATER), "try_again_later"),
        (DeclineCodes("card_declined", "stolen_card"), "stolen_card"),
        (DeclineCodes("card_declined", "insufficient_funds"), "insufficient_funds"),
        (DeclineCodes("card_declined", None, network_decline_code="43", brand="visa"), "43"),
        (DeclineCodes(None, "authentication_required"), "authenticate"),
    ],
)
def test_the_reason_names_what_decided(codes: DeclineCodes, word: str) -> None:
    assert word in advise(codes).reason
