"""Comparing our books with Stripe's."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import click

from entrypoints.cli.errors import FAILURE, CommandError
from entrypoints.cli.loading import load_settings
from entrypoints.cli.moments import Moment

if TYPE_CHECKING:
    from domain.services.reconciliation import Drift, Reconciler
    from domain.services.steps import Ports


@click.command()
@click.option("--repair", is_flag=True, help="Mend what differs by recording what Stripe shows.")
@click.option("--since", type=Moment(), help="Look at objects made since then (default: 35 days, disputes 180).")
def reconcile(repair: bool, since: datetime | None) -> None:
    """Compare payments, refunds and disputes with Stripe's and print every difference.

    Exit status 1 when something differs and was not mended.

    \b
    Example:
      dunlin reconcile
      dunlin reconcile --repair --since 7d
    """
    settings = load_settings()
    from entrypoints.bootstrap import bootstrap
    from ports.payment_gateway import GatewayUnavailable

    application = bootstrap(settings)
    found = mended = 0
    try:
        for difference in _differences(application.ports, application.workshop.books, since, is_repairing=repair):
            found += 1
            mended += difference.is_mended
            click.echo(f"{'mended' if difference.is_mended else 'drift '}  {difference.subject}: {difference.words}")
    except GatewayUnavailable as unavailable:
        raise CommandError(f"Stripe did not answer, try again later: {unavailable}") from unavailable
    finally:
        application.metrics.flush()
    click.echo(f"{found} differences, {mended} mended")
    if found > mended:
        raise click.exceptions.Exit(FAILURE)


def _differences(
    ports: "Ports", reconciler: "Reconciler", since: datetime | None, *, is_repairing: bool
) -> "Iterator[Drift]":
    from domain.services.reconciliation import accounts, reconcile_page, stages
    from domain.services.steps import in_system

    for account, _ in in_system(ports, accounts):
        for stage in stages(account, ports.clock.now(), since, is_repairing=is_repairing):
            cursor, is_over = None, False
            while not is_over:
                page, cursor = reconcile_page(ports, reconciler, stage, cursor)
                yield from page
                is_over = cursor is None
