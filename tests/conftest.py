"""Fixtures for every test: servers, databases, Redis; and the rule that nothing is skipped."""

import os
from collections.abc import Callable, Generator, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.servers import TestRun

_run_key = pytest.StashKey[TestRun]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[_run_key] = TestRun.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    if _run_key in config.stash:
        config.stash[_run_key].end()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses the servers of the run can be repeated on others: `pytest -m servers`."""
    for item in items:
        if "test_run" in getattr(item, "fixturenames", ()):
            item.add_marker("servers")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that is skipped or expected to fail proves nothing, so it fails the run."""
    report = yield
    if report.skipped or hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"no test may be skipped or expected to fail: {report.longrepr}"
        report.__dict__.pop("wasxfail", None)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole file."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"no test may be skipped: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def test_run() -> TestRun:
    return TestRun.current()


@pytest.fixture(scope="session")
def new_database(test_run: TestRun) -> Iterator[Callable[[], str]]:
    """Makes an empty database of its own at each call and gives its address."""
    urls: list[str] = []

    def make() -> str:
        urls.append(test_run.new_database())
        return urls[-1]

    yield make
    for url in urls:
        test_run.drop_database(url)


@pytest.fixture(scope="session")
def migrated_database(test_run: TestRun) -> Iterator[Callable[[], str]]:
    """Makes a database with the current schema at each call and gives its address."""
    urls: list[str] = []

    def make() -> str:
        urls.append(test_run.migrated_database())
        return urls[-1]

    yield make
    for url in urls:
        test_run.drop_database(url)


@pytest.fixture(scope="module")
def database_url(migrated_database: Callable[[], str]) -> str:
    """A database with the current schema, for the tests of one file."""
    return migrated_database()


@pytest.fixture
def redis_url(test_run: TestRun) -> str:
    """An empty Redis database that no other process of the run uses. FLUSHDB is yours, FLUSHALL is not."""
    import redis  # noqa: PLC0415 - unit tests run without it

    url = urlsplit(test_run.redis_url())
    worker_number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    if url.scheme == "unix":
        first = int(parse_qs(url.query).get("db", ["0"])[0])
        own_url = f"unix://{url.path}?db={first + worker_number}"
    else:
        first = int(url.path.lstrip("/") or "0")
        own_url = url._replace(path=f"/{first + worker_number}").geturl()
    with redis.Redis.from_url(own_url) as client:
        client.flushdb()
    return own_url
