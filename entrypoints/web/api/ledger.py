"""The ledger: every movement of money, as a list or as an accountant's file."""

from collections.abc import Mapping
from typing import Any

from flask import Response

from domain.model.firms import Scope
from domain.model.ledger import EntryKind
from domain.services.dispute_desk import list_ledger as read_ledger
from entrypoints.web.api import shown
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.api.fields import Choice, Text, supported_currency
from entrypoints.web.api.ledger_csv import ledger_file
from entrypoints.web.api.lists import ListQuery, page_of, page_request
from entrypoints.web.api.shown import Shown
from entrypoints.web.api.spans import span, span_from, span_to
from entrypoints.web.application import ports
from entrypoints.web.authentication import caller
from ports.dispute_repositories import LedgerFilter, LedgerLine
from ports.repositories import Page

blueprint = ApiBlueprint("ledger", path="/ledger", description="Every movement of money, booked once and for good.")

_KINDS = [kind.value for kind in EntryKind]


class LedgerQuery(ListQuery):
    """Which entries to list."""

    kind = Choice(_KINDS, metadata={"description": "Only of this kind."})
    invoice_id = Text(longest=64, metadata={"description": "Only of this invoice."})
    currency = Text(longest=8, validate=[supported_currency], metadata={"description": "Only in this currency."})
    span_from = span_from("Only what happened")
    span_to = span_to("Only what happened")
    format = Choice(
        ["json", "csv"],
        load_default="json",
        metadata={
            "description": "`csv`: a file with all entries that are asked for, whatever `limit` and `cursor` say.",
            "example": "json",
        },
    )


class LedgerEntrySchema(Shown):
    """One movement of money."""

    stripe_id = shown.text(
        "What moved it at Stripe: the charge, the refund, or a dispute's balance transaction. Unique with `kind`.",
        "ch_3PgafmB7WZ01zgkW",
        attribute="entry.stripe_id",
    )
    kind = shown.choice("What moved.", _KINDS, attribute="entry.kind")
    amount = shown.number(
        "In minor units of the currency; positive when money came to the firm.", 12900, attribute="entry.amount_minor"
    )
    currency = shown.text("Lower-case ISO code.", "eur", attribute="entry.currency")
    occurred_at = shown.instant("When it happened, as far as is known by now.", attribute="entry.occurred_at")
    recorded_at = shown.instant("When it was booked.")
    subject_id = shown.text(
        "The charge, refund or dispute at Stripe that it belongs to.",
        "ch_3PgafmB7WZ01zgkW",
        attribute="entry.subject_id",
    )
    invoice_id = shown.text("The invoice.", "inv_3Kd8vT5bNq1XyZ7WcRmF2h")
    invoice_number = shown.text("Its number.", "2026-000417")
    client_id = shown.text("Whose invoice it is.", "cli_7Jq2mX9LzK4tVw8RbYpD3n")


LedgerPageSchema = page_of(LedgerEntrySchema, "LedgerPage")


@blueprint.operation(
    "GET",
    "",
    Answer(200, LedgerPageSchema, "Entries, newest first.", is_file_too=True),
    scope=Scope.READ,
    query=LedgerQuery,
)
def list_ledger(query: Mapping[str, Any]) -> Page[LedgerLine] | Response:
    """List the ledger, newest first; `format=csv` gives a file for accountants.

    The file has decimal amounts with the currency's own places, UTF-8 with a byte order mark, and lines that end in
    CRLF. Text that a spreadsheet would take for a formula begins with an apostrophe in it.
    """
    occurred_from, occurred_before = span(query)
    wanted = LedgerFilter(
        kind=query.get("kind"),
        invoice_id=query.get("invoice_id"),
        currency=query.get("currency"),
        occurred_from=occurred_from,
        occurred_before=occurred_before,
    )
    if query["format"] == "csv":
        return ledger_file(ports(), caller().firm_id, wanted)
    return read_ledger(ports(), caller().firm_id, wanted, page_request(query))
