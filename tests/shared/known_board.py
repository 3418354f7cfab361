"""Fixtures: a board's real page, and the data stored about it by `boardcert flash`."""

import json
from collections.abc import Iterator

import portal_server
import pytest
from boardcert_host.board import tokens
from boardcert_host.trust import pins


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[portal_server.Client]:
    """Serve one board's page for all tests of a module."""
    directory = tmp_path_factory.mktemp("board") / "data"
    with portal_server.serving_page(directory) as found:
        yield found


@pytest.fixture
def host(client: portal_server.Client) -> str:
    """Store the board as `boardcert flash` does: its key and its token."""
    report = json.loads(client.get("/api/identity"))
    pins.add_pin("localhost", report)
    tokens.keep_token("localhost", report["public_key_pin"], client.current_token())
    return f"localhost:{client.port}"
