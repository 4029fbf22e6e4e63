"""The outbox: what is to happen later, and what did."""

from collections.abc import Mapping
from typing import Any

from domain.model.disputes import dispute_id
from domain.model.firms import Scope
from domain.model.outbox import OutboxItem, OutboxKind, OutboxStatus
from domain.services import reading
from entrypoints.web.api import shown
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.api.fields import Choice, Text
from entrypoints.web.api.lists import ListQuery, page_of, page_request
from entrypoints.web.api.shown import Shown
from entrypoints.web.application import ports
from entrypoints.web.authentication import caller
from ports.repositories import OutboxFilter, Page

blueprint = ApiBlueprint("outbox", path="/outbox", description="What is to happen later, and what did.")

_STATUSES = [status.value for status in OutboxStatus]
_KINDS = [kind.value for kind in OutboxKind]


class OutboxQuery(ListQuery):
    """Which rows to list."""

    status = Choice(_STATUSES, metadata={"description": "Only in this status."})
    kind = Choice(_KINDS, metadata={"description": "Only of this kind."})
    invoice_id = Text(longest=64, metadata={"description": "Only about this invoice."})
    dispute_id = Text(longest=64, metadata={"description": "Only about this dispute, by our id or Stripe's."})


class OutboxRowSchema(Shown):
    """One thing to do."""

    id = shown.text("Ours.", "out_2Lp7kJh4GfDs1AqZ9WxEc6")
    kind = shown.choice(
        "What is to be done. `collect`, `retry`, `run_attempt`: charge. `settle`, `poll_pending`: find out what became "
        "of a charge. `match_events`, `apply_policy`, `backfill`, `reconcile`: upkeep. `alert`: tell the staff. "
        "`refund`: give money back. `dispute_deadline`: remind of a deadline. `accept_dispute`: concede a dispute. "
        "`notice`: write to the customer. `host_webhook`: tell the host application.",
        _KINDS,
    )
    invoice_id = shown.text("The invoice that it is about.", "inv_3Kd8vT5bNq1XyZ7WcRmF2h", nullable=True)
    dispute_id = shown.text("The dispute that it is about.", "dsp_6Yt5rEw2QaSd8FgHj3KlZx", nullable=True)
    due_at = shown.instant("When.")
    status = shown.choice("Where it stands; `held` waits for a person.", _STATUSES)
    tries = shown.number("How often it was begun.", 0)
    last_error = shown.text("Why it did not come to an end.", "Stripe did not answer.", nullable=True)


OutboxPageSchema = page_of(OutboxRowSchema, "OutboxPage")


@blueprint.operation(
    "GET", "", Answer(200, OutboxPageSchema, "Rows, newest first."), scope=Scope.READ, query=OutboxQuery
)
def list_outbox(query: Mapping[str, Any]) -> Page[OutboxItem]:
    """List what is to happen later, and what did, newest first."""
    firm_id, about = caller().firm_id, query.get("dispute_id")
    wanted = OutboxFilter(
        status=query.get("status"),
        kind=query.get("kind"),
        invoice_id=query.get("invoice_id"),
        dispute_id=about if about is None or about.startswith("dsp_") else dispute_id(firm_id, about),
    )
    return reading.list_outbox(ports(), firm_id, wanted, page_request(query))
