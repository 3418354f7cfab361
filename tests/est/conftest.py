"""A board's real page, and an EST server."""

from collections.abc import Iterator
from pathlib import Path

import known_board
import pytest
from est_server import PASSWORD, USER, ESTServer, est_server

client = known_board.client
host = known_board.host


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ESTServer]:
    """Run an EST server that requires a password, which is in the environment."""
    monkeypatch.setenv("BOARDCERT_EST_PASSWORD", PASSWORD)
    with est_server(tmp_path) as found:
        yield found


@pytest.fixture
def words(server: ESTServer, host: str) -> list[str]:
    """Return the command for that board and that server."""
    trust = ["--server-ca", str(server.ca_file)]
    return ["est", host, "--server", server.url, *trust, "--user", USER]
