"""Commands that run processes: everything at once, or one of them."""

import sys

import click

from entrypoints.cli.errors import CommandError
from entrypoints.cli.loading import load_settings
from entrypoints.queues import QUEUES
from entrypoints.settings import Settings


@click.command()
def up() -> None:
    """Start PostgreSQL, Redis, the Stripe sandbox and Dunlin, and keep them running.

    What has an address of its own (DATABASE_URL, REDIS_URL, STRIPE_SECRET_KEY) is not started. Ctrl-C stops
    everything; data stays in DUNLIN_HOME.

    \b
    Example:
      dunlin up
      DUNLIN_DAY_SECONDS=2 DUNLIN_PORT=8001 dunlin up
    """
    from entrypoints.home_lock import HomeInUseError
    from entrypoints.ports_in_use import PortError
    from entrypoints.up import run

    settings = load_settings()
    try:
        sys.exit(run(settings))
    except (HomeInUseError, PortError, OSError) as error:
        raise CommandError(str(error)) from error


@click.command()
def web() -> None:
    """Serve the API and the webhooks with gunicorn.

    \b
    Example:
      DUNLIN_HOST=0.0.0.0 DUNLIN_WEB_WORKERS=4 dunlin web
    """
    settings = _process_settings("dunlin web")
    from entrypoints.ports_in_use import PortError, require_free_port
    from entrypoints.web_server import run

    try:
        require_free_port(settings.web_host, settings.web_port, setting="DUNLIN_PORT")
    except PortError as error:
        raise CommandError(str(error)) from error
    run(settings)


@click.command()
@click.option("--queue", type=click.Choice(QUEUES), required=True, help="The one queue that this process works on.")
def worker(queue: str) -> None:
    """Run the jobs of one queue.

    \b
    Example:
      dunlin worker --queue retries
    """
    settings = _process_settings(f"dunlin worker --queue {queue}")
    from entrypoints.worker import run

    run(settings, queue)


@click.command()
def scheduler() -> None:
    """Put jobs into their queues when they are due.

    \b
    Example:
      dunlin scheduler
    """
    settings = _process_settings("dunlin scheduler")
    from entrypoints.scheduler import run

    run(settings)


@click.command()
def sweep() -> None:
    """Find due work that nobody was told of, every DUNLIN_SWEEP_SECONDS.

    \b
    Example:
      DUNLIN_SWEEP_SECONDS=10 dunlin sweep
    """
    settings = _process_settings("dunlin sweep")
    from entrypoints.sweep import run

    run(settings)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65_535), help="The port to listen on.  [default: DUNLIN_SANDBOX_PORT]")
@click.option("--webhook-url", help="Where events are delivered.  [default: this installation]")
@click.option("--seed", type=int, help="Makes ids and chance repeat from run to run.")
def sandbox(host: str, port: int | None, webhook_url: str | None, seed: int | None) -> None:
    """Stand in for Stripe: its API and its signed webhooks, with test cards, and faults on demand.

    \b
    Example:
      dunlin sandbox --port 8421 --webhook-url http://127.0.0.1:8000/api/webhooks/stripe/
    """
    settings = _process_settings("dunlin sandbox")
    from adapters.stripe_sandbox import serve
    from entrypoints.ports_in_use import PortError, require_free_port

    port = port or settings.sandbox_port
    try:
        require_free_port(host, port, setting="--port or DUNLIN_SANDBOX_PORT")
    except PortError as error:
        raise CommandError(str(error)) from error
    settings.home.sandbox_state_path.parent.mkdir(parents=True, exist_ok=True)
    serve(
        host,
        port,
        state_path=str(settings.home.sandbox_state_path),
        webhook_url=webhook_url or f"{settings.local_url}/api/webhooks/stripe/",
        webhook_secret=settings.stripe_webhook_secrets[0],
        seed=seed,
    )


@click.command()
def migrate() -> None:
    """Bring the database's schema up to date.

    \b
    Example:
      DATABASE_OWNER_URL=postgresql://owner@db/dunlin dunlin migrate
    """
    settings = load_settings()
    from adapters.postgres.migrate import upgrade

    upgrade(settings.database_owner_url)
    click.echo("The schema is up to date.")


@click.command(hidden=True)
def prepare() -> None:
    """Make the database, the schema and, at the first start, a firm to try things with. `dunlin up` runs this.

    \b
    Example:
      dunlin prepare
    """
    settings = _process_settings("dunlin prepare")
    from entrypoints.preparation import prepare as prepare_installation

    for line in prepare_installation(settings):
        click.echo(line)


def _process_settings(title: str) -> Settings:
    """Name the process for whoever looks at the machine, read the settings, and begin the log."""
    from setproctitle import setproctitle

    from entrypoints.logs import configure_logging

    setproctitle(title)
    settings = load_settings()
    configure_logging(settings.log_format)
    return settings
