"""The supervisor over real processes and real signals."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest

from tests.processes import lives
from tests.servers import PROJECT
from tests.waiting import eventually

WAIT = "import signal; signal.pause()"
DEAF = """
import signal
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
print("deaf", flush=True)
while True:
    signal.pause()
"""
POLITE = """
import pathlib, signal, sys
def say_bye(*_):
    print("bye", flush=True)
    sys.exit(0)
signal.signal(signal.{signal}, say_bye)
pathlib.Path({ready_file!r}).touch()
signal.pause()
"""
FORKING = """
import os, signal
if os.fork() == 0:
    os.setpgrp()
signal.pause()
"""


@dataclass
class Supervised:
    """A running supervisor, what it printed, and the processes that carry its mark."""

    process: subprocess.Popen[str]
    log: Path
    mark: str

    def output(self) -> str:
        return self.log.read_text()

    def says(self, text: str) -> bool:
        return text in self.output()

    def pids(self, name: str = "") -> list[int]:
        """Processes of one row of the table, the supervisor itself not among them."""
        return [
            process.pid
            for process in psutil.process_iter()
            if process.pid != self.process.pid and _carries(process, f"{self.mark}:{name}")
        ]

    def only_pid(self, name: str) -> int:
        return eventually(lambda: (pids := self.pids(name)) and len(pids) == 1 and pids[0])

    def everything(self) -> list[psutil.Process]:
        """All that the supervisor started, its watchdog too."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, number: int = signal.SIGTERM, *, within_seconds: float = 10.0) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=within_seconds)


def _carries(process: psutil.Process, mark: str) -> bool:
    try:
        return any(part.startswith(mark) for part in process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


class Rows:
    """Rows of the process table: small Python programs that carry the test's mark."""

    def __init__(self) -> None:
        self.mark = f"mark-{uuid4().hex}"

    def row(self, name: str, program: str, **fields: Any) -> dict[str, Any]:
        return {"name": name, "argv": [sys.executable, "-c", program, f"{self.mark}:{name}"], **fields}


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.fixture
def supervise(tmp_path: Path, rows: Rows) -> Iterator[Callable[..., Supervised]]:
    started: list[Supervised] = []

    def start(*stages: list[dict[str, Any]], grace_seconds: float = 5.0) -> Supervised:
        table = tmp_path / "table.json"
        table.write_text(json.dumps({"stages": stages, "grace_seconds": grace_seconds}))
        log = tmp_path / "log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.supervised_program", str(table)],
                cwd=PROJECT,
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        started.append(Supervised(process, log, rows.mark))
        return started[-1]

    yield start
    for supervised in started:
        supervised.process.kill()
        supervised.process.wait()
        for pid in supervised.pids():
            os.kill(pid, signal.SIGKILL)


Supervise = Callable[..., Supervised]


def test_a_killed_child_is_restarted(supervise: Supervise, rows: Rows) -> None:
    supervised = supervise([rows.row("web", WAIT)])
    first_pid = supervised.only_pid("web")
    killed_at = time.monotonic()

    os.kill(first_pid, signal.SIGKILL)

    second_pid = eventually(lambda: next((pid for pid in supervised.pids("web") if pid != first_pid), 0))
    assert second_pid
    assert 0.5 <= time.monotonic() - killed_at <= 5.0


def test_a_child_that_ends_by_itself_is_restarted(supervise: Supervise, rows: Rows) -> None:
    supervised = supervise([rows.row("sweep", "print('one round')")])

    eventually(lambda: supervised.output().count("one round") >= 2)


def test_a_child_that_keeps_ending_waits_longer_each_time(supervise: Supervise, rows: Rows) -> None:
    supervised = supervise([rows.row("web", "raise SystemExit(3)")])

    for pause in ("0.5", "1", "2"):
        told = f"web ended with exit status 3; again in {pause} s"
        eventually(lambda told=told: supervised.says(told), within_seconds=10)


