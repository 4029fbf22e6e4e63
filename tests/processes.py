"""Looking at processes from outside."""

import psutil


def lives(process: psutil.Process) -> bool:
    """Whether it still runs. One that ended and waits to be reaped does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
