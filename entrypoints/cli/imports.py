"""Bulk loads from CSV files."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from entrypoints.cli.errors import FAILURE, CommandError
from entrypoints.cli.loading import load_settings

if TYPE_CHECKING:
    from domain.services.bulk import BadLine, Line, Loaded

    Reader = Callable[[Path], tuple[list[Line], list[BadLine]]]

_SHOWN_MAX = 100
_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_FIRM = click.option("--firm", "firm_id", required=True, help="Whose they are (frm_…).")
_SKIP_BAD = click.option("--skip-bad", is_flag=True, help="Load the good lines and leave out the bad ones.")


@click.group("import")
def import_() -> None:
    """Load many clients or invoices at once. The same file again adds nothing twice.

    \b
    Example:
      dunlin import clients clients.csv --firm frm_…
    """


@import_.command("clients")
@_FILE
@_FIRM
@_SKIP_BAD
def clients(file: Path, firm_id: str, skip_bad: bool) -> None:
    """Load clients: all of them, or none when a line is bad.

    The first line names the columns: company_name, and any of email, phone, locale, timezone, line1, line2, city,
    state, postal_code, country, stripe_customer_id. A client is known again by its Stripe customer, else by name and
    e-mail.

    \b
    Example:
      dunlin import clients clients.csv --firm frm_…
    """
    from entrypoints.cli.csv_lines import read_clients

    _load(file, firm_id, read_clients, skip_bad=skip_bad)


@import_.command("invoices")
@_FILE
@_FIRM
@_SKIP_BAD
def invoices(file: Path, firm_id: str, skip_bad: bool) -> None:
    """Load invoices as drafts: all of them, or none when a line is bad. Nothing is charged before they are sent.

    The first line names the columns: number, currency, amount_due (minor units), client_id or stripe_customer_id, and
    any of due_on, autopay, description, stripe_payment_intent_id, stripe_invoice_id. An invoice is known again by its
    number.

    \b
    Example:
      dunlin import invoices invoices.csv --firm frm_… --skip-bad
    """
    from entrypoints.cli.csv_lines import read_invoices

    _load(file, firm_id, read_invoices, skip_bad=skip_bad)


def _load(file: Path, firm_id: str, read: "Reader", *, skip_bad: bool) -> None:
    settings = load_settings()
    from domain.model.errors import NotFound
    from domain.services.bulk import Loaded, load
    from domain.services.firms import get_policy
    from entrypoints.bootstrap import bootstrap
    from entrypoints.cli.csv_lines import UnreadableFile
    from entrypoints.cli.operator import operator

    ports = bootstrap(settings).ports
    try:
        get_policy(ports, firm_id)
        lines, bad = read(file)
    except (NotFound, UnreadableFile) as error:
        raise CommandError(str(error)) from error
    loaded = Loaded(0, 0, ())
    if skip_bad or not bad:
        with click.progressbar(length=len(lines), label=f"Loading {file.name}", file=sys.stderr) as bar:
            loaded = load(ports, firm_id, lines, operator(), skip_bad=skip_bad, tick=lambda: bar.update(1))
    _report(file, loaded, [*bad, *loaded.bad], skip_bad=skip_bad)


def _report(file: Path, loaded: "Loaded", bad: "Sequence[BadLine]", *, skip_bad: bool) -> None:
    for line in bad[:_SHOWN_MAX]:
        click.echo(f"{file.name}:{line.number}: {line.reason}", err=True)
    if len(bad) > _SHOWN_MAX:
        click.echo(f"... and {len(bad) - _SHOWN_MAX} more bad lines", err=True)
    if bad and not skip_bad:
        click.echo("Nothing was loaded. Mend the lines above, or leave them out with --skip-bad.", err=True)
        raise click.exceptions.Exit(FAILURE)
    click.echo(f"{loaded.added_count} added, {loaded.known_count} known already, {len(bad)} left out")
