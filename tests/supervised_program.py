"""A supervisor over a table of small programs, for tests: `python -m tests.supervised_program TABLE.json`."""

import json
import signal
import sys
from functools import partial
from pathlib import Path

from entrypoints.supervision.console import Console
from entrypoints.supervision.process_spec import ProcessSpec
from entrypoints.supervision.supervisor import Supervisor


def _spec(row: dict[str, object]) -> ProcessSpec:
    ready_file = row.pop("ready_file", None)
    if isinstance(ready_file, str):
        row["is_ready"] = Path(ready_file).exists
    if isinstance(number := row.pop("stop_signal", None), int):
        row["stop_signal"] = signal.Signals(number)
    if isinstance(code := row.pop("forked", None), str):
        row["program"] = partial(_run, code)
    row["argv"] = tuple(row.get("argv", ()))  # type: ignore[arg-type]
    return ProcessSpec(**row)  # type: ignore[arg-type]


def _run(code: str) -> int:
    exec(code, {})
    return 0


def main() -> int:
    table = json.loads(Path(sys.argv[1]).read_text())
    stages = [[_spec(row) for row in stage] for stage in table["stages"]]
    console = Console()

    def tell() -> bool:
        console.plain("everything is up")
        return True

    return Supervisor(stages, console=console, grace_seconds=table["grace_seconds"], when_up=tell).run()


if __name__ == "__main__":
    sys.exit(main())
