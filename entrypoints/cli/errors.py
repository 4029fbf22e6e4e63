"""What a command says when it cannot do its work: one line on standard error, and an exit status."""

import click

from entrypoints.settings import SettingsError
from ports.unit_of_work import StorageUnavailable

FAILURE = 1
WRONG_USE = 2

_UNREACHABLE = {
    (
        "sqlalchemy.exc",
        "OperationalError",
    ): "the database does not answer: check DATABASE_URL, or run `dunlin up` first",
    ("psycopg", "OperationalError"): "the database does not answer: check DATABASE_URL, or run `dunlin up` first",
    ("redis.exceptions", "ConnectionError"): "Redis does not answer: check REDIS_URL, or run `dunlin up` first",
    ("redis.exceptions", "TimeoutError"): "Redis does not answer: check REDIS_URL, or run `dunlin up` first",
}


class CommandError(click.ClickException):
    """A command cannot do its work. The message says what happened and what to do."""


def exit_status_of(error: Exception) -> int:
    """Say what is wrong, and give the exit status. An error that nobody foresaw is raised again, with its trace."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.ctx.get_help(), err=True)
        return WRONG_USE
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "dunlin"
        _say(f"{_one_line(error.format_message()).rstrip('.')}. See `{command} --help`.")
        return WRONG_USE
    if isinstance(error, click.ClickException):
        _say(_one_line(error.format_message()))
        return FAILURE
    if isinstance(error, click.Abort):
        _say("stopped")
        return FAILURE
    if isinstance(error, SettingsError):
        for problem in error.problems:
            _say(problem)
        return FAILURE
    if isinstance(error, StorageUnavailable):
        _say(f"{_one_line(str(error))} (check DATABASE_URL, or run `dunlin up` first)")
        return FAILURE
    unreachable = _unreachable(error)
    if unreachable is None:
        raise error
    _say(unreachable)
    return FAILURE


def _unreachable(error: Exception) -> str | None:
    """By name, because the libraries that raise them are not to be imported for commands that do without."""
    for kind in type(error).__mro__:
        for (module, name), told in _UNREACHABLE.items():
            if kind.__name__ == name and (kind.__module__ == module or kind.__module__.startswith(f"{module}.")):
                return told
    return None


def _say(line: str) -> None:
    click.echo(f"Error: {line}", err=True)


def _one_line(message: str) -> str:
    return " ".join(message.split())
