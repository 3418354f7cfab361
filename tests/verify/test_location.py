"""A board's port and address: which ones commands use, and how they are pinned."""

import json
import socket
import threading

import pytest
from board_answers import answer, https_server
from boardcert_host.board import tokens
from boardcert_host.certificates import certificate
from boardcert_host.cli import main
from boardcert_host.targets import Target
from boardcert_host.trust.location import find
from boardcert_host.trust.pins import Pin, add_pin, find_pin, load_pins
from boardcert_host.verify import tls_probe
from certificates import NAME, Identity, make
from cryptography import x509
from servers import refusing_port, tls_server

_TOKEN = "abcdefghijklmnopqrstuvwx27"  # noqa: S105 (made up)
# RFC 6761: no resolver may know it.
_NOWHERE = "kitchen.invalid"


@pytest.fixture(autouse=True)
def unknown_name(monkeypatch):
    """Replace the resolver: the name is not found."""
    look_up = socket.getaddrinfo

    def found(host, *more):
        if host == _NOWHERE:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *more)

    monkeypatch.setattr(socket, "getaddrinfo", found)


def pin(host: str, port: int | None = None, address: str | None = None) -> Pin:
    """Return the pin of a board."""
    return Pin(host, None, "sha256//" + "A" * 43 + "=", "AB", "2026-11-28T00:00:00Z", port, address)


@pytest.mark.parametrize(
    ("text", "name", "target"),
    [
        ("hall.local", None, Target("hall.local", 443)),
        ("kitchen.local", None, Target("kitchen.local", 20034, "192.168.4.7")),
        ("kitchen.local:443", None, Target("kitchen.local", 443, "192.168.4.7")),
        ("https://Kitchen.local/", None, Target("kitchen.local", 20034, "192.168.4.7")),
        ("https://kitchen.local:8443/x", None, Target("kitchen.local", 8443, "192.168.4.7")),
        ("192.168.4.9", "kitchen.local", Target("192.168.4.9", 20034)),
        ("attic.local", None, Target("attic.local", 8443)),
        ("cellar.local", None, Target("cellar.local", 443)),
        ("shed.local", None, Target("shed.local", 443)),
        ("192.168.4.7", None, Target("192.168.4.7", 20034)),
        ("192.168.4.8", None, Target("192.168.4.8", 443)),
    ],
)
def test_the_port_is_the_named_one_else_that_of_the_pin_else_443(text, name, target):
    """The port is the given one, else the pin's, else 443; also for a single pin with a port."""
    boards = [pin("kitchen.local", 20034, "192.168.4.7"), pin("attic.local:8443")]
    boards += [pin("cellar.local:1"), pin("cellar.local:2"), pin("shed.local")]
    assert find(text, boards, name).target == target


def test_a_refused_connection_names_the_port_of_the_page(capsys):
    """The hint for a refused connection names the pin's or the usual port, unless it was used."""
    port = refusing_port()
    for command in ("verify", "doctor"):
        assert main([command, f"127.0.0.1:{port}"]) != 0
        output = "".join(capsys.readouterr())
        assert "its page is by default on port 20034: boardcert verify 127.0.0.1:20034" in output
    add_pin("127.0.0.1", facts(make()), 8443)
    for command in ("verify", "doctor"):
        assert main([command, f"127.0.0.1:{port}"]) != 0
        assert "pinned with port 8443: boardcert verify 127.0.0.1:8443" in "".join(
            capsys.readouterr()
        )
    assert "is its program running?" in Target("kitchen.local", 20034).refused_hint()


def facts(identity: Identity) -> dict:
    """Return the facts in a pin."""
    return certificate.describe(certificate.parse(identity.der))


def test_the_last_address_that_refuses_is_asked_at_the_port_of_the_pin(capsys):
    """If the last address refuses the pin's port, the hint names no other port."""
    port = refusing_port()
    add_pin(_NOWHERE, facts(make()), port, "127.0.0.1")
    assert main(["verify", _NOWHERE]) == 3
    error = capsys.readouterr().err
    assert f"127.0.0.1:{port} refused the connection" in error
    assert "is its program running?" in error


def test_a_mistyped_name_is_answered_with_the_known_one(capsys):
    """A mistyped name gets a suggestion, as in other commands."""
    add_pin("pantry-9.invalid", facts(make()), 20034)
    assert main(["verify", "pantri-9.invalid"]) == 3
    assert "did you mean pantry-9.invalid?" in capsys.readouterr().err


def test_a_forwarded_port_is_kept_when_the_board_says_its_own():
    """A port of this computer that leads to a board is not replaced by the board's own port."""
    told = facts(make())
    add_pin("kitchen.local", told, 40456, "127.0.0.1")
    assert add_pin("kitchen.local", told, 20034, is_own_port=True)[0].port == 40456
    assert add_pin("kitchen.local", told, 40457)[0].port == 40457
    assert add_pin("kitchen.local", told, 8443, "192.168.4.7")[0].port == 8443
    assert add_pin("kitchen.local", told, 20034, is_own_port=True)[0].port == 20034


