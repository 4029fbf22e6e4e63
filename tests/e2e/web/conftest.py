"""Fixtures of the web tests."""

import pytest

from tests.e2e.web.web_world import WebWorld
from tests.storage import sql_uow

__all__ = ["sql_uow"]


@pytest.fixture(scope="session")
def idle_web() -> WebWorld:
    """One world for all tests that only read, or are refused."""
    return WebWorld()


@pytest.fixture
def web() -> WebWorld:
    return WebWorld()
