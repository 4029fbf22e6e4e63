"""The audit log under the hands of whoever owns the tables: what is done to sealed rows is found every time."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory.checkpoints import MemoryCheckpoints
from adapters.postgres.unit_of_work import SqlUnitOfWork
from domain.model.seal_checks import Damage
from tests.builders import FIRM_ID, OTHER_FIRM_ID
from tests.sealing import SealedLog
from tests.storage import empty_tables, with_two_firms

Owner = psycopg.Connection[Any]

IN_SEALS = 4
"""So many seals, each over so many rows, are in the log of each firm before it is tampered with."""


@pytest.fixture
def log(uow: SqlUnitOfWork) -> SealedLog:
    """Two firms' logs, sealed, and a row that waits to be sealed."""
    return sealed_log(uow)


def sealed_log(uow: SqlUnitOfWork) -> SealedLog:
    log = SealedLog(uow)
    for _ in range(IN_SEALS):
        log.write(IN_SEALS)
        log.write(2, firm_id=OTHER_FIRM_ID)
        log.seal_all()
        log.seal_all(firm_id=OTHER_FIRM_ID)
    assert (log.verdict().finding, log.verdict().sealed_count) == (None, IN_SEALS**2)
    return log


@pytest.fixture
def owner(database_url: str) -> Iterator[Owner]:
    """A connection of the tables' owner, who sees every firm's rows."""
    with owning(database_url) as connection:
        yield connection


def owning(database_url: str) -> Owner:
    connection = psycopg.connect(database_url, autocommit=True)
    connection.execute("SELECT set_config('dunlin.scope', 'system', false)")
    return connection


def position(owner: Owner, seal_number: int, place: int) -> int:
    """Where the row is that was sealed in that seal, in that place from 0."""
    (found,) = owner.execute(
        "SELECT position FROM audit_seal_entries WHERE firm_id = %s AND seal_number = %s ORDER BY 1 OFFSET %s LIMIT 1",
        [FIRM_ID, seal_number, place],
    ).fetchone() or (None,)
    assert found is not None
    return int(found)


def damage(log: SealedLog) -> Damage | None:
    finding = log.verdict().finding
    return finding.damage if finding else None


COLUMNS = {
    "id": "'aud_forged'",
    "action": "'payment_succeeded'",
    "severity": "'INFO'",
    "subject_type": "'nothing'",
    "subject_id": "'inv_other'",
    "invoice_id": "NULL",
    "actor": "'stripe'",
    "summary": "summary || ' '",
    "metadata": """'{"amount_minor":5001,"currency":"usd"}'""",
    "created_at": "created_at + interval '1 microsecond'",
    "transaction": "pg_current_xact_id()",
}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_column_of_a_sealed_row_is_found(log: SealedLog, owner: Owner, column: str) -> None:
    at = position(owner, 2, 1)
    owner.execute(f"UPDATE audit_events SET {column} = {COLUMNS[column]} WHERE position = {at}".encode())

    finding = log.verdict().finding

    assert finding is not None
    assert (finding.damage, finding.seal_number, finding.position) == (Damage.ROW_CHANGED, 2, at)


@pytest.mark.parametrize("text", ['{"currency":"usd","amount_minor":5000}', '{"amount_minor":1,"amount_minor":5000}'])
def test_metadata_is_held_to_the_letter(log: SealedLog, owner: Owner, text: str) -> None:
    owner.execute("UPDATE audit_events SET metadata = %s WHERE position = %s", [text, position(owner, 1, 0)])

    assert damage(log) is Damage.ROW_CHANGED


@pytest.mark.parametrize("time", ["infinity", "-infinity", "20000-01-01Z", "0100-01-01 BC"])
def test_a_time_that_no_calendar_of_ours_has_is_found(log: SealedLog, owner: Owner, time: str) -> None:
    owner.execute("UPDATE audit_events SET created_at = %s WHERE position = %s", [time, position(owner, 3, 0)])

    assert damage(log) is Damage.ROW_CHANGED


@pytest.mark.parametrize(("seal_number", "place"), [(1, 0), (2, 2), (IN_SEALS, IN_SEALS - 1)])
def test_a_deleted_row_is_found_wherever_it_was(log: SealedLog, owner: Owner, seal_number: int, place: int) -> None:
    at = position(owner, seal_number, place)
    owner.execute("DELETE FROM audit_events WHERE position = %s", [at])

    finding = log.verdict().finding

    assert finding is not None
    assert (finding.damage, finding.seal_number, finding.position) == (Damage.ROW_MISSING, seal_number, at)