def test_the_others_go_on_while_one_is_restarted(supervise: Supervise, rows: Rows) -> None:
    supervised = supervise([rows.row("web", WAIT), rows.row("sweep", WAIT)])
    web_pid, sweep_pid = supervised.only_pid("web"), supervised.only_pid("sweep")

    os.kill(sweep_pid, signal.SIGKILL)
    eventually(lambda: supervised.pids("sweep") not in ([], [sweep_pid]))

    assert supervised.pids("web") == [web_pid]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_no_process_is_left_after_a_signal(supervise: Supervise, rows: Rows, number: signal.Signals) -> None:
    supervised = supervise(
        [rows.row("server", WAIT)], [rows.row("web", FORKING), rows.row("worker", FORKING)], grace_seconds=0.5
    )
    eventually(lambda: len(supervised.pids()) == 5)
    everything = supervised.everything()

    status = supervised.stop(number)

    assert status == 0
    assert [process for process in everything if lives(process)] == []


def test_no_process_is_left_when_the_supervisor_is_killed(supervise: Supervise, rows: Rows) -> None:
    supervised = supervise([rows.row("server", WAIT)], [rows.row("web", FORKING)], grace_seconds=0.5)
    eventually(lambda: len(supervised.pids()) == 3)
    everything = supervised.everything()

    supervised.process.kill()
    supervised.process.wait()

    eventually(lambda: not any(map(lives, everything)), within_seconds=10)


def test_no_process_is_left_when_a_watchdog_was_killed_before(supervise: Supervise, rows: Rows) -> None:
    supervised = supervise([rows.row("web", WAIT)], grace_seconds=0.5)
    supervised.only_pid("web")
    watchdog = eventually(lambda: _watchdogs(supervised))[0]
    watchdog.kill()
    eventually(lambda: _watchdogs(supervised) not in ([], [watchdog]))
    everything = supervised.everything()

    supervised.process.kill()
    supervised.process.wait()

    eventually(lambda: not any(map(lives, everything)), within_seconds=10)


def _watchdogs(supervised: Supervised) -> list[psutil.Process]:
    return [process for process in supervised.everything() if lives(process) and "dunlin watchdog" in _title(process)]


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def test_a_child_that_does_not_listen_is_killed_after_the_grace_time(supervise: Supervise, rows: Rows) -> None:
    supervised = supervise([rows.row("deaf", DEAF)], grace_seconds=0.5)
    eventually(lambda: supervised.says("| deaf"))
    deaf_pid = supervised.only_pid("deaf")

    supervised.stop()

    assert not psutil.pid_exists(deaf_pid)


def test_a_second_signal_does_not_wait_for_the_grace_time(supervise: Supervise, rows: Rows) -> None:
    supervised = supervise([rows.row("deaf", DEAF)], grace_seconds=60)
    eventually(lambda: supervised.says("| deaf"))
    supervised.process.send_signal(signal.SIGINT)
    eventually(lambda: supervised.says("stopping"))

    status = supervised.stop(signal.SIGINT, within_seconds=10)

    assert status == 0
    assert supervised.pids() == []


def test_a_child_is_asked_with_its_own_signal(supervise: Supervise, rows: Rows, tmp_path: Path) -> None:
    ready_file = tmp_path / "ready"
    program = POLITE.format(signal="SIGINT", ready_file=str(ready_file))
    supervised = supervise([rows.row("server", program, stop_signal=signal.SIGINT)])
    eventually(ready_file.exists)

    supervised.stop()

    assert supervised.says("bye")


def test_the_last_stage_stops_first(supervise: Supervise, rows: Rows, tmp_path: Path) -> None:
    server_file, web_file = str(tmp_path / "server"), str(tmp_path / "web")
    supervised = supervise(
        [rows.row("server", POLITE.format(signal="SIGTERM", ready_file=server_file), ready_file=server_file)],
        [rows.row("web", POLITE.format(signal="SIGTERM", ready_file=web_file))],
    )
    eventually(Path(web_file).exists)

    supervised.stop()

    byes = [line for line in supervised.output().splitlines() if line.endswith("bye")]
    assert [line.split()[1] for line in byes] == ["web", "server"]


