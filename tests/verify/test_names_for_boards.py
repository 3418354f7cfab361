"""All names that a user may give for a board work in every command with a HOST."""

import json
import socket

import pytest
from boardcert_host.board import tokens
from boardcert_host.certificates import certificate
from boardcert_host.cli import main
from boardcert_host.trust.location import find
from boardcert_host.trust.pins import Pin, add_pin, follow_port, load_pins, rename
from certificates import NAME, make
from servers import tls_server

_KEY = "sha256//" + "A" * 43 + "="
_OTHER_KEY = "sha256//" + "B" * 43 + "="
_TOKEN = "abcdefghijklmnopqrstuvwx27"  # noqa: S105 (made up)


@pytest.fixture(autouse=True)
def no_resolver(monkeypatch):
    """Replace the resolver: .local names are not found."""
    look_up = socket.getaddrinfo

    def found(host, *more):
        if str(host).endswith(".local"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *more)

    monkeypatch.setattr(socket, "getaddrinfo", found)


def pin(host, key=_KEY, port=None, address=None):
    """Return the pin of a board."""
    return Pin(host, None, key, "AB", "2026-11-28T00:00:00Z", port, address)


def facts(identity):
    """Return the facts in a pin."""
    return certificate.describe(certificate.parse(identity.der))


_BOARDS = [
    pin("kitchen.local", port=20034, address="192.168.4.7"),
    pin("attic.local:8443"),
    pin("cellar.local:1"),
    pin("cellar.local:2", _OTHER_KEY),
    pin("192.168.4.9:20034", address="192.168.4.9"),
    pin("shed.example.com", address="192.168.4.8"),
    pin("barn.local", address="192.168.4.8"),
]


@pytest.mark.parametrize(
    ("text", "name", "known", "place"),
    [
        ("kitchen", None, "kitchen.local", "kitchen.local:20034"),
        ("KITCHEN:443", None, "kitchen.local", "kitchen.local:443"),
        ("https://kitchen/", None, "kitchen.local", "kitchen.local:20034"),
        ("192.168.4.7", None, "kitchen.local", "192.168.4.7:20034"),
        ("192.168.4.7:20034", None, "kitchen.local", "192.168.4.7:20034"),
        ("192.168.4.7:443", None, None, "192.168.4.7:443"),
        ("https://192.168.4.7:20034/x", None, "kitchen.local", "192.168.4.7:20034"),
        ("192.168.4.1", "kitchen.local", "kitchen.local", "192.168.4.1:20034"),
        ("192.168.4.1", "kitchen", "kitchen.local", "192.168.4.1:20034"),
        ("attic.local", None, "attic.local:8443", "attic.local:8443"),
        ("attic", None, "attic.local:8443", "attic.local:8443"),
        ("attic:8443", None, "attic.local:8443", "attic.local:8443"),
        ("attic:443", None, None, "attic:443"),
        ("192.168.4.1", "attic.local", "attic.local:8443", "192.168.4.1:8443"),
        ("192.168.4.9", None, "192.168.4.9:20034", "192.168.4.9:20034"),
        ("cellar", None, None, "cellar:443"),
        ("cellar:2", None, "cellar.local:2", "cellar.local:2"),
        ("shed", None, None, "shed:443"),
        ("192.168.4.8", None, "shed.example.com", "192.168.4.8:443"),
    ],
)
def test_one_rule_says_which_board_is_meant_and_where_it_is(text, name, known, place):
    """One rule finds a board by name, short name, address or URL, with or without a port."""
    found = find(text, _BOARDS, name)
    assert (found.known and found.known.host, str(found.target)) == (known, place)


def test_commands_find_a_board_by_its_short_name_and_by_its_address(tmp_path, capsys):
    """Commands accept a short name or an address, and print which board it is."""
    board = make()
    with tls_server(board, tmp_path) as port:
        add_pin(NAME, facts(board), port, "127.0.0.1")
        tokens.keep_token(NAME, _KEY, _TOKEN)
        for host in ("kitchen", f"127.0.0.1:{port}", "127.0.0.1"):
            assert main(["verify", host, "--json"]) == 0
            (answer,) = json.loads(capsys.readouterr().out)["hosts"]
            assert answer["port"] == port
            (check,) = [check for check in answer["checks"] if check["id"] == "known"]
            assert check["status"] == "pass" and check["detail"].startswith(NAME)
            assert ("at its last address" in check["detail"]) == (host != "kitchen")
            assert main(["doctor", host]) in (0, 1)
            assert f"port {port}" in capsys.readouterr().out or (host == "kitchen")
            assert main(["label", host, "-o", str(tmp_path / "k.svg"), "--force"]) == 0
            assert main(["token", host]) == 0
            assert _TOKEN in capsys.readouterr().out
    assert main(["doctor", "127.0.0.1:9", "--name", "kitchen"]) == 1
    assert f"pinned with port {port}" in capsys.readouterr().out


