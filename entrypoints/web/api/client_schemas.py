"""Clients and their cards as they come in and go out."""

import re
from functools import cache
from zoneinfo import available_timezones

import marshmallow as ma
from marshmallow import fields, validate

from entrypoints.web.api import shown
from entrypoints.web.api.countries import COUNTRIES
from entrypoints.web.api.fields import Accepted, Text
from entrypoints.web.api.lists import page_of
from entrypoints.web.api.shown import Shown
from entrypoints.web.api.stripe_ids import StripeId

_NAME_LENGTH = 200
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_PHONE = re.compile(r"[+]?[0-9 ()./-]{3,39}")


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known_timezone(name: str) -> None:
    if name not in _timezones():
        raise ma.ValidationError("Must be an IANA time zone, such as Europe/Berlin.")


def _known_country(code: str) -> None:
    if code not in COUNTRIES:
        raise ma.ValidationError("Must be a country's two upper-case letters, such as DE (ISO 3166).")


def _text(longest: int, description: str, example: str) -> Text:
    return Text(longest=longest, allow_none=True, metadata={"description": description, "example": example})


def _matching(pattern: re.Pattern[str], wanted: str, longest: int, description: str, example: str) -> Text:
    return Text(
        longest=longest,
        allow_none=True,
        validate=[validate.Regexp(re.compile(pattern.pattern + r"\Z"), error=wanted)],
        metadata={"description": description, "example": example},
    )


class NewAddressSchema(Accepted):
    """A postal address that is given."""

    line1 = _text(_NAME_LENGTH, "Street and number, or a box.", "Hauptstraße 1")
    line2 = _text(_NAME_LENGTH, "Floor, building.", "2. Stock")
    city = _text(_NAME_LENGTH, "City.", "Berlin")
    state = _text(_NAME_LENGTH, "State, county, province.", "Berlin")
    postal_code = _text(32, "Postal code.", "10115")
    country = Text(
        longest=2,
        allow_none=True,
        validate=[_known_country],
        metadata={"description": "ISO 3166 code, two upper-case letters.", "example": "DE"},
    )


class _ClientFields(Accepted):
    email = Text(
        longest=254,
        allow_none=True,
        validate=[validate.Email(error="Must be an e-mail address.")],
        metadata={"description": "Where notices go.", "example": "billing@acme.example", "format": "email"},
    )
    phone = _matching(
        _PHONE, "Must be a telephone number: digits, spaces and + ( ) . / -.", 40, "Telephone.", "+49 30 1234567"
    )
    locale = _matching(_LOCALE, "Must be a language tag, such as en or de-CH.", 35, "Language of notices.", "de-CH")
    timezone = Text(
        longest=64,
        allow_none=True,
        validate=[_known_timezone],
        metadata={"description": "IANA time zone.", "example": "Europe/Berlin"},
    )
    address = fields.Nested(
        NewAddressSchema,
        allow_none=True,
        metadata={"description": "Postal address. It is replaced as a whole; null removes it."},
    )
    stripe_customer_id = StripeId("cus_", "The same customer at Stripe. At most one client has it.")


class NewClientSchema(_ClientFields):
    """A client that is to be made."""

    company_name = Text(
        longest=_NAME_LENGTH, required=True, metadata={"description": "Whom invoices go to.", "example": "Acme GmbH"}
    )


class ClientChangesSchema(_ClientFields):
    """Fields of a client that are to be replaced; the others stay. null empties a field."""

    company_name = Text(longest=_NAME_LENGTH, metadata={"description": "Whom invoices go to.", "example": "Acme GmbH"})


class AddressSchema(Shown):
    """A postal address."""

    line1 = shown.text("Street and number, or a box.", "Hauptstraße 1", nullable=True)
    line2 = shown.text("Floor, building.", "2. Stock", nullable=True)
    city = shown.text("City.", "Berlin", nullable=True)
    state = shown.text("State, county, province.", "Berlin", nullable=True)
    postal_code = shown.text("Postal code.", "10115", nullable=True)
    country = shown.text("ISO 3166 code.", "DE", nullable=True)


class ClientSchema(Shown):
    """A customer of the firm."""

    id = shown.text("Ours.", "cli_7Jq2mX9LzK4tVw8RbYpD3n")
    firm_id = shown.text("Whose client it is.", "frm_5Hs8dF2kLq9ZxW3mTyVbN6")
    company_name = shown.text("Whom invoices go to.", "Acme GmbH")
    email = shown.text("Where notices go.", "billing@acme.example", nullable=True)
    phone = shown.text("Telephone.", "+49 30 1234567", nullable=True)
    locale = shown.text("Language of notices.", "de-CH", nullable=True)
    timezone = shown.text("IANA time zone.", "Europe/Berlin", nullable=True)
    address = fields.Nested(AddressSchema, required=True)
    stripe_customer_id = shown.text("The same customer at Stripe.", "cus_1PgafmB7WZ01zgkW", nullable=True)
    email_bad_at = shown.instant(
        "When mail to the address came back for good or was complained of; another `email` clears it.", nullable=True
    )
    email_bad_reason = shown.text("What became of that mail.", "bounced (550 5.1.1)", nullable=True)
    created_at = shown.instant("When it was made.")
    updated_at = shown.instant("When it was last changed.")
    erased_at = shown.instant("When its personal data was erased; nothing can be changed since.", nullable=True)


class PaymentMethodSchema(Shown):
    """A card of the client, as Stripe has it now."""

    stripe_payment_method_id = shown.text("Stripe's id.", "pm_1PgafmB7WZ01zgkW")
    brand = shown.text("As Stripe spells it; null for what is no card.", "visa", nullable=True)
    last4 = shown.text("The last four digits.", "4242", nullable=True)
    exp_month = shown.number("1 to 12.", 12, nullable=True)
    exp_year = shown.number("Four digits.", 2030, nullable=True)
    is_default = shown.flag("Whether automatic charges use it.")
    backup_rank = shown.number("Its place among the backup cards; null for none.", 1, nullable=True)
    health = shown.choice(
        "`expiring`: within 30 days; its last day is the last of `exp_month`, in UTC.", ["ok", "expiring", "expired"]
    )


ClientPageSchema = page_of(ClientSchema, "ClientPage")
PaymentMethodPageSchema = page_of(PaymentMethodSchema, "PaymentMethodPage")
