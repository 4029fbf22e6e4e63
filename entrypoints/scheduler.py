"""The process that puts jobs into their queues when they are due: `dunlin scheduler`."""

import logging
from functools import partial

from redis import Redis
from redis.exceptions import RedisError

from adapters.rq_jobs.presence import announce
from adapters.rq_jobs.queues import connect, redis_policy
from adapters.rq_jobs.scheduler import SCHEDULER_TIMEOUT_SECONDS, DunlinScheduler
from adapters.system.clock import SystemClock
from entrypoints.settings import Settings

_log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Move due jobs until SIGTERM or SIGINT. Several may run; Redis may come and go."""
    connection = connect(settings.redis_url, timeout_seconds=SCHEDULER_TIMEOUT_SECONDS)
    _warn_of_eviction(connection)
    DunlinScheduler(connection, SystemClock()).run(partial(announce, connection, "scheduler"))


def _warn_of_eviction(connection: Redis) -> None:
    try:
        policy = redis_policy(connection)
    except RedisError:
        return  # the scheduler says so itself, and goes on trying
    if policy is not None:
        _log.warning("Redis may drop jobs when it is full: set its maxmemory-policy from %s to noeviction", policy)