def test_another_key_at_a_last_address_is_told_by_whose_it_is(tmp_path, capsys):
    """Another key at a last address may be another board; another key for a name is an attack."""
    board, other = make(), make()

    def known(host):
        code = main(["verify", host, "--json"])
        (answer,) = json.loads(capsys.readouterr().out)["hosts"]
        (check,) = [check for check in answer["checks"] if check["id"] == "known"]
        return code, check["status"], check["detail"]

    with tls_server(other, tmp_path) as port:
        add_pin(NAME, facts(board), port, "127.0.0.1")
        code, status, detail = known(f"127.0.0.1:{port}")
        assert (code, status) == (0, "warn")
        assert f"not {NAME}, which was last at this address" in detail
        assert known("kitchen")[:2] == (1, "fail")
        add_pin("hall.local", facts(other))
        code, status, detail = known(f"127.0.0.1:{port}")
        assert (code, status) == (0, "pass") and detail.startswith("hall.local, by its key")
    assert main(["label", "hal", "-o", str(tmp_path / "k.svg")]) == 3
    assert "did you mean hall.local?" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["kitchen", "kitchen.local", "kitchen:8443", "192.168.4.7:8443"])
def test_a_board_is_forgotten_by_any_of_its_names(host, capsys):
    """A board is forgotten by any of its names, and printed as it was pinned."""
    add_pin(
        "kitchen.local:8443", {"public_key_pin": _KEY, "fingerprint": "AB"}, None, "192.168.4.7"
    )
    assert main(["pin", "forget", host]) == 0
    assert capsys.readouterr().out.startswith("kitchen.local:8443: forgotten")
    assert load_pins() == []


def test_what_is_forgotten_must_be_one_board(capsys):
    """A mistyped name is not forgotten, and gets a suggestion."""
    for port, key in ((1, _KEY), (2, _OTHER_KEY)):
        add_pin(f"kitchen.local:{port}", {"public_key_pin": key, "fingerprint": "AB"})
    assert main(["pin", "forget", "kitchen"]) == 2
    assert "name one: kitchen.local:1, kitchen.local:2" in capsys.readouterr().err
    assert main(["pin", "forget", "kichen.local"]) == 3
    assert "did you mean kitchen.local:" in capsys.readouterr().err
    assert len(load_pins()) == 2


def test_a_board_is_pinned_by_its_full_name_and_once(tmp_path, capsys):
    """`pin add kitchen` is `pin add kitchen.local`, and keeps a known port."""
    board = make()
    with tls_server(board, tmp_path) as port:
        words = ["--yes", "--json"]
        add_pin(f"{NAME}:{port}", facts(board), None, "127.0.0.1")
        assert main(["pin", "add", "kitchen", *words]) == 0
        assert json.loads(capsys.readouterr().out)["result"].startswith("already known")
    assert [pin.host for pin in load_pins()] == [f"{NAME}:{port}"]


def test_pins_with_a_port_follow_a_new_name_and_a_new_port():
    """Pins with ports follow a new name and port if they have the same key."""
    kitchen = {"public_key_pin": _KEY, "fingerprint": "AB", "unique_id": "01"}
    add_pin("kitchen.local", kitchen, 20034)
    add_pin("kitchen.local:20034", kitchen)
    add_pin("kitchen.local:443", kitchen)
    add_pin("kitchen.local:1", {"public_key_pin": _OTHER_KEY, "fingerprint": "AB"})
    follow_port(kitchen, 20034, 8443)
    assert rename("kitchen.local", "larder.local", kitchen)
    found = {pin.host: pin.port for pin in load_pins()}
    assert found == {
        "larder.local": 8443,
        "larder.local:8443": 8443,
        "larder.local:443": 443,
        "kitchen.local:1": 1,
    }
