"""A firm's customers."""

import click

from entrypoints.cli.errors import CommandError
from entrypoints.cli.loading import load_settings


@click.group()
def client() -> None:
    """Clients of a firm.

    \b
    Example:
      dunlin client erase cli_… --firm frm_…
    """


@client.command("erase")
@click.argument("client_id", metavar="CLIENT")
@click.option("--firm", "firm_id", required=True, help="Whose client it is (frm_…).")
@click.option("--yes", is_flag=True, help="Do not ask first.")
def erase(client_id: str, firm_id: str, yes: bool) -> None:
    """Erase a client's personal data, for good; books and audit log stay, without it.

    Collection of what the client owes is held, and no card of it is charged any more. The customer at Stripe is not
    touched. Run it again to take away what Stripe has sent since.

    \b
    Example:
      dunlin client erase cli_… --firm frm_…
    """
    settings = load_settings()
    from domain.model.errors import DunlinError
    from domain.services.erasure import erase_client
    from entrypoints.bootstrap import bootstrap
    from entrypoints.cli.operator import operator

    if not yes:
        click.confirm(f"Erase the personal data of {client_id} for good?", abort=True, err=True)
    try:
        erase_client(bootstrap(settings).ports, firm_id, client_id, operator())
    except DunlinError as error:
        raise CommandError(str(error)) from error
    click.echo(f"Client {client_id} is erased. Delete its customer at Stripe too, if there is one.")
