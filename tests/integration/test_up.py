"""`dunlin up`: what stands in its way, and the real servers under its care."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from entrypoints.home import Home
from entrypoints.home_lock import home_lock
from tests.processes import lives
from tests.servers import PROJECT
from tests.waiting import eventually

SERVERS_ALONE = """
import os, sys
from entrypoints.home_lock import home_lock
from entrypoints.process_table import process_stages
from entrypoints.settings import Settings
from entrypoints.supervision.console import Console
from entrypoints.supervision.supervisor import Supervisor

settings = Settings.from_env(os.environ)
console = Console()
with home_lock(settings.home.lock_path, on_wait=lambda: console.plain("waits")) as lock:
    sys.exit(Supervisor(process_stages(settings)[:1], console=console, grace_seconds=5, held_files=(lock,)).run())
"""


@pytest.fixture
def home() -> Iterator[Home]:
    with tempfile.TemporaryDirectory(prefix="dunlin-") as folder:
        yield Home(Path(folder) / "home")


@pytest.fixture
def serve(home: Home) -> Iterator[Callable[[], psutil.Process]]:
    """Start a supervisor over the two servers and wait until both answer."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> psutil.Process:
        environ = {**os.environ, "DUNLIN_HOME": str(home.folder)}
        started.append(subprocess.Popen([sys.executable, "-c", SERVERS_ALONE], cwd=PROJECT, env=environ))
        eventually(lambda: answers(home), within_seconds=20)
        return psutil.Process(started[-1].pid)

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=20)


def answers(home: Home) -> bool:
    with suppress(psycopg.OperationalError, redis.ConnectionError):
        return postgres_says(home, "select 1") == 1 and redis.Redis.from_url(home.redis_url).ping() is True
    return False


def postgres_says(home: Home, query: str) -> object:
    url = home.postgres_url.replace("/dunlin?", "/postgres?")
    with psycopg.connect(url, connect_timeout=2) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row and row[0]


def server_pid(supervisor: psutil.Process, name: str) -> int:
    for child in supervisor.children():
        with suppress(psutil.NoSuchProcess):  # it ended after it was listed
            if name in child.name():
                return child.pid
    return 0


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_a_killed_server_is_restarted_and_answers_again(
    serve: Callable[[], psutil.Process], home: Home, name: str
) -> None:
    supervisor = serve()
    first_pid = server_pid(supervisor, name)

    os.kill(first_pid, signal.SIGKILL)

    eventually(lambda: server_pid(supervisor, name) not in {0, first_pid}, within_seconds=5)
    assert eventually(lambda: answers(home), within_seconds=5)


def test_data_is_kept_when_the_server_is_killed(serve: Callable[[], psutil.Process], home: Home) -> None:
    supervisor = serve()
    with psycopg.connect(home.postgres_url.replace("/dunlin?", "/postgres?"), autocommit=True) as connection:
        connection.execute("create table notes as select 'kept' as note")

    os.kill(server_pid(supervisor, "postgres"), signal.SIGKILL)

    eventually(lambda: not answers(home))
    eventually(lambda: answers(home), within_seconds=10)
    assert postgres_says(home, "select note from notes") == "kept"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_no_server_is_left_after_a_signal(
    serve: Callable[[], psutil.Process], home: Home, number: signal.Signals
) -> None:
    supervisor = serve()
    everything = supervisor.children(recursive=True)

    supervisor.send_signal(number)
    psutil.wait_procs([supervisor], timeout=20)

    assert [process for process in everything if lives(process)] == []


def test_a_start_right_after_a_kill_waits_and_keeps_the_data(serve: Callable[[], psutil.Process], home: Home) -> None:
    killed = serve()
    servers = killed.children(recursive=True)
    with psycopg.connect(home.postgres_url.replace("/dunlin?", "/postgres?"), autocommit=True) as connection:
        connection.execute("create table notes as select 'kept' as note")
    killed.kill()

    serve()

    eventually(lambda: not any(map(lives, servers)), within_seconds=10)
    eventually(lambda: answers(home), within_seconds=10)
    assert postgres_says(home, "select note from notes") == "kept"


def test_a_start_after_everything_but_the_servers_was_killed_takes_over(
    serve: Callable[[], psutil.Process], home: Home
) -> None:
    killed = serve()
    servers = [child for child in killed.children() if child.name() in {"postgres", "redis-server"}]
    for process in (*(child for child in killed.children() if child not in servers), killed):
        process.kill()
    psutil.wait_procs([killed], timeout=5)

    serve()

    assert len(servers) == 2
    eventually(lambda: not any(map(lives, servers)))


def dunlin_up(home: Home, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "entrypoints.cli", "up"],
        cwd=PROJECT,
        env={**os.environ, "DUNLIN_HOME": str(home.folder), **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("setting", ["DUNLIN_PORT", "DUNLIN_SANDBOX_PORT"])
def test_a_taken_port_is_one_line_and_starts_nothing(home: Home, taken_port: int, setting: str) -> None:
    ended = dunlin_up(home, **{setting: str(taken_port)})

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith(f"Error: port {taken_port} on 127.0.0.1 is taken by process {os.getpid()}")
    assert f"set {setting} to a free one" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not home.postgres_data_dir.exists()


def test_an_unknown_host_is_one_line(home: Home) -> None:
    ended = dunlin_up(home, DUNLIN_HOST="no.such.host.invalid")

    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: the host 'no.such.host.invalid' is not known")
    assert ended.stderr.count("\n") == 1


def test_a_second_start_in_the_same_home_is_one_line(home: Home) -> None:
    with home_lock(home.lock_path):
        ended = dunlin_up(home)

    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Error: Dunlin runs already in {home.folder} (process {os.getpid()})")
    assert ended.stderr.count("\n") == 1


def test_a_home_that_cannot_be_made_is_one_line(home: Home) -> None:
    home.folder.write_text("a file, not a folder")

    ended = dunlin_up(home)

    assert ended.returncode == 1
    assert str(home.folder) in ended.stderr
    assert ended.stderr.count("\n") == 1