INSERT = """
INSERT INTO audit_events OVERRIDING SYSTEM VALUE
SELECT firm_id, {position}, {transaction}, 'aud_forged', action, severity, subject_type, subject_id, invoice_id, actor,
       summary, metadata, {created_at}
FROM audit_events WHERE position = {at}
"""


@pytest.mark.parametrize(
    ("place", "transaction", "created_at"),
    [
        ("position + 1000000", "transaction", "created_at"),
        ("-5", "transaction", "created_at"),
        ("position + 1000000", "'3'::xid8", "created_at + interval '1 second'"),
        ("position + 1000000", "pg_current_xact_id()", "created_at - interval '2 hours'"),
        ("position + 1000000", "pg_current_xact_id()", "created_at - interval '2 years'"),
        ("position + 1000000", "pg_current_xact_id()", "'infinity'"),
    ],
)
def test_a_row_inserted_among_sealed_ones_is_found_also_once_it_is_sealed(
    log: SealedLog, owner: Owner, place: str, transaction: str, created_at: str
) -> None:
    at = position(owner, 2, 1)
    forged = INSERT.format(position=place, transaction=transaction, created_at=created_at, at=at)
    owner.execute(forged.encode())

    first = damage(log)
    log.write()
    log.seal()

    assert first in {Damage.ROW_INSERTED, Damage.ROW_BACKDATED}
    assert damage(log) == first


def test_a_second_row_at_a_position_is_refused(log: SealedLog, owner: Owner) -> None:
    at = position(owner, 2, 1)
    twin = INSERT.format(position="position", transaction="transaction", created_at="created_at + '1s'", at=at)

    with pytest.raises(psycopg.errors.UniqueViolation):
        owner.execute(twin.encode())


@pytest.mark.parametrize("column", ["created_at", "transaction", "summary", "id"])
def test_rows_that_exchanged_a_column_are_found(log: SealedLog, owner: Owner, column: str) -> None:
    one, other = position(owner, 2, 0), position(owner, 3, 1)
    owner.execute(
        f"""UPDATE audit_events a SET {column} = b.{column} FROM audit_events b
            WHERE (a.position, b.position) IN (({one}, {other}), ({other}, {one}))""".encode()
    )

    assert damage(log) is Damage.ROW_CHANGED


def test_rows_that_exchanged_positions_are_found(log: SealedLog, owner: Owner) -> None:
    one, other = position(owner, 2, 0), position(owner, 3, 1)
    move = "ALTER TABLE audit_events ALTER position DROP IDENTITY"
    swap = "UPDATE audit_events SET position = %s WHERE position = %s"
    restart = "ALTER TABLE audit_events ALTER position ADD GENERATED ALWAYS AS IDENTITY (START 1000000)"
    with owner.transaction():
        owner.execute(move)
        for to, at in [(-1, one), (one, other), (other, -1)]:
            owner.execute(swap, [to, at])
        owner.execute(restart)

    assert damage(log) is Damage.ROW_CHANGED


TAMPERED_SEALS = {
    "a seal in the middle is removed": ("DELETE FROM audit_seals WHERE number = 2", Damage.SEAL_MISSING),
    "the first seal is removed": ("DELETE FROM audit_seals WHERE number = 1", Damage.SEAL_MISSING),
    "the last seal is removed": ("DELETE FROM audit_seals WHERE number = 4", Damage.CUT_OFF),
    "all seals are removed": ("DELETE FROM audit_seals", Damage.CUT_OFF),
    "all seals and entries are removed": ("DELETE FROM audit_seals; DELETE FROM audit_seal_entries", Damage.CUT_OFF),
    "a seal's hash is changed": ("UPDATE audit_seals SET hash = repeat('0', 64) WHERE number = 2", Damage.SEAL_CHANGED),
    "a seal's count is changed": ("UPDATE audit_seals SET events_count = 9 WHERE number = 2", Damage.SEAL_CHANGED),
    "a seal's time is changed": ("UPDATE audit_seals SET sealed_at = now() WHERE number = 4", Damage.SEAL_CHANGED),
    "a seal's link is changed": (
        "UPDATE audit_seals SET previous_hash = repeat('0', 64) WHERE number = 3",
        Damage.SEAL_CHANGED,
    ),
    "seals exchange their numbers": (
        (
            "UPDATE audit_seals SET number = number + 100 WHERE number IN (2, 3);"
            "UPDATE audit_seals SET number = 105 - number WHERE number > 100"
        ),
        Damage.SEAL_CHANGED,
    ),
    "an entry is removed": (
        "DELETE FROM audit_seal_entries WHERE position = (SELECT min(last_position) FROM audit_seals WHERE number = 2)",
        Damage.SEAL_CHANGED,
    ),
    "entries are moved to another seal": (
        "UPDATE audit_seal_entries SET seal_number = 3 WHERE seal_number = 2",
        Damage.SEAL_CHANGED,
    ),
    "entries are moved to a seal that is not there": (
        "UPDATE audit_seal_entries SET seal_number = 99 WHERE seal_number = 4",
        Damage.SEAL_CHANGED,
    ),
    "an entry for a seal that is not there is added": (
        "INSERT INTO audit_seal_entries SELECT firm_id, -position, 99, row_hash FROM audit_seal_entries LIMIT 1",
        Damage.SEAL_MISSING,
    ),
}


