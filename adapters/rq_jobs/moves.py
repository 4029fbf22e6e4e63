"""The two steps that must happen whole or not at all, as scripts inside Redis.

rq-scheduler pushes and removes in two commands, so that a crash in between runs a job twice or ends a periodic one;
RQ drops the hash of a finished job even when the job was scheduled anew while it ran. Neither can happen here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from redis import Redis
from redis.client import Pipeline
from rq.job import Job
from rq.queue import Queue
from rq.utils import utcformat

SCHEDULED_KEY: Final = "rq:scheduler:scheduled_jobs"  # rq-scheduler's sorted set: job id -> Unix time

_MOVE_DUE = """
local moved = 0
for i = 3, #ARGV, 4 do
    local id, queue, job, following = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
    local due = redis.call('ZSCORE', KEYS[1], id)
    if due and tonumber(due) <= tonumber(ARGV[1]) then
        if not redis.call('LPOS', queue, id) then
            redis.call('RPUSH', queue, id)
        end
        if redis.call('EXISTS', job) == 1 then
            redis.call('HSET', job, 'status', 'queued', 'enqueued_at', ARGV[2])
        end
        if following == '' then
            redis.call('ZREM', KEYS[1], id)
        else
            redis.call('ZADD', KEYS[1], following, id)
        end
        moved = moved + 1
    end
end
return moved
"""

_LET_GO = """
local status = nil
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then
    status = 'scheduled'
elseif redis.call('LPOS', KEYS[3], ARGV[1]) then
    status = 'queued'
end
if status then
    if redis.call('EXISTS', KEYS[1]) == 1 then
        redis.call('HSET', KEYS[1], 'status', status)
        redis.call('PERSIST', KEYS[1])
    end
elseif ARGV[2] == '0' then
    redis.call('DEL', KEYS[1])
else
    redis.call('EXPIRE', KEYS[1], ARGV[2])
end
"""


@dataclass(frozen=True)
class Move:
    """A job to be put into its queue when it is due; `again_at` keeps a periodic one in the schedule."""

    job_id: str
    queue: str
    again_at: datetime | None = None


def queue_key(queue: str) -> str:
    """Where RQ keeps the ids that are ready to run."""
    return f"{Queue.redis_queue_namespace_prefix}{queue}"


def move_due(connection: Redis | Pipeline, moves: Sequence[Move], now: datetime) -> int:
    """Put those of `moves` that are due by `now` from the schedule into their queues, each in one step.

    An id that stands in its queue already keeps its place and is not added again. Answers how many were moved (on a
    pipeline: nothing of use). Time, queue and schedule are read again inside Redis, so a bell that was put off
    meanwhile stays.
    """
    arguments = [repr(now.timestamp()), utcformat(now)]
    for move in moves:
        again = "" if move.again_at is None else repr(move.again_at.timestamp())
        arguments += [move.job_id, queue_key(move.queue), Job.key_for(move.job_id), again]
    moved = connection.eval(_MOVE_DUE, 1, SCHEDULED_KEY, *arguments)
    return moved if isinstance(moved, int) else 0


def let_go(connection: Redis | Pipeline, job_id: str, queue: str, ttl_seconds: int) -> None:
    """Expire the hash of an ended job, or delete it when `ttl_seconds` is 0; keep it where its bell was rung again."""
    connection.eval(_LET_GO, 3, Job.key_for(job_id), SCHEDULED_KEY, queue_key(queue), job_id, ttl_seconds)
