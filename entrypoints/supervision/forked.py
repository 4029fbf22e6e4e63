"""A child that is a fork of the supervisor: it begins with all modules loaded, which otherwise each child pays for."""

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from io import FileIO
from typing import IO, NoReturn

_FILES_WHEN_UNLIMITED = 1 << 20

Program = Callable[[], int]


class ForkedProcess:
    """What `subprocess.Popen` offers, as far as a supervisor needs it."""

    def __init__(self, pid: int, stdout: IO[bytes]) -> None:
        self.pid = pid
        self.stdout = stdout
        self._status: int | None = None

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._waited(os.WNOHANG)

    def wait(self) -> int | None:
        """The same, when it has ended."""
        return self._waited(0)

    def _waited(self, options: int) -> int | None:
        if self._status is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status


def fork(program: Program, *, env: Mapping[str, str]) -> ForkedProcess:
    """Run the program in a fork with a session of its own, its output in a pipe. We must have no other threads."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _become(program, writer, env)
    os.close(writer)
    return ForkedProcess(pid, FileIO(reader))


def _become(program: Program, output: int, env: Mapping[str, str]) -> NoReturn:
    """Leave nothing of the supervisor: signals, files, environment. Never returns into its code."""
    status = 1
    try:
        gc.freeze()  # its objects are never collected here: they would close files that are ours by then
        os.setsid()
        _forget_signals()
        _replace_files(output)
        os.environ.update(env)
        status = program()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - the last frame of this process: what is not told here is lost
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(status)


def _forget_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _replace_files(output: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, standard in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, standard)
    limit = os.sysconf("SC_OPEN_MAX")
    os.closerange(3, limit if limit > 0 else _FILES_WHEN_UNLIMITED)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)
