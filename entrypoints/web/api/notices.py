"""Mails to customers: which were sent, and why others were not."""

from collections.abc import Mapping
from typing import Any

from domain.model.firms import Scope
from domain.model.notices import Notice, NoticeStage, NoticeStatus
from domain.services import reading
from entrypoints.web.api import shown
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.api.fields import Choice, Text
from entrypoints.web.api.lists import ListQuery, page_of, page_request
from entrypoints.web.api.shown import Shown
from entrypoints.web.application import ports
from entrypoints.web.authentication import caller
from ports.notice_repositories import NoticeFilter
from ports.repositories import Page

blueprint = ApiBlueprint("notices", path="/notices", description="Mails to customers.")

_STATUSES = [status.value for status in NoticeStatus]
_STAGES = [stage.value for stage in NoticeStage]


class NoticeQuery(ListQuery):
    """Which notices to list."""

    status = Choice(_STATUSES, metadata={"description": "Only in this status."})
    stage = Choice(_STAGES, metadata={"description": "Only of this stage."})
    client_id = Text(longest=64, metadata={"description": "Only to this client."})
    invoice_id = Text(longest=64, metadata={"description": "Only about this invoice."})


class NoticeSchema(Shown):
    """One mail to a customer, or why there was none. What is still to come is in the outbox."""

    id = shown.text("Ours; it is in the mail's Message-ID.", "ntc_8Gh2kL5mNp7QrS3tVw9XyZ")
    client_id = shown.text("To whom.", "cli_7Jq2mX9LzK4tVw8RbYpD3n")
    invoice_id = shown.text("The invoice that it is about.", "inv_3Kd8vT5bNq1XyZ7WcRmF2h", nullable=True)
    subject_id = shown.text("What it is about: the invoice, or a card.", "inv_3Kd8vT5bNq1XyZ7WcRmF2h")
    stage = shown.choice("What it says.", _STAGES)
    cause = shown.text(
        "The failure, payment, dispute or date that it tells of: there is one notice for each.",
        "ch_3PgafmB7WZ01zgkW",
        attribute="cause_key",
    )
    status = shown.choice(
        "`sending`: it left or is about to, and is sent again under the same Message-ID when nobody knows. `skipped`: "
        "not sent, for the reason given. `refused`: the mail server did not take it.",
        _STATUSES,
    )
    language = shown.text("The language that it is in.", "de-AT", nullable=True)
    created_at = shown.instant("When it was first about to be sent.")
    sent_at = shown.instant("When the mail server took it.", nullable=True)
    reason = shown.text("Why it was not sent.", "The client has no e-mail address.", nullable=True)


NoticePageSchema = page_of(NoticeSchema, "NoticePage")


@blueprint.operation(
    "GET", "", Answer(200, NoticePageSchema, "Notices, newest first."), scope=Scope.READ, query=NoticeQuery
)
def list_notices(query: Mapping[str, Any]) -> Page[Notice]:
    """List mails to customers, newest first."""
    wanted = NoticeFilter(
        status=query.get("status"),
        stage=query.get("stage"),
        client_id=query.get("client_id"),
        invoice_id=query.get("invoice_id"),
    )
    return reading.list_notices(ports(), caller().firm_id, wanted, page_request(query))
