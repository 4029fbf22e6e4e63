"""Tenants and the keys that open their data."""

import click

from entrypoints.cli.errors import CommandError
from entrypoints.cli.loading import load_settings


@click.group()
def firm() -> None:
    """Firms (tenants).

    \b
    Example:
      dunlin firm create --name "Acme Ltd"
    """


@firm.command("create")
@click.option("--name", required=True, help="What the firm is called.")
@click.option("--stripe-account", help="Its account under Stripe Connect (acct_…).")
def create_firm(name: str, stripe_account: str | None) -> None:
    """Make a firm; its id is the last line.

    With --stripe-account, events that carry the account belong to the firm, and requests for it go out under it.

    \b
    Example:
      dunlin firm create --name "Acme Ltd" --stripe-account acct_1ABC
    """
    settings = load_settings()
    from domain.model.errors import DunlinError, InvalidInput
    from domain.services import firms
    from entrypoints.bootstrap import bootstrap
    from entrypoints.cli.operator import operator

    try:
        made = firms.create_firm(bootstrap(settings).ports, name, stripe_account, operator())
    except InvalidInput as refused:
        raise click.UsageError(str(refused)) from refused
    except DunlinError as error:
        raise CommandError(str(error)) from error
    click.echo(made.id)


@click.group()
def apikey() -> None:
    """API keys of firms.

    \b
    Example:
      dunlin apikey create --firm frm_… --scope write
    """


@apikey.command("create")
@click.option("--firm", "firm_id", required=True, help="The firm's id (frm_…).")
@click.option("--scope", required=True, type=click.Choice(["read", "write", "admin"]), help="What the key may do.")
def create_api_key(firm_id: str, scope: str) -> None:
    """Make a key and show it this once, on the last line.

    \b
    Example:
      dunlin apikey create --firm frm_… --scope write
    """
    settings = load_settings()
    from domain.model.errors import DunlinError
    from domain.model.firms import Scope
    from domain.services import firms
    from entrypoints.bootstrap import bootstrap
    from entrypoints.cli.operator import operator

    try:
        made = firms.create_api_key(bootstrap(settings).ports, firm_id, Scope(scope), operator())
    except DunlinError as error:
        raise CommandError(str(error)) from error
    click.echo(made.secret)


@apikey.command("revoke")
@click.argument("key")
def revoke_api_key(key: str) -> None:
    """Close a key for good. KEY is its prefix (the part between the first two underscores) or the whole key.

    \b
    Example:
      dunlin apikey revoke 4fT9q2LmWx0b
    """
    settings = load_settings()
    from domain.model.errors import DunlinError
    from domain.services import firms
    from entrypoints.bootstrap import bootstrap
    from entrypoints.cli.operator import operator

    prefix = key.split("_")[1] if key.startswith(f"{firms.KEY_MARK}_") else key
    try:
        firms.revoke_api_key(bootstrap(settings).ports, prefix, operator())
    except DunlinError as error:
        raise CommandError(str(error)) from error
    click.echo(f"Key {prefix} opens nothing any more.")
