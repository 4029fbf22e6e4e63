"""Reaching Redis: by every form of address, with a bound on each wait, and only one that forgets nothing."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from adapters.rq_jobs.embedded_redis import EmbeddedRedis
from adapters.rq_jobs.queues import RedisUrlError, connect, redis_policy
from tests.integration.rq_jobs.conftest import RedisInHand
from tests.waiting import eventually


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def binary(folder: Path) -> str:
    return EmbeddedRedis(folder, folder / "unused.sock").command()[0]


@pytest.fixture
def server_port(tmp_path: Path) -> Iterator[int]:
    port = free_port()
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    yield from _served([binary(tmp_path), *arguments], port)


@pytest.fixture
def sentinel_port(server_port: int, tmp_path: Path) -> Iterator[int]:
    port = free_port()
    configuration = tmp_path / "sentinel.conf"
    configuration.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\nsentinel monitor dunlin 127.0.0.1 {server_port} 1\n"
    )
    yield from _served([binary(tmp_path), str(configuration), "--sentinel"], port)


def _served(command: list[str], port: int) -> Iterator[int]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with Redis(port=port) as probe:
        eventually(lambda: _answers(probe))
    yield port
    process.terminate()
    process.wait(timeout=10)


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False


def test_a_server_is_reached_by_tcp(server_port: int) -> None:
    with connect(f"redis://127.0.0.1:{server_port}/3") as client:
        client.set("key", "value")

        assert client.info("keyspace")["db3"]["keys"] == 1


def test_a_server_is_reached_by_its_socket(redis_in_hand: RedisInHand) -> None:
    with connect(redis_in_hand.url) as client:
        assert client.ping()


def test_the_master_is_found_through_sentinel(sentinel_port: int, server_port: int) -> None:
    nobody = free_port()

    with connect(f"redis+sentinel://127.0.0.1:{nobody},127.0.0.1:{sentinel_port}/dunlin/2") as client:
        client.set("key", "value")
        found = client.info("keyspace"), client.info("server")["tcp_port"]

    assert (found[0]["db2"]["keys"], found[1]) == (1, server_port)


def test_a_service_that_sentinel_does_not_know_is_an_error_of_redis(sentinel_port: int) -> None:
    with connect(f"redis+sentinel://127.0.0.1:{sentinel_port}/unknown") as client, pytest.raises(RedisError):
        client.ping()


def test_sentinel_may_ask_for_a_name_and_a_password() -> None:
    with connect("redis+sentinel://dunlin:p%40ss@127.0.0.1:26379/dunlin/1") as client:
        given = client.connection_pool.connection_kwargs

    assert (given["username"], given["password"], given["db"]) == ("dunlin", "p@ss", 1)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:6379",
        "127.0.0.1:6379",
        "",
        "redis://127.0.0.1:port/0",
        "redis+sentinel://:s3cret@127.0.0.1:26379",
        "redis+sentinel://:s3cret@127.0.0.1:port/dunlin",
        "redis+sentinel://127.0.0.1:26379/dunlin/first",
        "redis+sentinel:///dunlin",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_without_telling_secrets(url: str) -> None:
    with pytest.raises(RedisUrlError, match="it must read redis://") as refused:
        connect(url)

    assert "s3cret" not in str(refused.value)


def test_a_server_that_does_not_answer_is_given_up_soon(redis_in_hand: RedisInHand) -> None:
    redis_in_hand.freeze()
    began_at = time.monotonic()

    with connect(redis_in_hand.url) as client, pytest.raises(RedisError):
        client.ping()

    assert time.monotonic() - began_at < 0.5


def test_a_server_that_forgets_nothing_is_fine(redis_in_hand: RedisInHand) -> None:
    with connect(redis_in_hand.url) as client:
        assert redis_policy(client) is None


def test_a_server_that_may_drop_jobs_is_told_by_its_policy(redis_in_hand: RedisInHand) -> None:
    with connect(redis_in_hand.url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")

        assert redis_policy(client) == "allkeys-lru"
