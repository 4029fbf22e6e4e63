"""Stripe's events as we stored them: look at them, process them again."""

import click

from entrypoints.cli.errors import FAILURE, CommandError
from entrypoints.cli.loading import load_settings
from entrypoints.cli.moments import Moment

_SHOWN_MAX = 1_000


@click.group()
def events() -> None:
    """Stored Stripe events of all firms, and those that no firm owns yet.

    \b
    Example:
      dunlin events replay --failed
    """


@events.command("list")
@click.option("--status", type=click.Choice(["processed", "ignored", "unmatched", "failed"]), help="Only these.")
@click.option("--limit", type=click.IntRange(1, _SHOWN_MAX), default=50, show_default=True, help="At most so many.")
def list_events(status: str | None, limit: int) -> None:
    """Show stored events, newest first.

    \b
    Example:
      dunlin events list --status unmatched
    """
    settings = load_settings()
    from domain.services.steps import in_system
    from entrypoints.bootstrap import bootstrap
    from ports.repositories import PageRequest

    ports = bootstrap(settings).ports
    page = in_system(ports, lambda step: step.tx.inbox.page(status, PageRequest(limit=limit)))
    for entry in page.items:
        owner = entry.firm_id or "no firm"
        why = f"  {entry.error}" if entry.error else ""
        when = f"{entry.received_at:%Y-%m-%d %H:%M:%S}"
        click.echo(f"{when}  {entry.status:<9}  {entry.event.id}  {entry.event.type}  {owner}{why}")


@events.command("replay")
@click.argument("event_ids", metavar="[ID]...", nargs=-1)
@click.option("--failed", is_flag=True, help="Every event that could not be processed.")
@click.option("--unmatched", is_flag=True, help="Every event whose invoice was unknown.")
def replay(event_ids: tuple[str, ...], failed: bool, unmatched: bool) -> None:
    """Process stored events again. What is known already changes nothing.

    \b
    Example:
      dunlin events replay evt_1ABC evt_1DEF
      dunlin events replay --failed --unmatched
    """
    if not event_ids and not failed and not unmatched:
        raise click.UsageError("Name event ids, or give --failed or --unmatched")
    settings = load_settings()
    from entrypoints.bootstrap import bootstrap
    from entrypoints.cli.replaying import replay_all, select

    application = bootstrap(settings)
    selected, unknown = select(application.ports, event_ids, failed=failed, unmatched=unmatched)
    if unknown:
        raise CommandError(f"No stored event {', '.join(unknown)}; `dunlin events list` shows what there is")
    failures = 0
    for line, is_failure in replay_all(application.ports, application.mailroom, selected):
        click.echo(line)
        failures += is_failure
    click.echo(f"{len(selected)} replayed, {failures} failed")
    if failures:
        raise click.exceptions.Exit(FAILURE)


@events.command("backfill")
@click.option("--since", "typed", required=True, metavar="WHEN", help="From when on; Stripe keeps events for 30 days.")
def backfill(typed: str) -> None:
    """Fetch events that Stripe could not deliver, and process them. Broken off, the same command goes on.

    \b
    Example:
      dunlin events backfill --since 7d
      dunlin events backfill --since 2026-11-01
    """
    since = Moment().convert(typed, None, None)
    settings = load_settings()
    from domain.services.backfill import KEPT
    from entrypoints.bootstrap import bootstrap
    from entrypoints.cli.backfilling import Progress
    from entrypoints.cli.backfilling import backfill as fetch
    from ports.payment_gateway import GatewayUnavailable

    application = bootstrap(settings)
    now = application.ports.clock.now()
    if since > now:
        raise click.UsageError("--since is in the future")
    if since < now - KEPT:
        click.echo(f"Stripe keeps events for {KEPT.days} days: fetching from then on.", err=True)
    since = max(since, now - KEPT)
    progress = Progress(settings.home.folder / "backfill-progress.json", typed)
    seen = missed = failed = 0
    try:
        for page in fetch(application.ports, application.mailroom, application.workshop.records, since, progress):
            seen, missed, failed = seen + page.seen, missed + page.missed, failed + page.failed
            click.echo(f"{seen} events seen, {missed} of them new, {failed} failed")
    except GatewayUnavailable as unavailable:
        raise CommandError(f"Stripe did not answer; the same command goes on later: {unavailable}") from unavailable
    finally:
        application.metrics.flush()
    if failed:
        raise click.exceptions.Exit(FAILURE)
