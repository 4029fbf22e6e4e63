"""The README's tour, pasted command by command into a shell."""

import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.installation import running_installation
from tests.servers import PROJECT

TOUR = re.compile(r"## Three-minute tour\n(.*?)\n## ", re.DOTALL)
COMMANDS = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def tour_script(readme: Path, *, url: str, sandbox_url: str) -> str:
    """Every command of the tour, in order, for the addresses of this installation."""
    tour = TOUR.search(readme.read_text())
    assert tour is not None
    commands = "\n".join(COMMANDS.findall(tour.group(1)))
    commands = commands.replace(".venv/bin/dunlin", f"{sys.executable} -m entrypoints.cli")
    return commands.replace("http://127.0.0.1:8000", url).replace("http://127.0.0.1:8420", sandbox_url)


def test_the_tour_shows_what_it_says() -> None:
    with running_installation(DUNLIN_DAY_SECONDS="0.5", DUNLIN_SWEEP_SECONDS="2") as installation:
        script = tour_script(PROJECT / "README.md", url=installation.url, sandbox_url=installation.sandbox_url)

        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=PROJECT,
            env={**installation.environ, "KEY": installation.api_key},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count('"status": "declined"') == 4
    assert "4 charges" in ended.stdout
    assert '"amount_paid": 9900' in ended.stdout
    assert '"next": "retry"' in ended.stdout
    assert '"status": "opened"' in ended.stdout
    assert ",dispute_withdrawal,-99.00,USD," in ended.stdout
    assert ",dispute_reinstatement,99.00,USD," in ended.stdout
    assert '"win_rate": 1.0' in ended.stdout
    assert "0 differences, 0 mended" in ended.stdout
    assert "intact" in ended.stdout
