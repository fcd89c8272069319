"""A small server for each test of a purge."""

from collections.abc import Iterator

import pytest

from .purging_server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.take_away()