@pytest.mark.parametrize("what", TAMPERED_SEALS)
def test_tampered_seals_are_found(log: SealedLog, owner: Owner, what: str) -> None:
    statements, found = TAMPERED_SEALS[what]
    for statement in statements.split(";"):
        owner.execute(statement.encode())

    assert damage(log) is found


@pytest.mark.parametrize("condition", ["number = 4", "true"])
def test_seals_whose_entries_are_still_there_are_missed_without_a_checkpoint_too(
    log: SealedLog, owner: Owner, condition: str
) -> None:
    owner.execute(f"DELETE FROM audit_seals WHERE {condition}".encode())
    log.checkpoints = MemoryCheckpoints()

    assert damage(log) is Damage.SEAL_MISSING


def _cut(owner: Owner, from_seal: int) -> None:
    """Remove the newest rows with everything that lists them, and what was written after them."""
    (first,) = owner.execute(
        "SELECT min(position) FROM audit_seal_entries WHERE firm_id = %s AND seal_number >= %s", [FIRM_ID, from_seal]
    ).fetchone() or (0,)
    owner.execute("DELETE FROM audit_events WHERE firm_id = %s AND position >= %s", [FIRM_ID, first])
    owner.execute("DELETE FROM audit_seal_entries WHERE firm_id = %s AND seal_number >= %s", [FIRM_ID, from_seal])
    owner.execute("DELETE FROM audit_seals WHERE firm_id = %s AND number >= %s", [FIRM_ID, from_seal])


@pytest.mark.parametrize("from_seal", [1, 2, IN_SEALS])
def test_a_tail_that_was_cut_off_is_found_by_the_checkpoint_alone(log: SealedLog, owner: Owner, from_seal: int) -> None:
    _cut(owner, from_seal)

    finding = log.verdict().finding

    assert finding is not None
    assert (finding.damage, finding.seal_number) == (Damage.CUT_OFF, from_seal)


def test_a_tail_that_was_cut_off_stays_found_when_new_events_come(log: SealedLog, owner: Owner) -> None:
    _cut(owner, 3)
    log.write(20)

    for _ in range(3):
        log.seal()

    assert damage(log) is Damage.CUT_OFF


def test_the_other_firms_log_holds_all_the_while(log: SealedLog, owner: Owner) -> None:
    _cut(owner, 2)

    assert log.verdict(OTHER_FIRM_ID).finding is None


def _by_chance(owner: Owner, chance: random.Random) -> None:
    """Something or other is done to what is sealed."""
    at = position(owner, chance.randint(1, IN_SEALS), chance.randint(0, IN_SEALS - 1))
    other = position(owner, chance.randint(1, IN_SEALS), chance.randint(0, IN_SEALS - 1))
    column = chance.choice(sorted(COLUMNS))
    acts: list[Callable[[], object]] = [
        lambda: owner.execute(f"UPDATE audit_events SET {column} = {COLUMNS[column]} WHERE position = {at}".encode()),
        lambda: owner.execute(
            f"DELETE FROM audit_events WHERE position BETWEEN {min(at, other)} AND {max(at, other)}".encode()
        ),
        lambda: owner.execute(
            INSERT.format(
                position=chance.randint(10**6, 10**9), transaction="transaction", created_at="created_at", at=at
            )
        ),
        lambda: owner.execute(
            f"UPDATE audit_seal_entries SET row_hash = repeat('7', 64) WHERE position = {at}".encode()
        ),
        lambda: owner.execute(f"DELETE FROM audit_seal_entries WHERE position = {at}".encode()),
        lambda: _cut(owner, chance.randint(1, IN_SEALS)),
    ]
    for act in chance.sample(acts, chance.randint(1, 3)):
        act()


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**9))
def test_whatever_is_done_to_sealed_rows_is_found(sql_uow: SqlUnitOfWork, database_url: str, seed: int) -> None:
    empty_tables(database_url)
    with_two_firms(sql_uow)
    log = sealed_log(sql_uow)
    with owning(database_url) as owner:
        _by_chance(owner, random.Random(seed))

    assert log.verdict().finding is not None
