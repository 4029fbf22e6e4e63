"""One `dunlin up` for each DUNLIN_HOME."""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

_CLEAN_UP_SECONDS = 30.0
_POLL_SECONDS = 0.1


class HomeInUseError(Exception):
    """Another supervisor runs in this folder; the message names its process."""


@contextmanager
def home_lock(path: Path, *, on_wait: Callable[[], None] = lambda: None) -> Iterator[int]:
    """Hold the folder; gives the file descriptor, which keeps it as long as any process has it open.

    When the holder was killed, its watchdog keeps the lock while it stops what was left: that is waited for.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(descriptor, path, on_wait)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, on_wait: Callable[[], None]) -> None:
    pause = threading.Event()
    give_up_at = time.monotonic() + _CLEAN_UP_SECONDS
    is_waiting = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode().strip()
            if _is_alive(holder) or time.monotonic() > give_up_at:
                raise HomeInUseError(
                    f"Dunlin runs already in {path.parent} (process {holder or 'unknown'}): "
                    "stop it first, or set DUNLIN_HOME to another folder"
                ) from None
        else:
            return
        if not is_waiting:
            is_waiting = True
            on_wait()
        pause.wait(_POLL_SECONDS)


def _is_alive(holder: str) -> bool:
    try:
        return psutil.Process(int(holder)).status() != psutil.STATUS_ZOMBIE
    except (ValueError, psutil.Error):
        return False
