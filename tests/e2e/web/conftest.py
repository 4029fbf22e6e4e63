"""Fixtures of the web tests."""

import pytest

from tests.e2e.web.web_world import WebWorld


@pytest.fixture
def web() -> WebWorld:
    return WebWorld()
