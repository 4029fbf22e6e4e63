"""`ports.link_signer`: links that open what they were made for, and nothing else."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.links.signer import SignedLinks
from ports.link_signer import BadLink, CustomerLink

SIGNER = SignedLinks("a secret of the installation, long enough")
LINK = CustomerLink("frm_north", "inv_1", "pay", 0, datetime(2026, 3, 2, 9, tzinfo=UTC))


def test_a_token_opens_what_was_signed_expired_or_not() -> None:
    assert SIGNER.read(SIGNER.sign(LINK), "pay") == LINK
    assert SIGNER.read(SIGNER.sign(replace(LINK, serial=7)), "pay").serial == 7


def test_a_token_goes_into_an_address_as_it_is_and_is_short() -> None:
    long = replace(LINK, firm_id="frm_" + "x" * 24, invoice_id="inv_" + "y" * 24, serial=10**6)

    token = SIGNER.sign(long)

    assert len(token) <= 400
    assert all(character.isalnum() or character in "-_." for character in token)


def test_a_token_for_one_purpose_opens_no_other() -> None:
    with pytest.raises(BadLink):
        SIGNER.read(SIGNER.sign(LINK), "admin")


def test_another_installations_token_opens_nothing() -> None:
    with pytest.raises(BadLink):
        SignedLinks("another secret").read(SIGNER.sign(LINK), "pay")


@given(st.integers(min_value=0), st.characters())
def test_an_altered_token_opens_nothing_else(place: int, character: str) -> None:
    token = SIGNER.sign(LINK)
    at = place % len(token)
    altered = token[:at] + character + token[at + 1 :]

    with suppress(BadLink):  # the last character of a signature has bits that say nothing
        assert SIGNER.read(altered, "pay") == LINK


@given(st.text(max_size=600))
def test_what_is_no_token_opens_nothing(text: str) -> None:
    with pytest.raises(BadLink):
        SIGNER.read(text, "pay")


def test_two_links_of_other_times_are_other_tokens() -> None:
    assert SIGNER.sign(LINK) != SIGNER.sign(replace(LINK, expires_at=LINK.expires_at + timedelta(seconds=1)))
