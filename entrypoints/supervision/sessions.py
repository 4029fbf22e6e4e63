"""Sessions of processes: each child leads one, and what it forks stays in it, whichever group it joins."""

import os
import signal
from collections.abc import Collection, Mapping

import psutil


def pids_in(sessions: Collection[int]) -> list[int]:
    """The processes at work in these sessions; those that ended and wait to be reaped do not count."""
    return [pid for pid in psutil.pids() if _session_of(pid) in sessions and not _is_zombie(pid)]


def signal_leaders(stop_signals: Mapping[int, int]) -> None:
    """Send each session's leader its signal. Leaders pass it on as they see fit: a worker lets its job finish."""
    for session, number in stop_signals.items():
        if _session_of(session) == session:
            _send(session, number)


def kill_all(sessions: Collection[int]) -> None:
    """End at once whatever is left in these sessions."""
    for pid in pids_in(sessions):
        _send(pid, signal.SIGKILL)


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _is_zombie(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return True


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it ended in the meantime, which is what we wanted
