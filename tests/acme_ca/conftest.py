"""A board's real page, CAs, and the DNS that they ask."""

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
    """Run the DNS server of Pebble, of which anything may be changed: its ports."""
    with acme_servers.challenge_server(tmp_path_factory.mktemp("dns")) as ports:
        yield ports


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory, dns: tuple[int, int]) -> Iterator[CA]:
    """Run a CA that refuses every third nonce, though it is good."""
    directory = tmp_path_factory.mktemp("ca") / "pebble"
    with acme_servers.pebble(directory, dns[0], {}, PEBBLE_WFE_NONCEREJECT="30") as found:
        yield found


@pytest.fixture
def hook(dns: tuple[int, int], tmp_path: Path) -> Path:
    """The program that changes that DNS; its log is beside it, hook.log."""
    return acme_servers.write_hook(tmp_path / "hook.sh", dns[1])


@pytest.fixture
def by_hook(ca: CA, dns: tuple[int, int], hook: Path, host: str) -> list[str]:
    """The command for that board, that CA and that DNS, without names."""
    where = ["--dns-hook", str(hook), "--dns-server", f"127.0.0.1:{dns[0]}"]
    return ["acme", host, *ca.options, "--agree-tos", *where]
