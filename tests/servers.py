"""The PostgreSQL and the Redis of one test run, shared by all its worker processes.

The first test that asks starts a keeper (`python -m tests.servers`), which runs both servers until the run ends, also
when the run is killed. `TEST_DATABASE_URL` and `TEST_REDIS_URL` name servers that run already.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psutil

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.rq_jobs.embedded_redis import EmbeddedRedis
from tests.waiting import eventually

PROJECT = Path(__file__).resolve().parent.parent
_RUN_DIR_VARIABLE = "DUNLIN_TEST_RUN_DIR"
_OWNER_POLL_SECONDS = 0.5
_keepers: list[subprocess.Popen[bytes]] = []  # held, since a Popen that is dropped while it runs is a ResourceWarning


@dataclass(frozen=True, slots=True)
class TestRun:
    """What the processes of one run share: a folder, and whatever servers were started for it."""

    __test__ = False
    folder: Path

    @classmethod
    def begin(cls) -> "TestRun":
        """Called once, by the process that started the run; its workers inherit the environment."""
        folder = Path(tempfile.mkdtemp(prefix="dunlin-tests-"))
        os.environ[_RUN_DIR_VARIABLE] = str(folder)
        return cls(folder)

    @classmethod
    def current(cls) -> "TestRun":
        return cls(Path(os.environ[_RUN_DIR_VARIABLE]))

    @property
    def database_prefix(self) -> str:
        """The names of all databases of this run begin so."""
        return f"{self.folder.name.replace('-', '_')}_".lower()

    def end(self) -> None:
        """Stop the servers and remove all that the run made, on servers of others too."""
        keeper_file = self.folder / "keeper.pid"
        if keeper_file.exists() and psutil.pid_exists(pid := int(keeper_file.read_text())):
            keeper = psutil.Process(pid)
            keeper.terminate()
            psutil.wait_procs([keeper], timeout=60)
        if "TEST_DATABASE_URL" in os.environ:
            self._drop_databases(os.environ["TEST_DATABASE_URL"])
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def only_one_makes(self, what: str) -> Iterator[None]:
        """Held by one process of the run."""
        with (self.folder / f"{what}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def postgres_url(self) -> str:
        return os.environ.get("TEST_DATABASE_URL") or str(self._kept_servers()["postgres"])

    def redis_url(self) -> str:
        return os.environ.get("TEST_REDIS_URL") or str(self._kept_servers()["redis"])

    def new_database(self, *, template: str = "template1") -> str:
        """The address of a database of its own for whoever asks."""
        return self._created(f"{self.database_prefix}{uuid4().hex[:12]}", template)

    def migrated_database(self) -> str:
        """The same with the schema up to date: a copy of one that was migrated once in this run."""
        name = f"{self.database_prefix}template"
        with self.only_one_makes("template"):
            if not (self.folder / "template-is-ready").exists():
                self._migrate(self._created(name, "template1"))
                (self.folder / "template-is-ready").touch()
        return self.new_database(template=name)

    def drop_database(self, url: str) -> None:
        self._execute(f'drop database if exists "{urlsplit(url).path[1:]}" with (force)')

    def _created(self, name: str, template: str) -> str:
        self._execute(f'create database "{name}" template "{template}"')
        return with_database(self.postgres_url(), name)

    def _migrate(self, url: str) -> None:
        """In a process of its own, because nobody may be connected to a template."""
        program = "import sys; from adapters.postgres.migrate import upgrade; upgrade(sys.argv[1])"
        subprocess.run([sys.executable, "-c", program, url], cwd=PROJECT, check=True, timeout=120)

    def _execute(self, statement: str) -> None:
        import psycopg  # noqa: PLC0415 - unit tests run without it

        with psycopg.connect(self.postgres_url(), autocommit=True, connect_timeout=10) as connection:
            connection.execute(statement.encode())

    def _drop_databases(self, server_url: str) -> None:
        import psycopg  # noqa: PLC0415 - unit tests run without it

        with psycopg.connect(server_url, autocommit=True, connect_timeout=10) as connection:
            names = connection.execute(
                "select datname from pg_database where starts_with(datname, %s)", [self.database_prefix]
            ).fetchall()
        for (name,) in names:
            self.drop_database(with_database(server_url, name))

    def _kept_servers(self) -> dict[str, Any]:
        with self.only_one_makes("servers"):
            addresses = self.folder / "servers.json"
            if not addresses.exists():
                self._start_keeper(addresses)
            return dict(json.loads(addresses.read_text()))

    def _start_keeper(self, addresses: Path) -> None:
        owner_pid = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
        log_path = self.folder / "keeper.log"
        with log_path.open("wb") as log:
            command = [sys.executable, "-m", "tests.servers", str(self.folder), str(owner_pid)]
            keeper = subprocess.Popen(
                command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        _keepers.append(keeper)
        (self.folder / "keeper.pid").write_text(str(keeper.pid))
        eventually(lambda: addresses.exists() or keeper.poll() is not None, within_seconds=60)
        assert addresses.exists(), log_path.read_text()


def with_database(server_url: str, name: str) -> str:
    """The address of another database of the same server."""
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


def keep(folder: Path, owner: psutil.Process) -> None:
    """Run both servers until the owner is gone or we are told to stop."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    postgres = EmbeddedPostgres(folder / "postgres")
    redis = EmbeddedRedis(folder / "redis", folder / "redis.sock")
    with postgres.running(), redis.running():
        unfinished = folder / "servers.json.new"
        unfinished.write_text(json.dumps({"postgres": postgres.url(), "redis": redis.url}))
        unfinished.rename(folder / "servers.json")
        while not stop.wait(_OWNER_POLL_SECONDS):
            if not owner.is_running():
                break
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    keep(Path(sys.argv[1]), psutil.Process(int(sys.argv[2])))
