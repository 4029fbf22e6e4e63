"""Both adapters of the storage ports behind one fixture; a test never learns which it has."""

import pytest

from ports.unit_of_work import UnitOfWork
from tests.storage import empty_sql_uow, sql_uow, unit_of_work, with_two_firms

__all__ = ["empty_sql_uow", "sql_uow"]


@pytest.fixture(params=["memory", "postgres"])
def empty_uow(request: pytest.FixtureRequest) -> UnitOfWork:
    """Nothing in it."""
    return unit_of_work(request)


@pytest.fixture
def uow(empty_uow: UnitOfWork) -> UnitOfWork:
    """Two firms in it, each with a client."""
    return with_two_firms(empty_uow)
