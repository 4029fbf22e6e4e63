"""Rows of mails to customers."""

from dataclasses import asdict
from typing import Any

from adapters.postgres.line import Row
from adapters.postgres.rows.values import known_moment, moment
from domain.model.notices import Notice, NoticeStage, NoticeStatus


def notice_row(notice: Notice) -> dict[str, Any]:
    """A notice as a row."""
    return {**asdict(notice), "stage": notice.stage.value, "status": notice.status.value}


def notice_of(row: Row) -> Notice:
    """A row as a notice."""
    return Notice(
        id=row["id"],
        firm_id=row["firm_id"],
        client_id=row["client_id"],
        subject_id=row["subject_id"],
        stage=NoticeStage(row["stage"]),
        cause_key=row["cause_key"],
        status=NoticeStatus(row["status"]),
        created_at=known_moment(row["created_at"]),
        invoice_id=row["invoice_id"],
        language=row["language"],
        sent_at=moment(row["sent_at"]),
        reason=row["reason"],
    )
