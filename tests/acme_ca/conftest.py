"""A board's real page, CAs, and the DNS that they ask."""

import json
from collections.abc import Iterator
from pathlib import Path

import acme_servers
import portal_server
import pytest
from acme_servers import CA
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
    """Know the board as after `boardcert flash`: its key and its token."""
    report = json.loads(client.get("/api/identity"))
    pins.add_pin("localhost", report)
    tokens.keep_token("localhost", report["public_key_pin"], client.current_token())
    return f"localhost:{client.port}"


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
