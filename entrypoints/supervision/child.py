"""One supervised process: started, ended, started again with growing pauses."""

import os
import subprocess
import time
from typing import Any

from entrypoints.supervision.console import LineBuffer
from entrypoints.supervision.forked import ForkedProcess, fork
from entrypoints.supervision.process_spec import SUPERVISED_VARIABLE, ProcessSpec
from entrypoints.supervision.sessions import kill_all, pids_in

SHORTEST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0

_STABLE_AFTER_SECONDS = 10.0
_LEFTOVER_SECONDS = 3.0
_READ_BYTES = 64 * 1024


class Child:
    """A row of the process table with what became of it. Times are those of `time.monotonic`."""

    def __init__(self, spec: ProcessSpec) -> None:
        self.spec = spec
        self.process: subprocess.Popen[bytes] | ForkedProcess | None = None
        self.sessions: set[int] = set()
        """Sessions of this row that may still have processes in them, earlier starts' included."""
        self.restart_at: float | None = None
        self.is_done = False
        """A process that runs once has ended well."""
        self._started_at = 0.0
        self._ended_at = 0.0
        self._quick_ends = 0

    @property
    def is_up(self) -> bool:
        """Started, and ready as far as it can be asked."""
        if self.spec.once:
            return self.is_done
        if self.process is None:
            return False
        return self.spec.is_ready is None or self.spec.is_ready()

    def start(self) -> None:
        """Run it in a session of its own, its output in a pipe. Raises OSError and whatever its `prepare` raises."""
        self.restart_at = None
        self._started_at = time.monotonic()
        self.spec.prepare()
        self.process = _started(self.spec)
        self.sessions.add(self.process.pid)

    def ended_with(self) -> int | None:
        """The exit status if it ended since we last asked, negative for a signal; None otherwise."""
        if self.process is None:
            return None
        status = self.process.poll()
        if status is None:
            return None
        self.process = None
        self._ended_at = time.monotonic()
        if self.spec.once and status == 0:
            self.is_done = True
        return status

    def reap(self) -> None:
        """Take note of an end that nobody asked about. Only for a child whose sessions are empty."""
        if self.process is not None:
            self.process.wait()
            self.process = None

    def plan_restart(self) -> float:
        """Set when it starts again, and give the pause in seconds: 0.5, doubled up to 5 while it ends at once."""
        now = time.monotonic()
        self._quick_ends = 0 if now - self._started_at > _STABLE_AFTER_SECONDS else self._quick_ends
        pause_seconds: float = min(SHORTEST_PAUSE_SECONDS * 2.0**self._quick_ends, LONGEST_PAUSE_SECONDS)
        self._quick_ends += 1
        self.restart_at = now + pause_seconds
        return pause_seconds

    def may_start(self) -> bool:
        """Whether its pause is over and nothing of its former life is in the way."""
        now = time.monotonic()
        if self.restart_at is None or now < self.restart_at:
            return False
        self.forget_empty_sessions()
        if self.spec.leftovers_may_finish or not self.sessions:
            return True
        if now > self._ended_at + _LEFTOVER_SECONDS:
            kill_all(self.sessions)
        return False

    def forget_empty_sessions(self) -> None:
        """Numbers of processes are used again, so a session is dropped as soon as nobody is in it."""
        if self.sessions:
            self.sessions = {session for session in self.sessions if pids_in([session])}


def _started(spec: ProcessSpec) -> subprocess.Popen[bytes] | ForkedProcess:
    env = {SUPERVISED_VARIABLE: "1", **spec.env}
    if spec.program is not None:
        return fork(spec.program, env=env)
    options: dict[str, Any] = {
        "env": {**os.environ, **env},
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "start_new_session": True,
        **spec.run_as,
    }
    return subprocess.Popen(spec.argv, **options)


class Output:
    """What one start of a child writes."""

    def __init__(self, child: Child) -> None:
        process = child.process
        if process is None or process.stdout is None:
            raise ValueError("the child has not started")
        self.spec = child.spec
        self.pipe = process.stdout
        os.set_blocking(self.pipe.fileno(), False)
        self._buffer = LineBuffer()

    def read(self) -> tuple[list[bytes], bool]:
        """The lines that are there, and whether the pipe is closed for good."""
        try:
            received = os.read(self.pipe.fileno(), _READ_BYTES)
        except BlockingIOError:
            return [], False
        if received:
            return self._buffer.lines(received), False
        self.pipe.close()
        rest = self._buffer.rest()
        return ([rest] if rest else []), True
