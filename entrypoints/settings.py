"""All settings of Dunlin, read once from the environment, checked together, and never changed afterwards."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from entrypoints.home import Home
from entrypoints.settings_checks import CHECKS, DEFAULT_MAIL_FROM
from entrypoints.settings_reader import SettingsReader

REAL_DAY_SECONDS = 86_400.0
SANDBOX_SECRET_KEY = "sk_test_dunlin_sandbox"  # noqa: S105 - no secret: the sandbox takes any key of this form
STRIPE_API_BASE = "https://api.stripe.com"

_POSTGRES_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
_WEB_SCHEMES = ("https", "http")
_REDIS_SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel")
_LIVE_KEY_PREFIXES = ("sk_live_", "rk_live_")
_WEB_THREADS = 4
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - compared with, not bound to


class SettingsError(Exception):
    """Settings that Dunlin does not start with; `problems` has one line for each, saying what to do."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting with its final value. Secrets stay out of the representation."""

    home: Home
    database_url: str = field(repr=False)
    database_owner_url: str = field(repr=False)
    is_database_embedded: bool
    redis_url: str = field(repr=False)
    is_redis_embedded: bool
    stripe_secret_key: str = field(repr=False)
    stripe_webhook_secrets: tuple[str, ...] = field(repr=False)
    """Newest first, never empty."""
    stripe_api_base: str
    uses_sandbox: bool
    sandbox_port: int
    web_host: str
    web_port: int
    web_workers: int
    web_threads: int
    base_url: str
    """Without a slash at its end."""
    secret_key: str = field(repr=False)
    day_seconds: float
    sweep_seconds: float
    retry_workers: int
    smtp_url: str | None = field(repr=False)
    mail_from: str
    mail_webhook_secrets: tuple[str, ...] = field(repr=False)
    """Newest first; empty: reports about mails are not taken."""
    alert_urls: tuple[str, ...] = field(repr=False)
    webhook_allowed_hosts: tuple[str, ...]
    """Hosts that webhooks to host applications may reach although they are not on the public internet; lower case."""
    log_format: str
    """`console` or `json`."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read and check everything. Raises SettingsError with all problems. Makes the kept secrets when missing."""
        reader = SettingsReader(environ)
        read = cls._read(reader, Home(Path(reader.text("DUNLIN_HOME") or ".dunlin").absolute()))
        for check in CHECKS:
            reader.problems.extend(check(read))
        if reader.problems:
            raise SettingsError(tuple(reader.problems))
        try:
            return _with_kept_secrets(read)
        except OSError as error:
            problem = (
                f"DUNLIN_HOME {read.home.folder} cannot be written ({error.strerror}): set it to a folder of yours"
            )
            raise SettingsError((problem,)) from error

    @classmethod
    def _read(cls, reader: SettingsReader, home: Home) -> "Settings":
        database_url = reader.address("DATABASE_URL", schemes=_POSTGRES_SCHEMES)
        redis_url = reader.address("REDIS_URL", schemes=_REDIS_SCHEMES)
        stripe_key = reader.text("STRIPE_SECRET_KEY")
        sandbox_port = reader.whole_number("DUNLIN_SANDBOX_PORT", 8420, least=1, most=65_535)
        web_host = reader.text("DUNLIN_HOST") or "127.0.0.1"
        web_port = reader.whole_number("DUNLIN_PORT", 8000, least=1, most=65_535)
        own_api_base = f"http://127.0.0.1:{sandbox_port}" if stripe_key is None else STRIPE_API_BASE
        return cls(
            home=home,
            database_url=database_url or home.postgres_url,
            database_owner_url=reader.address("DATABASE_OWNER_URL", schemes=_POSTGRES_SCHEMES)
            or database_url
            or home.postgres_url,
            is_database_embedded=database_url is None,
            redis_url=redis_url or home.redis_url,
            is_redis_embedded=redis_url is None,
            stripe_secret_key=stripe_key or SANDBOX_SECRET_KEY,
            stripe_webhook_secrets=reader.list_of("STRIPE_WEBHOOK_SECRET"),
            stripe_api_base=(reader.address("STRIPE_API_BASE", schemes=_WEB_SCHEMES) or own_api_base).rstrip("/"),
            uses_sandbox=stripe_key is None,
            sandbox_port=sandbox_port,
            web_host=web_host,
            web_port=web_port,
            web_workers=reader.whole_number("DUNLIN_WEB_WORKERS", max(2, _cores()), least=1, most=256),
            web_threads=reader.whole_number("DUNLIN_WEB_THREADS", _WEB_THREADS, least=1, most=256),
            base_url=(reader.address("DUNLIN_BASE_URL", schemes=_WEB_SCHEMES) or _local_url(web_host, web_port)).rstrip(
                "/"
            ),
            secret_key=reader.text("DUNLIN_SECRET_KEY") or "",
            day_seconds=reader.number("DUNLIN_DAY_SECONDS", REAL_DAY_SECONDS, least=0.1, most=REAL_DAY_SECONDS),
            sweep_seconds=reader.number("DUNLIN_SWEEP_SECONDS", 30.0, least=0.1, most=3600.0),
            retry_workers=reader.whole_number("DUNLIN_RETRY_WORKERS", 2, least=1, most=64),
            smtp_url=reader.text("SMTP_URL"),
            mail_from=reader.text("MAIL_FROM") or DEFAULT_MAIL_FROM,
            mail_webhook_secrets=reader.list_of("MAIL_WEBHOOK_SECRET"),
            alert_urls=reader.list_of("ALERT_URLS"),
            webhook_allowed_hosts=tuple(host.lower() for host in reader.list_of("DUNLIN_WEBHOOK_ALLOWED_HOSTS")),
            log_format=reader.choice("DUNLIN_LOG_FORMAT", "console", ("console", "json")),
        )

    @property
    def is_live(self) -> bool:
        """Whether Stripe moves real money under this key."""
        return self.stripe_secret_key.startswith(_LIVE_KEY_PREFIXES)

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def local_url(self) -> str:
        """Where the web process is reached from this machine, whatever its public address is."""
        return _local_url(self.web_host, self.web_port)


def _with_kept_secrets(read: Settings) -> Settings:
    """Fill in the secrets that an installation of our own makes for itself."""
    return replace(
        read,
        secret_key=read.secret_key or read.home.kept_secret("secret_key"),
        stripe_webhook_secrets=read.stripe_webhook_secrets
        or (read.home.kept_secret("sandbox_webhook_secret", prefix="whsec_"),),
    )


def _local_url(host: str, port: int) -> str:
    name = _ANY_ADDRESS.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}"


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS has no affinity
        return os.cpu_count() or 1