def test_a_stage_begins_when_the_one_before_is_ready(supervise: Supervise, rows: Rows, tmp_path: Path) -> None:
    ready_file = tmp_path / "ready"
    supervised = supervise([rows.row("server", WAIT, ready_file=str(ready_file))], [rows.row("web", WAIT)])
    supervised.only_pid("server")
    assert supervised.pids("web") == []

    ready_file.touch()

    assert supervised.only_pid("web")


def test_a_server_that_never_gets_ready_ends_the_start_with_one_line(
    supervise: Supervise, rows: Rows, tmp_path: Path
) -> None:
    never = str(tmp_path / "never")
    supervised = supervise(
        [rows.row("server", WAIT, ready_file=never, ready_within_seconds=0.3)], [rows.row("web", WAIT)]
    )

    status = supervised.process.wait(timeout=10)

    assert status == 1
    assert supervised.output().splitlines()[-1].startswith("Error: server was not ready after 0 s")
    assert supervised.pids() == []


def test_a_preparation_that_fails_ends_the_start(supervise: Supervise, rows: Rows) -> None:
    supervised = supervise(
        [rows.row("server", WAIT)], [rows.row("prepare", "raise SystemExit('no')", once=True)], [rows.row("web", WAIT)]
    )

    status = supervised.process.wait(timeout=10)

    assert status == 1
    assert "Error: prepare ended with exit status 1" in supervised.output()
    assert "everything is up" not in supervised.output()
    assert supervised.pids() == []


def test_a_preparation_runs_once(supervise: Supervise, rows: Rows) -> None:
    supervised = supervise(
        [rows.row("prepare", "print('welcome')", once=True, plain_output=True)], [rows.row("web", WAIT)]
    )
    web_pid = supervised.only_pid("web")
    os.kill(web_pid, signal.SIGKILL)
    eventually(lambda: supervised.pids("web") not in ([], [web_pid]))

    assert supervised.output().splitlines().count("welcome") == 1


def test_a_program_that_is_not_there_ends_the_start_with_one_line(supervise: Supervise, rows: Rows) -> None:
    supervised = supervise([{"name": "server", "argv": ["/no/such/program"]}])

    status = supervised.process.wait(timeout=10)

    assert status == 1
    assert "Error: server cannot start: [Errno 2]" in supervised.output()


def test_each_line_is_printed_with_the_name_of_its_process(supervise: Supervise, rows: Rows) -> None:
    supervised = supervise(
        [rows.row("web", "print('hello'); import signal; signal.pause()", env={"PYTHONUNBUFFERED": "1"})]
    )

    eventually(lambda: supervised.says("web | hello"))


ORPHANING = """
import os, signal, sys
if os.fork() == 0:
    os.setpgrp()
    print("orphan", os.getpid(), flush=True)
signal.pause()
"""


def test_a_new_child_waits_until_what_the_old_one_left_is_gone(supervise: Supervise, rows: Rows) -> None:
    supervised = supervise([rows.row("web", ORPHANING)])
    eventually(lambda: len(supervised.pids("web")) == 2)
    former = supervised.pids("web")

    os.kill(min(former), signal.SIGKILL)

    eventually(
        lambda: len(supervised.pids("web")) == 2 and not set(former) & set(supervised.pids("web")), within_seconds=10
    )


def _leader(supervised: Supervised, name: str) -> psutil.Process:
    children = psutil.Process(supervised.process.pid).children()
    return next(process for process in children if process.pid in supervised.pids(name))


def test_what_a_killed_worker_left_may_finish_beside_the_new_one(supervise: Supervise, rows: Rows) -> None:
    supervised = supervise([rows.row("worker", ORPHANING, leftovers_may_finish=True)])
    eventually(lambda: supervised.says("orphan"))
    leader = _leader(supervised, "worker")
    (orphan,) = leader.children()

    leader.kill()
    eventually(lambda: len(supervised.pids("worker")) == 3)

    assert lives(orphan)


