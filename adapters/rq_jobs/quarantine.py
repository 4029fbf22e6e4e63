"""Where entries go that are no jobs of ours: out of the way, seen by people, never run."""

import json
import logging
from typing import Final

from redis import Redis
from redis.client import Pipeline
from rq.job import Job

QUARANTINE_KEY: Final = "dunlin:quarantine"

_KEPT_ENTRIES = 1000
_TEXT_LIMIT = 200
_HASH_TTL_SECONDS = 86_400

_log = logging.getLogger(__name__)


def quarantine(connection: Redis | Pipeline, entry: bytes, found_in: str, reason: str) -> None:
    """Note an entry and why it was set aside, in a list of the newest 1,000. The caller takes it from where it stood.

    The payload is not copied; its hash, if there is one, stays for a day.
    """
    shown = entry.decode("utf-8", "backslashreplace")[:_TEXT_LIMIT]
    note = json.dumps({"id": shown, "found_in": found_in, "reason": reason[:_TEXT_LIMIT]})
    _log.error("entry %r of %s was set aside: %s. See the list %s", shown, found_in, reason, QUARANTINE_KEY)
    connection.lpush(QUARANTINE_KEY, note)
    connection.ltrim(QUARANTINE_KEY, 0, _KEPT_ENTRIES - 1)
    connection.expire(Job.redis_job_namespace_prefix.encode() + entry, _HASH_TTL_SECONDS)
