"""`boardcert acme` against Pebble, a real ACME CA, for a board's real page."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import acme_servers
import portal_server
import pytest
from acme_servers import CA, ZONE
from boardcert_host.board import tokens
from boardcert_host.cli import main
from boardcert_host.trust import pins
from cryptography import x509

pytestmark = pytest.mark.needs("pebble", "pebble-challtestsrv")

# Has the record in Pebble's own DNS, and says what it was asked for.
_HOOK = """\
#!/bin/sh
echo "$1 $2" >> {log}
test "$1" = present && action=set-txt || action=clear-txt
curl --silent --fail --data "{{\\"host\\": \\"$2.\\", \\"value\\": \\"$3\\"}}" \\
  http://127.0.0.1:{manage}/$action
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[portal_server.Client]:
    """Serve one board's page for all tests of this module."""
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
    """The program that changes that DNS; its log is beside it."""
    path = tmp_path / "hook.sh"
    path.write_text(_HOOK.format(log=path.with_suffix(".log"), manage=dns[1]))
    path.chmod(0o755)
    return path


def run(capsys, *arguments):
    """Run a command with --json; return its exit code, its object and its messages."""
    code = main([*map(str, arguments), "--json"])
    output = capsys.readouterr()
    return code, json.loads(output.out), output.err


def served_names(client):
    """Return the names in the certificate that the board serves."""
    found = x509.load_der_x509_certificate(client.served_certificate())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(names.get_values_for_type(x509.DNSName))


def test_from_order_to_served(client, ca, dns, hook, host, capsys):
    """Several names and a wildcard; the board's key; the records are gone; its page says it."""
    names = [f"kitchen.{ZONE}", f"hall.{ZONE}", f"*.{ZONE}"]
    domains = [word for name in names for word in ("--domain", name)]
    before = pins.load_pins()
    start = ["acme", host, *ca.options, "--dns-hook", hook, "--dns-server", f"127.0.0.1:{dns[0]}"]
    code, told, messages = run(capsys, *start, *domains, "--agree-tos")
    assert code == 0, messages
    assert (told["result"], told["new"]) == ("installed", True)
    assert served_names(client) == set(names)
    assert pins.load_pins()[0].public_key_pin == before[0].public_key_pin
    log = hook.with_suffix(".log").read_text().split("\n")
    assert [line.split()[0] for line in log if line] == ["present"] * 3 + ["cleanup"] * 3