def test_a_name_that_is_not_found_leads_to_the_last_address(tmp_path, capsys):
    """For an unresolved name the last address is used with its pin; the name must be covered.

    `show` compares no pin, so it only says which address that is.
    """
    board = make(common_name=_NOWHERE, change=_named)
    with tls_server(board, tmp_path) as port:
        add_pin(_NOWHERE, facts(board), port, "127.0.0.1")
        assert main(["show", _NOWHERE]) == 3
        assert f"last at 127.0.0.1: boardcert show 127.0.0.1:{port}" in capsys.readouterr().err
        assert main(["verify", _NOWHERE, "--json"]) == 0
    (host,) = json.loads(capsys.readouterr().out)["hosts"]
    assert (host["host"], host["port"]) == (_NOWHERE, port)
    found = {check["id"]: check for check in host["checks"]}
    assert "its last address, 127.0.0.1" in found["reachable"]["detail"]
    assert found["known"]["status"] == "pass"


def _named(extensions: dict) -> None:
    names = [x509.DNSName(_NOWHERE), x509.DNSName("localhost")]
    extensions["subject_alt_name"] = (x509.SubjectAlternativeName(names), False)


def test_another_board_at_the_last_address_is_not_taken_for_it(tmp_path, capsys):
    """Another board at the last address fails `verify`, and gets no token."""
    board, other = make(change=_named), make(change=_named)
    received: list[bytes] = []
    with https_server(other, tmp_path, [answer(200, {})] * 2, received) as port:
        add_pin(_NOWHERE, facts(board), port, "127.0.0.1")
        tokens.keep_token(_NOWHERE, facts(board)["public_key_pin"], _TOKEN)
        assert main(["csr", _NOWHERE]) == 1
    assert "nothing was sent to it" in capsys.readouterr().err
    assert not any(_TOKEN.encode() in request for request in received)
    with tls_server(other, tmp_path) as port:
        add_pin(_NOWHERE, facts(board), port)
        assert main(["verify", _NOWHERE]) == 1
    assert "THE KEY CHANGED" in capsys.readouterr().out


def test_a_name_that_is_found_is_used_and_its_address_noted(tmp_path, monkeypatch, capsys):
    """A resolved name's address is stored once the key has matched the pin."""
    board = make(change=_named)
    with tls_server(board, tmp_path) as port:
        add_pin("localhost", facts(board), port, "192.0.2.7")
        assert main(["verify", "localhost"]) == 0
        known = find_pin(load_pins(), ["localhost"])
        assert known is not None and known.address in ("127.0.0.1", "::1")
    with tls_server(make(change=_named), tmp_path) as port:
        add_pin("localhost", facts(board), port, "192.0.2.7")
        assert main(["verify", "localhost"]) == 1
    assert find_pin(load_pins(), ["localhost"]).address == "192.0.2.7"
    capsys.readouterr()


def test_a_silent_name_server_is_not_waited_for(tmp_path, monkeypatch, capsys):
    """A silent name server is not waited for if an address is known."""
    board = make(change=_named)
    monkeypatch.setattr(tls_probe, "LOOK_UP_S", 0.1)
    look_up = socket.getaddrinfo

    def silent(host, *more):
        if host == _NOWHERE:
            threading.Event().wait(30)
        return look_up(host, *more)

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    with tls_server(board, tmp_path) as port:
        add_pin(_NOWHERE, facts(board), port, "127.0.0.1")
        assert main(["verify", _NOWHERE]) == 0
    capsys.readouterr()


def test_pinning_what_is_served_keeps_its_port_and_address(tmp_path, capsys):
    """Pinning a served certificate stores its port and address, for the next command."""
    board = make()
    with tls_server(board, tmp_path) as port:
        words = ["pin", "add", f"127.0.0.1:{port}", "--name", NAME, "--yes", "--json"]
        assert main(words) == 0
        printed = json.loads(capsys.readouterr().out)["pin"]
        assert (printed["port"], printed["address"]) == (port, "127.0.0.1")
        assert main(["verify", "127.0.0.1", "--name", NAME]) == 0
    capsys.readouterr()


def test_a_url_is_a_host_wherever_one_is_taken(tmp_path, capsys):
    """A URL, as in a browser's address bar, is accepted as HOST."""
    board = make()
    with tls_server(board, tmp_path) as port:
        url = f"https://127.0.0.1:{port}/certificate"
        assert main(["show", url, "--name", NAME]) == 0
        assert main(["pin", "add", url, "--name", NAME, "--yes"]) == 0
        assert main(["verify", url, "--name", NAME]) == 0
        assert main(["label", url, "-o", str(tmp_path / "label.svg"), "--name", NAME]) == 0
    assert f"{NAME}, https://127.0.0.1:{port}/\n" in capsys.readouterr().out
    assert main(["ca", "init"]) == 0
    port = refusing_port()
    assert main(["ca", "sign", f"https://127.0.0.1:{port}/"]) == 3
    assert f"token 127.0.0.1:{port} --usb PORT" in capsys.readouterr().err
    assert main(["pin", "forget", url]) == 0
