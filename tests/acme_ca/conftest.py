"""A board's real page, CAs, and the DNS that these query."""

from collections.abc import Iterator
from pathlib import Path

import acme_servers
import known_board
import pytest
from acme_servers import CA

client = known_board.client
host = known_board.host


@pytest.fixture(scope="module")
def dns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """Run Pebble's DNS server, whose records can be changed freely; yield its ports."""
    with acme_servers.challenge_server(tmp_path_factory.mktemp("dns")) as ports:
        yield ports


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory, dns: tuple[int, int]) -> Iterator[CA]:
    """Run a CA that refuses every third nonce, although it is valid."""
    directory = tmp_path_factory.mktemp("ca") / "pebble"
    with acme_servers.pebble(directory, dns[0], {}, PEBBLE_WFE_NONCEREJECT="30") as found:
        yield found


@pytest.fixture
def hook(dns: tuple[int, int], tmp_path: Path) -> Path:
    """Return the program that changes that DNS; its log, hook.log, is beside it."""
    return acme_servers.write_hook(tmp_path / "hook.sh", dns[1])


@pytest.fixture
def by_hook(ca: CA, dns: tuple[int, int], hook: Path, host: str) -> list[str]:
    """Return the command for that board, that CA and that DNS, without names."""
    where = ["--dns-hook", str(hook), "--dns-server", f"127.0.0.1:{dns[0]}"]
    return ["acme", host, *ca.options, "--agree-tos", *where]
