"""A small process that stops the children when their supervisor was killed and could not do it itself.

`python -m entrypoints.supervision.watchdog GRACE_SECONDS` reads lines from its standard input, each the JSON object
{session: stop signal} of all that runs now. When the input ends, the supervisor is gone; what the last line named is
stopped. A supervisor that ends properly names nothing in its last line.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

from setproctitle import setproctitle

from entrypoints.supervision.sessions import kill_all, pids_in, signal_leaders

_POLL_SECONDS = 0.05


class Watchdog:
    """The supervisor's end of the line."""

    def __init__(self, *, grace_seconds: float, held_files: tuple[int, ...] = ()) -> None:
        """`held_files` stay open in the watchdog, so that a lock lasts until the children are gone."""
        self._command = [sys.executable, "-m", "entrypoints.supervision.watchdog", str(grace_seconds)]
        self._held_files = held_files
        self._process: subprocess.Popen[bytes] | None = None
        self._line = b"{}\n"

    def tell(self, stop_signals: Mapping[int, int]) -> None:
        """Say what runs now. A watchdog that died is replaced."""
        line = json.dumps({str(session): int(number) for session, number in stop_signals.items()}).encode() + b"\n"
        if line == self._line and self._process is not None and self._process.poll() is None:
            return
        self._line = line
        if not self._written():
            self._start()
            self._written()

    def end(self) -> None:
        """Dismiss it: nothing runs any more."""
        self.tell({})
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, start_new_session=True, pass_fds=self._held_files
        )

    def _written(self) -> bool:
        if self._process is None or self._process.stdin is None:
            return False
        try:
            self._process.stdin.write(self._line)
            self._process.stdin.flush()
        except OSError:
            with suppress(OSError):
                self._process.stdin.close()
            self._process.wait()
            return False
        return True


def stop(stop_signals: Mapping[int, int], *, grace_seconds: float) -> None:
    """Ask the leaders of the sessions to end, and kill what is left after the grace time."""
    signal_leaders(stop_signals)
    pause = threading.Event()
    give_up_at = time.monotonic() + grace_seconds
    while pids_in(stop_signals):
        if time.monotonic() > give_up_at:
            kill_all(stop_signals)
        pause.wait(_POLL_SECONDS)


def main() -> None:
    """Wait for the end of the supervisor."""
    setproctitle("dunlin watchdog")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    last_line = "{}"
    for line in sys.stdin:
        if line.endswith("\n"):  # a supervisor that is killed while it writes leaves half a line
            last_line = line
    stop({int(session): number for session, number in json.loads(last_line).items()}, grace_seconds=float(sys.argv[1]))
    os._exit(0)


if __name__ == "__main__":
    main()
