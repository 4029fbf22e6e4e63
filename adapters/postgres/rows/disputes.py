"""Rows of disputes and of the notes on them."""

from datetime import datetime
from typing import Any

from adapters.postgres.line import Row
from adapters.postgres.rows.tellings import dispute_telling_json, dispute_telling_of, movement_of
from adapters.postgres.rows.values import known_moment, moment
from domain.model.dispute_notes import DisputeNote
from domain.model.disputes import Dispute
from ports.dispute_repositories import DisputeRow, StandingDispute


def stored_dispute(
    firm_id: str, dispute: Dispute, updated_at: datetime, *, invoice_id: str | None, client_id: str | None
) -> dict[str, Any]:
    """A dispute as a row: its tellings, and what lists and sums are made from."""
    newest = dispute.newest
    return {
        "firm_id": firm_id,
        "id": dispute.id,
        "stripe_dispute_id": newest.stripe_dispute_id,
        "invoice_id": invoice_id,
        "client_id": client_id,
        "status": dispute.status,
        "stripe_status": newest.stripe_status,
        "is_inquiry": dispute.is_inquiry,
        "is_open": dispute.is_open,
        "reason": newest.reason,
        "network_reason_code": newest.network_reason_code,
        "brand": newest.brand,
        "currency": newest.currency,
        "amount_minor": newest.amount_minor,
        "opened_at": dispute.opened_at,
        "respond_by": dispute.respond_by,
        "closed_at": dispute.closed_at,
        "evidence_submitted_at": dispute.evidence_submitted_at,
        "stripe_charge_id": newest.stripe_charge_id,
        "stripe_payment_intent_id": newest.stripe_payment_intent_id,
        "accept_requested_at": dispute.accept_requested_at,
        "updated_at": updated_at,
        "tellings": [dispute_telling_json(telling) for telling in dispute.tellings],
        "movements": [vars(movement) for movement in dispute.movements],
    }


def dispute_of(row: Row) -> Dispute:
    """The dispute, made from its tellings."""
    return Dispute(
        id=row["id"],
        tellings=tuple(dispute_telling_of(told) for told in row["tellings"]),
        movements=tuple(movement_of(movement) for movement in row["movements"]),
        accept_requested_at=moment(row["accept_requested_at"]),
    )


def standing_dispute_of(row: Row) -> StandingDispute:
    """The dispute with its invoice."""
    return StandingDispute(dispute_of(row), row["invoice_id"])


def dispute_row_of(row: Row) -> DisputeRow:
    """The dispute for reading."""
    return DisputeRow(
        firm_id=row["firm_id"],
        dispute=dispute_of(row),
        invoice_id=row["invoice_id"],
        client_id=row["client_id"],
        notes_count=row["notes_count"],
        updated_at=known_moment(row["updated_at"]),
    )


def note_of(row: Row) -> DisputeNote:
    """A row as one version of a note."""
    return DisputeNote(
        id=row["id"],
        firm_id=row["firm_id"],
        dispute_id=row["dispute_id"],
        version=row["version"],
        body=row["body"],
        author=row["author"],
        created_at=known_moment(row["created_at"]),
        edited_by=row["edited_by"],
        edited_at=moment(row["edited_at"]),
    )
