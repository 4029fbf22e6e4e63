"""Imports point inwards; the rules themselves stand in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def test_every_import_rule_of_the_house_is_kept() -> None:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]

    checked = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr
