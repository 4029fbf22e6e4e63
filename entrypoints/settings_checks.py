"""Settings that are unsafe or contradict each other: one check for each group, one line for each problem."""

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING

from adapters.smtp.server import BadServerUrl, Sender, SmtpServer
from domain.model.host_addresses import is_host
from entrypoints.settings_reader import split

if TYPE_CHECKING:
    from entrypoints.settings import Settings

DEFAULT_MAIL_FROM = "Dunlin <dunlin@localhost>"

_KEY_PREFIXES = ("sk_test_", "sk_live_", "rk_test_", "rk_live_")
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104 - compared with, not bound to
_SHORTEST_SECRET_CHARACTERS = 16
_SIGNING_SECRET_BYTES = 24
_REAL_DAY_SECONDS = 86_400.0
_MAKE_A_SECRET = 'python3 -c "import secrets; print(secrets.token_urlsafe(32))"'  # noqa: S105 - a command that makes one


def stripe_problems(settings: "Settings") -> Iterator[str]:
    """A key of an unknown form, or one that could not check what Stripe sends."""
    if settings.uses_sandbox:
        return
    key = settings.stripe_secret_key
    if key.startswith("pk_"):
        yield "STRIPE_SECRET_KEY is a publishable key (pk_…): set the secret key (sk_…) or a restricted one (rk_…)"
    elif not key.startswith(_KEY_PREFIXES):
        yield f"STRIPE_SECRET_KEY does not look like a Stripe key: it begins with {', '.join(_KEY_PREFIXES)}"
    if not settings.stripe_webhook_secrets:
        yield (
            "STRIPE_WEBHOOK_SECRET is empty: with a Stripe key, set the endpoint's signing secret (whsec_…), "
            "or nobody could tell a forged webhook from Stripe's"
        )


def live_key_problems(settings: "Settings") -> Iterator[str]:
    """What must never meet real money."""
    if not settings.is_live:
        return
    api, own = split(settings.stripe_api_base), split(settings.base_url)
    if api is None or api.scheme != "https" or api.hostname in _LOCAL_HOSTS:
        yield "STRIPE_API_BASE is the sandbox or an open line, with a live Stripe key: unset it, or use a test key"
    if settings.day_seconds != _REAL_DAY_SECONDS:
        yield "DUNLIN_DAY_SECONDS shortens days, with a live Stripe key: unset it, or use a test key"
    if own is None or own.scheme != "https" or own.hostname in _LOCAL_HOSTS:
        yield "DUNLIN_BASE_URL must be the public https:// address with a live Stripe key: customers get links to it"


def secret_key_problems(settings: "Settings") -> Iterator[str]:
    """Sessions and links must not be signed with what can be guessed, nor with another key on each machine."""
    if settings.secret_key and len(settings.secret_key) < _SHORTEST_SECRET_CHARACTERS:
        yield (
            f"DUNLIN_SECRET_KEY has {len(settings.secret_key)} characters, fewer than {_SHORTEST_SECRET_CHARACTERS}: "
            f"make one with {_MAKE_A_SECRET}"
        )
    if not settings.secret_key and not settings.is_database_embedded:
        yield f"DUNLIN_SECRET_KEY is missing: with DATABASE_URL set it must be too; make one with {_MAKE_A_SECRET}"
    if not settings.secret_key and settings.is_database_embedded and settings.is_live:
        yield f"DUNLIN_SECRET_KEY is missing: with a live Stripe key it must be set; make one with {_MAKE_A_SECRET}"


def address_problems(settings: "Settings") -> Iterator[str]:
    """Addresses of which one makes no sense without, or beside, the other."""
    if settings.is_database_embedded and settings.database_owner_url != settings.database_url:
        yield "DATABASE_OWNER_URL is set but DATABASE_URL is not: set both, or neither for the embedded PostgreSQL"
    if settings.uses_sandbox and settings.sandbox_port == settings.web_port:
        yield f"DUNLIN_PORT and DUNLIN_SANDBOX_PORT are both {settings.web_port}: give them different ports"


def mail_problems(settings: "Settings") -> Iterator[str]:
    """A mail server that cannot be used, a sender that is none, a secret that signs nothing."""
    if settings.smtp_url and settings.mail_from == DEFAULT_MAIL_FROM:
        yield "MAIL_FROM is missing: with SMTP_URL set, say which address mail comes from"
    try:
        Sender.from_text(settings.mail_from)
    except ValueError as error:
        yield f"MAIL_FROM is no sender: {error}"
    if settings.smtp_url:
        try:
            SmtpServer.from_url(settings.smtp_url)
        except BadServerUrl as bad:
            yield from (f"SMTP_URL is not an address that Dunlin understands: {problem}" for problem in bad.problems)
    if not all(_is_signing_secret(secret) for secret in settings.mail_webhook_secrets):
        yield f"MAIL_WEBHOOK_SECRET is no signing secret: write whsec_ and {_SIGNING_SECRET_BYTES} bytes as base64"


def _is_signing_secret(secret: str) -> bool:
    """As the Standard Webhooks scheme has it."""
    try:
        return len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) >= _SIGNING_SECRET_BYTES
    except ValueError:
        return False


def webhook_problems(settings: "Settings") -> Iterator[str]:
    """An entry that names no host would allow nothing, and nobody would know why."""
    for host in settings.webhook_allowed_hosts:
        if not is_host(host):
            yield f"DUNLIN_WEBHOOK_ALLOWED_HOSTS has {host!r}: write names or addresses alone, without scheme or port"


def alert_problems(settings: "Settings") -> Iterator[str]:
    """What cannot be an Apprise address; it may hold a secret, so it is told by its place."""
    for number, url in enumerate(settings.alert_urls, start=1):
        if "://" not in url:
            yield (
                f"ALERT_URLS: address {number} has no service://: write Apprise addresses with commas between them, "
                "and a comma inside one as %2C"
            )


CHECKS = (
    stripe_problems,
    live_key_problems,
    secret_key_problems,
    address_problems,
    mail_problems,
    alert_problems,
    webhook_problems,
)
