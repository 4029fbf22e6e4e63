"""The command `dunlin`. Commands are named here and imported when they are used, so that each starts fast."""

from collections.abc import Sequence
from importlib import import_module

import click

from entrypoints.cli.errors import exit_status_of

COMMANDS = {
    "up": "entrypoints.cli.processes:up",
    "web": "entrypoints.cli.processes:web",
    "worker": "entrypoints.cli.processes:worker",
    "scheduler": "entrypoints.cli.processes:scheduler",
    "sweep": "entrypoints.cli.processes:sweep",
    "sandbox": "entrypoints.cli.processes:sandbox",
    "migrate": "entrypoints.cli.processes:migrate",
    "prepare": "entrypoints.cli.processes:prepare",
    "firm": "entrypoints.cli.firms:firm",
    "apikey": "entrypoints.cli.firms:apikey",
    "client": "entrypoints.cli.clients:client",
    "import": "entrypoints.cli.imports:import_",
    "events": "entrypoints.cli.events:events",
    "reconcile": "entrypoints.cli.reconcile:reconcile",
    "notices": "entrypoints.cli.notices:notices",
    "audit": "entrypoints.cli.audit:audit",
    "demo": "entrypoints.cli.demo:demo",
}


class LazyGroup(click.Group):
    """A group that imports a command when somebody asks for it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names in the order of the table: what a newcomer needs comes first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module_name, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module_name), attribute)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="dunlin", prog_name="dunlin")
def dunlin() -> None:
    """Find failed payments and disputes on Stripe, and see each of them through.

    \b
    Example:
      dunlin up
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 0, 2 for wrong use, 1 for failure."""
    try:
        status = dunlin.main(arguments, prog_name="dunlin", standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - what is not expected is raised again
        return exit_status_of(error)
    return status if isinstance(status, int) else 0
