"""The audit log and its seals."""

import click

from entrypoints.cli.errors import FAILURE, CommandError
from entrypoints.cli.loading import load_settings


@click.group()
def audit() -> None:
    """The audit log.

    \b
    Example:
      dunlin audit verify
    """


@audit.command("verify")
@click.option("--firm", "firm_id", help="Only this firm's (frm_…).  [default: every firm's]")
def verify(firm_id: str | None) -> None:
    """Hold the audit log against its seals, and the seals against the newest one kept in DUNLIN_HOME.

    A line for each firm. Exit status 1 when a row or a seal was changed, removed, inserted or cut off; the first one
    is named. Rows of the last minute may not be sealed yet.

    \b
    Example:
      dunlin audit verify --firm frm_…
    """
    settings = load_settings()
    from domain.model.errors import NotFound
    from domain.services.verification import verify_audit
    from entrypoints.bootstrap import bootstrap
    from ports.checkpoints import CheckpointsUnavailable

    application = bootstrap(settings)
    broken = 0
    try:
        for verdict in verify_audit(application.ports, application.checkpoints, firm_id):
            finding = verdict.finding
            if finding is None:
                click.echo(
                    f"{verdict.firm_id}  intact: {verdict.sealed_count} rows in {verdict.seals_count} seals, "
                    f"{verdict.unsealed_count} not sealed yet, "
                    f"{f'checkpoint {verdict.checkpoint.number}' if verdict.checkpoint else 'no checkpoint here'}"
                )
                continue
            broken += 1
            named = f" ({finding.event_id})" if finding.event_id else ""
            click.echo(f"{verdict.firm_id}  BROKEN, {finding.damage}: {finding.text}{named}")
    except (NotFound, CheckpointsUnavailable) as error:
        raise CommandError(str(error)) from error
    if broken:
        raise click.exceptions.Exit(FAILURE)
