"""How long the summary of a hundred thousand disputes takes among a million, on the plan that is printed with it."""

import math
import statistics
import time
from collections.abc import Iterator

import psycopg
import pytest

from adapters.postgres.repositories.dispute_summary import ROOM, summary_statement
from adapters.postgres.unit_of_work import SqlUnitOfWork
from ports.dispute_repositories import GroupBy, SummaryRequest
from tests.builders import FIRM_ID, NOW, days

pytestmark = pytest.mark.benchmark

DISPUTES = 1_000_000
FIRMS = 10
CLIENTS_OF_FIRM = 2_000
CALLS = 200
LIMIT_SECONDS = 0.1

# Every tenth dispute is our firm's, between those of the others, as they come in over three years. A client pays in one
# currency.
FIRMS_AND_CLIENTS = f"""
INSERT INTO firms SELECT CASE n WHEN 0 THEN '{FIRM_ID}' ELSE 'frm_' || n END, 'Firm', '', '{{}}', now()
FROM generate_series(0, {FIRMS - 1}) n;
INSERT INTO clients (firm_id, id, company_name, address, created_at, updated_at)
SELECT firm_id, 'cli_' || n, 'Client', '{{}}', now(), now() FROM firms, generate_series(1, {CLIENTS_OF_FIRM}) n;
INSERT INTO invoices (firm_id, id, client_id, number, currency, amount_due, autopay, created_at, status, amount_paid,
                      amount_refunded, amount_disputed, payment_retry_count, version, updated_at)
SELECT firm_id, 'inv_of_' || id, id, id, 'usd', 5000, true, now(), 'draft', 0, 0, 0, 0, 0, now() FROM clients;
"""
ALL_DISPUTES = f"""
SELECT setseed(0.5);
INSERT INTO disputes (firm_id, id, stripe_dispute_id, invoice_id, client_id, status, stripe_status, is_inquiry, is_open,
                      reason, brand, currency, amount_minor, opened_at, respond_by, closed_at, stripe_charge_id,
                      updated_at, tellings, movements)
SELECT CASE n % {FIRMS} WHEN 0 THEN '{FIRM_ID}' ELSE 'frm_' || n % {FIRMS} END,
       'dsp_' || md5(n::text), 'dp_' || n, 'inv_of_' || client_id, client_id, status,
       CASE status WHEN 'opened' THEN 'needs_response' WHEN 'closed' THEN 'warning_closed' ELSE status END,
       status = 'closed', is_open, reason, brand, currency, amount_minor, opened_at, opened_at + interval '9 days',
       CASE WHEN NOT is_open THEN opened_at + interval '40 days' END, 'ch_' || n, opened_at, '[{{}}]', '[]'
FROM (
    SELECT n, 'cli_' || client AS client_id,
           status, status IN ('opened', 'under_review') AS is_open,
           (ARRAY['fraudulent', 'product_not_received', 'duplicate', 'general', NULL])[ceil(random() * 5)] AS reason,
           (ARRAY['visa', 'mastercard', 'amex', NULL])[ceil(random() * 4)] AS brand,
           (ARRAY['usd', 'eur', 'gbp'])[1 + client % 3] AS currency,
           ceil(random() * 100000) AS amount_minor,
           timestamptz '{NOW.isoformat()}' - interval '1 minute' * (n * 1.577) AS opened_at
    FROM (SELECT n, (ARRAY['won', 'lost', 'opened', 'under_review', 'closed'])[ceil(random() * 5)] AS status,
                 ceil(random() * {CLIENTS_OF_FIRM})::integer AS client
          FROM generate_series(1, {DISPUTES}) n) numbered
) made
"""
REQUESTS = [
    SummaryRequest(opened_from, opened_before, group_by)
    for group_by in (None, *GroupBy)
    for opened_from in (None, NOW - days(365))
    for opened_before in (None, NOW - days(30))
]


@pytest.fixture(scope="module")
def uow(database_url: str) -> Iterator[SqlUnitOfWork]:
    """A million disputes, with the statistics and the visibility map that autovacuum sees to in real life."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SELECT set_config('dunlin.scope', 'system', false)")
        connection.execute(FIRMS_AND_CLIENTS.encode())
        connection.execute(ALL_DISPUTES.encode())
        connection.execute("VACUUM ANALYZE")
    uow = SqlUnitOfWork(database_url)
    yield uow
    uow.close()


def test_the_summary_of_a_hundred_thousand_disputes_among_a_million(uow: SqlUnitOfWork) -> None:
    timed = [seconds_for(uow, REQUESTS[call % len(REQUESTS)]) for call in range(CALLS)]

    print()
    for group_by in (None, *GroupBy):
        seconds = [taken for request, taken in timed if request.group_by is group_by]
        print(f"  summary by {group_by or 'nothing':<10} {in_words(seconds)}")
    print(f"  all of the firm's     {in_words(whole := [taken for request, taken in timed if is_whole(request)])}")
    print(f"  all {CALLS} calls         {in_words([taken for _, taken in timed])}")
    for line in plan(uow):
        print(f"  {line}")
    assert p95(whole) < LIMIT_SECONDS
    assert "Index Only Scan using disputes_newest_first" in "\n".join(plan(uow))


def seconds_for(uow: SqlUnitOfWork, request: SummaryRequest) -> tuple[SummaryRequest, float]:
    """One call through the port, its transaction included."""
    started = time.perf_counter()
    with uow.firm(FIRM_ID) as tx:
        lines = tx.disputes.summary(request)
        tx.commit()
    seconds = time.perf_counter() - started
    assert not is_whole(request) or sum(sum(line.counts.values()) for line in lines) == DISPUTES // FIRMS
    return request, seconds


def is_whole(request: SummaryRequest) -> bool:
    return request.opened_from is None and request.opened_before is None


def in_words(seconds: list[float]) -> str:
    return f"p50 {statistics.median(seconds) * 1000:6.1f} ms   p95 {p95(seconds) * 1000:6.1f} ms"


def p95(seconds: list[float]) -> float:
    return sorted(seconds)[math.ceil(len(seconds) * 0.95) - 1]


def plan(uow: SqlUnitOfWork) -> list[str]:
    """How PostgreSQL answers by month, as the application's role."""
    with uow.firm(FIRM_ID) as tx:
        line = tx._line  # type: ignore[attr-defined]
        line.ask(ROOM, {})
        statement = summary_statement(SummaryRequest(group_by=GroupBy.MONTH)).within(line.scope)
        rows = line.ask(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", {"firm": FIRM_ID})
    return [row["QUERY PLAN"] for row in rows]
