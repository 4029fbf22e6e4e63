"""A scripted server for each test, and the adapter that speaks to it, with short time limits."""

from collections.abc import Iterator

import pytest

from tests.integration.stripe_api.scripted_server import ScriptedServer, scripted_server


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running
