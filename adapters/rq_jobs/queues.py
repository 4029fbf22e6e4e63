"""The queues by name, and how to reach the Redis server that holds them."""

from typing import Any, Final, cast
from urllib.parse import parse_qs, unquote, urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

QUEUE_NAMES: Final = ("retries", "notices", "upkeep", "host_webhooks")

_DEFAULT_TIMEOUT_SECONDS = 0.2
_HEALTH_CHECK_SECONDS = 15
_SENTINEL_SCHEMES = frozenset({"redis+sentinel", "rediss+sentinel"})
_SENTINEL_PORT = 26379
_FORMS = (
    "redis://host:port/db, rediss://host:port/db, unix:///path/to/socket?db=0 or "
    "redis+sentinel://host:port,host2:port/service/db (rediss+sentinel for TLS)"
)


class RedisUrlError(ValueError):
    """The address of the Redis server cannot be read; the message shows the right forms and no secret."""


def connect(url: str, *, timeout_seconds: float = _DEFAULT_TIMEOUT_SECONDS) -> Redis:
    """A client that connects on first use and never repeats a command by itself.

    `timeout_seconds` bounds connecting and each answer apart. A command may have been carried out although its answer
    was lost, so whoever calls decides on a repeat. Raises `RedisUrlError`.
    """
    scheme = url.partition("://")[0]
    options: dict[str, Any] = {
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "health_check_interval": _HEALTH_CHECK_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }
    if scheme in {"redis", "rediss", *_SENTINEL_SCHEMES}:
        options["socket_keepalive"] = True
    elif scheme != "unix":
        raise RedisUrlError(f"the Redis address begins with {scheme[:20]!r}; it must read {_FORMS}")
    if scheme in _SENTINEL_SCHEMES:
        return _connect_through_sentinel(url, options | {"ssl": scheme.startswith("rediss")})
    try:
        return Redis.from_url(url, **options)
    except ValueError:
        raise RedisUrlError(f"the Redis address cannot be read; it must read {_FORMS}") from None


def _connect_through_sentinel(url: str, options: dict[str, Any]) -> Redis:
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    username, _, password = credentials.partition(":")
    service, _, database = parts.path.strip("/").partition("/")
    try:
        sentinels = [_host_and_port(host) for host in hosts.split(",")]
        database_number = int(database or parse_qs(parts.query).get("db", ["0"])[0])
    except ValueError:
        raise RedisUrlError(f"the Redis address cannot be read; it must read {_FORMS}") from None
    if not service:
        raise RedisUrlError(f"the Redis address names no Sentinel service; it must read {_FORMS}")
    sentinel: Any = Sentinel(sentinels, sentinel_kwargs=options, **options)  # type: ignore[no-untyped-call]
    login = {"username": unquote(username) or None, "password": unquote(password) or None}
    return cast("Redis", sentinel.master_for(service, db=database_number, **login))


def _host_and_port(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError
    return parts.hostname, parts.port or _SENTINEL_PORT


def redis_policy(connection: Redis) -> str | None:
    """The server's `maxmemory-policy` if it may drop our keys, None if it is `noeviction`.

    Read from INFO, which managed servers allow where they forbid CONFIG. Raises `redis.RedisError` when the server
    does not answer.
    """
    memory = cast("dict[str, object]", connection.info("memory"))
    policy = str(memory["maxmemory_policy"])
    return None if policy == "noeviction" else policy
