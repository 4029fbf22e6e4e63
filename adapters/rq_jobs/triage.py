"""Looks at due entries of the schedule before they are moved: ready, without a hash, or no jobs of ours."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from rq.job import Job

from adapters.rq_jobs.job import JsonJob
from adapters.rq_jobs.moves import Move
from adapters.rq_jobs.queues import QUEUE_NAMES

_ID = re.compile(rb"[A-Za-z0-9_-]{1,128}")


@dataclass
class Triage:
    """What is to become of each entry of one batch. `unreadable` pairs an entry with the reason."""

    ready: list[Move] = field(default_factory=list)
    missing: list[bytes] = field(default_factory=list)
    unreadable: list[tuple[bytes, str]] = field(default_factory=list)


def triage(connection: Redis, entries: Sequence[bytes], job_class: type[JsonJob], now: datetime) -> Triage:
    """Sort `entries`, ids from the schedule; nothing in Redis is changed and nothing in it can make this fail.

    Raises `redis.ConnectionError` and `redis.TimeoutError` when Redis itself fails.
    """
    result = Triage()
    for entry, stored in zip(entries, _hashes(connection, entries), strict=True):
        if stored == {} and _ID.fullmatch(entry):
            result.missing.append(entry)
            continue
        try:
            result.ready.append(_move(connection, entry, stored, job_class, now))
        except Exception as error:  # noqa: BLE001 - anything may stand there; one bad entry must not stop the others
            result.unreadable.append((entry, f"{type(error).__name__}: {error}"))
    return result


def _hashes(connection: Redis, entries: Sequence[bytes]) -> list[object]:
    with connection.pipeline(transaction=False) as pipe:
        for entry in entries:
            pipe.hgetall(Job.redis_job_namespace_prefix.encode() + entry)
        answers: list[object] = pipe.execute(raise_on_error=False)
    for answer in answers:
        if isinstance(answer, RedisConnectionError | RedisTimeoutError):
            raise answer
    return answers


def _move(connection: Redis, entry: bytes, stored: object, job_class: type[JsonJob], now: datetime) -> Move:
    if not _ID.fullmatch(entry):
        raise ValueError("the id has other signs than letters, digits, '_' and '-'")
    if isinstance(stored, Exception):
        raise stored
    job = job_class(entry.decode(), connection=connection)
    job.restore(cast("dict[bytes | str, bytes]", stored))
    refusal = job.refusal()
    if refusal is not None:
        raise ValueError(refusal)
    if job.origin not in QUEUE_NAMES:
        raise ValueError(f"there is no queue {job.origin[:40]!r}")
    return Move(job.id, job.origin, again_at=_again_at(job, now))


def _again_at(job: JsonJob, now: datetime) -> datetime | None:
    interval_seconds = job.meta.get("interval")
    return None if interval_seconds is None else now + timedelta(seconds=max(1, int(interval_seconds)))
