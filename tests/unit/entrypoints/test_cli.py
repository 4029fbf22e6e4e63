"""The command line: help with an example everywhere, and errors of one line."""

from pathlib import Path

import click
import pytest

from entrypoints.cli import COMMANDS, dunlin, main


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder without a `.env`, and an installation of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DUNLIN_PORT", "")  # what a command reads from a `.env` is forgotten afterwards
    monkeypatch.delenv("DUNLIN_PORT")
    monkeypatch.setenv("DUNLIN_HOME", str(tmp_path / "home"))
    return tmp_path


def commands() -> dict[str, click.Command]:
    """Every command and subcommand by its full name."""
    found: dict[str, click.Command] = {"dunlin": dunlin}
    for name in COMMANDS:
        command = dunlin.get_command(click.Context(dunlin), name)
        assert command is not None
        found[f"dunlin {name}"] = command
        if isinstance(command, click.Group):
            found |= {f"dunlin {name} {part}": subcommand for part, subcommand in command.commands.items()}
    return found


@pytest.mark.parametrize("name", commands())
def test_every_command_shows_an_example_of_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = main([*name.split()[1:], "--help"])

    shown = capsys.readouterr().out
    assert status == 0
    assert "Example:" in shown
    assert name in shown.partition("Example:")[2]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--colour"], "Error: No such option '--colour'. See `dunlin --help`."),
        (["fly"], "Error: No such command 'fly'. See `dunlin --help`."),
        (["worker"], "Error: Missing option '--queue'."),
        (["worker", "--queue", "mail"], "Error: Invalid value for '--queue': 'mail' is not one of"),
        (["sandbox", "--port", "x"], "Error: Invalid value for '--port': 'x' is not a valid integer"),
        (["up", "now"], "Error: Got unexpected extra argument (now). See `dunlin up --help`."),
    ],
)
def test_wrong_use_is_one_line_and_status_2(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(arguments)

    shown = capsys.readouterr()
    assert status == 2
    assert shown.out == ""
    assert shown.err.startswith(told)
    assert shown.err.count("\n") == 1


def test_no_command_shows_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    status = main([])

    assert status == 2
    assert "Commands:" in capsys.readouterr().err


def test_each_problem_of_the_settings_is_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUNLIN_PORT", "x")
    monkeypatch.setenv("DUNLIN_DAY_SECONDS", "-1")

    status = main(["up"])

    lines = capsys.readouterr().err.splitlines()
    assert status == 1
    assert [line.split()[:2] for line in lines] == [["Error:", "DUNLIN_PORT"], ["Error:", "DUNLIN_DAY_SECONDS"]]


def test_the_env_file_is_read(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / ".env").write_text("DUNLIN_PORT=from-the-file\n")

    main(["up"])

    assert "'from-the-file'" in capsys.readouterr().err


def test_the_environment_outranks_the_env_file(
    elsewhere: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / ".env").write_text("DUNLIN_PORT=from-the-file\n")
    monkeypatch.setenv("DUNLIN_PORT", "from-the-environment")

    main(["up"])

    assert "'from-the-environment'" in capsys.readouterr().err
