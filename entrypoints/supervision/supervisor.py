"""Starts a table of processes stage by stage, keeps them running, and leaves none behind.

honcho prints the lines; it ends everything when one process ends, so the rest is ours (docs/decisions/0002).
"""

import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from entrypoints.supervision.child import Child, Output
from entrypoints.supervision.console import Console
from entrypoints.supervision.process_spec import ProcessSpec
from entrypoints.supervision.sessions import kill_all, signal_leaders
from entrypoints.supervision.watchdog import Watchdog

NAME = "dunlin"

_BUSY_SECONDS = 0.02
_IDLE_SECONDS = 1.0
_KILL_SECONDS = 5.0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Runs until it gets SIGINT, SIGTERM or SIGHUP, or until the start fails.

    A stage begins when all processes of the one before are up. They stop in the opposite order, each stage within
    `grace_seconds`, then by SIGKILL; a second signal shortens that to nothing. `when_up` is asked again and again once
    all have started, until it says True. `held_files` (a lock) stay open until every process is gone, even when we are
    killed.
    """

    def __init__(
        self,
        stages: Sequence[Sequence[ProcessSpec]],
        *,
        console: Console,
        grace_seconds: float = 10.0,
        when_up: Callable[[], bool] = lambda: True,
        held_files: tuple[int, ...] = (),
    ) -> None:
        self._stages = [[Child(spec) for spec in stage] for stage in stages]
        self._console = console
        self._grace_seconds = grace_seconds
        self._when_up = when_up
        self._watchdog = Watchdog(grace_seconds=grace_seconds, held_files=held_files)
        self._selector = selectors.DefaultSelector()
        self._started_stages = 0
        self._stage_started_at = 0.0
        self._is_announced = False
        self._signals_received = 0
        self._failure: str | None = None

    def run(self) -> int:
        """Supervise, then stop everything. The exit status: 0 when told to stop, 1 when the start failed."""
        with self._signals_wake_us():
            try:
                while not self._signals_received and self._failure is None:
                    self._advance()
                    self._notice_ends()
                    self._restart_due()
                    self._tell_watchdog()
                    self._read_output(self._pause_seconds())
            finally:
                self._stop_all()
        if self._failure is not None:
            self._console.plain(f"Error: {self._failure}")
            return 1
        return 0

    @property
    def _children(self) -> list[Child]:
        return [child for stage in self._stages[: self._started_stages] for child in stage]

    def _advance(self) -> None:
        """Begin the next stage when this one is up; fail when it takes too long."""
        current = self._stages[self._started_stages - 1] if self._started_stages else []
        late = time.monotonic() - self._stage_started_at
        for child in current if self._started_stages < len(self._stages) else []:
            if not child.is_up:
                if late > child.spec.ready_within_seconds:
                    self._failure = f"{child.spec.name} was not ready after {late:.0f} s; the lines above say why"
                return
        if self._started_stages < len(self._stages):
            self._stage_started_at = time.monotonic()
            self._started_stages += 1
            for child in self._stages[self._started_stages - 1]:
                error = self._start(child)
                self._failure = self._failure or error
        elif not self._is_announced:
            self._is_announced = self._when_up()

    def _start(self, child: Child) -> str | None:
        """Start it; the reason when that cannot be."""
        try:
            child.start()
        except Exception as error:  # noqa: BLE001 - whatever a preparation raises, the others must go on
            return f"{child.spec.name} cannot start: {error}"
        self._tell_watchdog()  # at once: we may be killed before the next round
        output = Output(child)
        self._selector.register(output.pipe, selectors.EVENT_READ, output)
        return None

    def _notice_ends(self) -> None:
        for child in self._children:
            status = child.ended_with()
            if status is None or child.is_done:
                continue
            if child.spec.once:
                self._failure = f"{child.spec.name} {_describe(status)}; the lines above say why"
                return
            pause_seconds = child.plan_restart()
            self._console.log(NAME, f"{child.spec.name} {_describe(status)}; again in {pause_seconds:g} s")

    def _restart_due(self) -> None:
        for child in self._children:
            if child.may_start() and (error := self._start(child)):
                self._console.log(NAME, f"{error}; again in {child.plan_restart():g} s")

    def _pause_seconds(self) -> float:
        if not self._is_announced or any(child.restart_at is not None for child in self._children):
            return _BUSY_SECONDS
        return _IDLE_SECONDS

    def _read_output(self, within_seconds: float) -> None:
        for key, _ in self._selector.select(within_seconds):
            if not isinstance(key.data, Output):
                with suppress(BlockingIOError):
                    os.read(key.fd, 4096)
                continue
            lines, is_closed = key.data.read()
            for line in lines:
                self._print(key.data.spec, line)
            if is_closed:
                self._selector.unregister(key.fileobj)

    def _print(self, spec: ProcessSpec, line: bytes) -> None:
        if not spec.is_worth_printing(line):
            return
        if spec.plain_output:
            self._console.plain(line)
        else:
            self._console.log(spec.name, line)

    def _stop_all(self) -> None:
        stages = [self._stages[number] for number in range(self._started_stages)]
        if self._signals_received:
            self._console.log(NAME, "stopping")
        for stage in reversed(stages):
            self._stop_stage(stage)
        self._watchdog.end()
        self._read_output(0)
        self._selector.close()

    def _stop_stage(self, stage: list[Child]) -> None:
        """Ask, wait, kill. A leader that is gone cannot be asked: what it left behind has the grace time to finish."""
        signals_before = self._signals_received
        started_at = time.monotonic()
        signal_leaders(_stop_signals(stage))
        while sessions := set(_stop_signals(stage)):
            waited_seconds = time.monotonic() - started_at
            if waited_seconds > self._grace_seconds + _KILL_SECONDS:
                self._console.log(NAME, f"processes {sorted(sessions)} cannot be killed")
                return
            if waited_seconds > self._grace_seconds or self._signals_received > max(signals_before, 1):
                kill_all(sessions)
            self._read_output(_BUSY_SECONDS)
            for child in stage:
                child.forget_empty_sessions()
        for child in stage:
            child.reap()

    def _tell_watchdog(self) -> None:
        self._watchdog.tell(_stop_signals(self._children))

    @contextmanager
    def _signals_wake_us(self) -> Iterator[None]:
        """Signals, also that a child ended, interrupt the wait for output."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        self._selector.register(ours, selectors.EVENT_READ, None)
        former_wakeup = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        former = {number: signal.getsignal(number) for number in (*_STOP_SIGNALS, signal.SIGCHLD)}
        for number in _STOP_SIGNALS:
            if not (number == signal.SIGHUP and former[number] == signal.SIG_IGN):  # `nohup dunlin up` goes on
                signal.signal(number, self._count_signal)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(former_wakeup)
            ours.close()
            theirs.close()

    def _count_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals_received += 1


def _stop_signals(children: Sequence[Child]) -> dict[int, int]:
    return {session: child.spec.stop_signal for child in children for session in child.sessions}


def _describe(status: int) -> str:
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with exit status {status}"