def test_what_a_killed_worker_left_is_ended_with_everything_else(supervise: Supervise, rows: Rows) -> None:
    supervised = supervise([rows.row("worker", ORPHANING, leftovers_may_finish=True)], grace_seconds=0.5)
    eventually(lambda: supervised.says("orphan"))
    leader = _leader(supervised, "worker")
    leader.kill()
    eventually(lambda: len(supervised.pids("worker")) == 3)

    supervised.stop()

    assert supervised.pids() == []


def test_a_terminal_that_went_away_does_not_leave_processes_behind(rows: Rows, tmp_path: Path) -> None:
    table = tmp_path / "table.json"
    row = rows.row("web", "import threading\nwhile True: print('line', flush=True); threading.Event().wait(0.05)")
    table.write_text(json.dumps({"stages": [[row]], "grace_seconds": 1}))
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.supervised_program", str(table)], cwd=PROJECT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()

    process.terminate()
    status = process.wait(timeout=10)

    assert status == 0
    assert Supervised(process, tmp_path / "none", rows.mark).pids() == []


FORK_SAYS_WHAT_IT_HAS = """
import os, signal, threading
def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)]
print("files", [number for number in range(512) if is_open(number)])
print("handlers are default", handlers == [signal.SIG_DFL] * 3)
print("leads its session", os.getsid(0) == os.getpid())
print("threads", threading.active_count())
print("asked for", os.environ["ASKED_FOR"])
signal.pause()
"""


@pytest.mark.parametrize(
    "line",
    ["files [0, 1, 2]", "handlers are default True", "leads its session True", "threads 1", "asked for this"],
)
def test_a_fork_keeps_nothing_of_the_supervisor(supervise: Supervise, rows: Rows, line: str) -> None:
    other = rows.row("other", WAIT)
    fork = {"name": "fork", "forked": FORK_SAYS_WHAT_IT_HAS, "env": {"ASKED_FOR": "this"}}

    supervised = supervise([other], [fork])

    eventually(lambda: supervised.says(f"fork | {line}\n"))


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("raise SystemExit(3)", "fork ended with exit status 3"),
        ("raise SystemExit('no')", "fork ended with exit status 1"),
        ("raise SystemExit", "fork ended with exit status 0"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import os; os.kill(os.getpid(), 9)", "fork was killed by SIGKILL"),
    ],
)
def test_the_end_of_a_fork_is_told(supervise: Supervise, program: str, told: str) -> None:
    supervised = supervise([{"name": "fork", "forked": program}])

    eventually(lambda: supervised.says(told))


def test_a_killed_fork_is_restarted(supervise: Supervise) -> None:
    supervised = supervise([{"name": "fork", "forked": "import os, signal; print(os.getpid(), '!'); signal.pause()"}])
    eventually(lambda: supervised.says("!"))
    pid = int(supervised.output().partition("!")[0].split()[-1])

    os.kill(pid, signal.SIGKILL)

    eventually(lambda: supervised.output().count("!") == 2)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_fork_is_left(supervise: Supervise, number: signal.Signals) -> None:
    supervised = supervise([{"name": "fork", "forked": "import signal; print('!'); signal.pause()"}], grace_seconds=0.5)
    eventually(lambda: supervised.says("!"))
    everything = supervised.everything()

    supervised.process.send_signal(number)
    supervised.process.wait(timeout=10)

    eventually(lambda: not any(map(lives, everything)), within_seconds=10)


def test_loading_the_application_starts_no_thread() -> None:
    """Forking with threads around may copy a lock that nobody will ever open."""
    program = "from entrypoints.process_table import load_modules; load_modules(); import threading; "

    loaded = subprocess.run(
        [sys.executable, "-c", f"{program}print(threading.active_count())"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert loaded.stdout == "1\n"
