"""Notices beyond their contract: what older versions stored, and what the schema refuses."""

from datetime import timedelta

import psycopg
import pytest

from adapters.postgres.unit_of_work import SqlUnitOfWork
from domain.model.notices import Notice, NoticeStatus
from domain.model.policies import Policy
from tests.builders import FIRM_ID, NOW
from tests.notice_builders import a_kept_notice
from tests.storage import in_firm


def test_a_policy_stored_before_there_were_notices_has_their_default(uow: SqlUnitOfWork, database_url: str) -> None:
    with psycopg.connect(database_url) as owner:
        owner.execute("SELECT set_config('dunlin.scope', 'system', true)")
        owner.execute("UPDATE firms SET policy = '{\"retry_delays_days\": [1, 2]}'")

    firm = in_firm(uow, lambda tx: tx.firms.get(FIRM_ID))

    assert firm is not None
    assert firm.policy == Policy((1, 2))


@pytest.mark.parametrize(
    "impossible",
    [
        a_kept_notice(status=NoticeStatus.SENT),
        a_kept_notice(status=NoticeStatus.SKIPPED, sent_at=NOW + timedelta(seconds=1)),
    ],
    ids=["sent at no time", "skipped and sent"],
)
def test_a_notice_has_a_time_of_sending_if_it_was_sent(uow: SqlUnitOfWork, impossible: Notice) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        in_firm(uow, lambda tx: tx.notices.save(impossible))
