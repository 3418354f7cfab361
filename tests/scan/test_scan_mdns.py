"""`boardcert scan --mdns`, on loopback: announced services, and names of known boards."""

import contextlib
import socket
import uuid

from board_answers import report_of
from boardcert_host.cli import main
from boardcert_host.scan import mdns, sweep
from boardcert_host.trust.pins import add_pin, load_pins
from certificates import make
from served import page, scan, server, states
from zeroconf import ServiceInfo, Zeroconf

_HERE, _THERE = "127.83.0.1", "127.83.0.2"
_WHERE = ("--mdns", "--interface", "127.0.0.1")


@contextlib.contextmanager
def announced(host, address, port, kind="_boardcert._tcp.local."):
    """Answer for *host* on loopback, and announce its service."""
    zeroconf = Zeroconf(interfaces=["127.0.0.1"])
    info = ServiceInfo(
        kind,
        f"{host.partition('.')[0]}.{kind}",
        addresses=[socket.inet_aton(address)],
        port=port,
        server=f"{host}.",
    )
    try:
        zeroconf.register_service(info)
        yield
    finally:
        zeroconf.close()


def _name():
    """Return a name that no other test uses, as all share the loopback."""
    return f"board-{uuid.uuid4().hex[:12]}.local"


def _asked_of(monkeypatch):
    """Return a set that collects the contacted addresses; only loopback is contacted."""
    asked, asking = set(), sweep.look_at

    async def note(context, address, *more):
        asked.add(address)
        if not address.startswith("127."):
            return "silent", None
        return await asking(context, address, *more)

    monkeypatch.setattr(sweep, "look_at", note)
    return asked


def test_boards_are_found_by_their_names(tmp_path, capsys, monkeypatch):
    """An unknown service and known names are found: moved, with another key, and silent.

    A service announced at a public address is not contacted: anyone in the network may announce it.
    """
    for limit in ("_SERVICE_S", "_NAME_S"):  # For a busy computer.
        monkeypatch.setattr(mdns, limit, 8.0)
    asked = _asked_of(monkeypatch)
    moved, new, changed = make(), make(), make()
    known, fresh, silent, other, public = (_name() for _ in range(5))
    with (
        server(moved, tmp_path, _HERE, page(moved)) as a,
        server(new, tmp_path, _THERE, page(new)) as b,
        server(changed, tmp_path, _HERE) as c,
        announced(known, _HERE, a, "_ipp._tcp.local."),
        announced(fresh, _THERE, b),
        announced(other, _HERE, c, "_ipp._tcp.local."),
        announced(public, "192.0.2.1", 443, "_https._tcp.local."),
    ):
        add_pin(known, report_of(moved), a, _THERE)
        add_pin(silent, report_of(make()), a, _THERE)
        add_pin(other, report_of(make()), c)
        add_pin("10.0.0.9", report_of(make()), a)
        told = scan(capsys, *_WHERE, "--add", code=1)
    expected = {known: "moved", fresh: "new", silent: "missing", other: "changed key"}
    assert states(told).items() >= expected.items()
    assert "10.0.0.9" not in states(told) and fresh in told["added"]
    assert asked >= {_HERE, _THERE} and all(address.startswith("127.") for address in asked)
    assert {pin.host: pin.address for pin in load_pins()}[known] == _HERE


def test_a_board_whose_name_nobody_answers_is_asked_at_its_last_address(tmp_path, capsys):
    """A board whose name does not resolve is tried at its last address, as mDNS may be blocked."""
    board, name = make(), _name()
    with server(board, tmp_path, _HERE, page(board)) as port:
        add_pin(name, report_of(board), port, _HERE)
        told = scan(capsys, *_WHERE)
    assert states(told)[name] == "known"


def test_a_last_address_that_is_public_is_not_asked_for_a_name(capsys, monkeypatch):
    """A public last address is not contacted for a name without --public."""
    asked, name = _asked_of(monkeypatch), _name()
    add_pin(name, report_of(make()), 20034, "198.51.100.7")
    told = scan(capsys, *_WHERE)
    assert states(told).get(name) is None
    assert "198.51.100.7" not in asked
    told = scan(capsys, *_WHERE, "--public")
    assert states(told)[name] == "missing"
    assert "198.51.100.7" in asked


def test_an_address_of_another_computer_is_told(capsys):
    """An announced address of another computer is reported, with what works without mDNS."""
    assert main(["scan", "--mdns", "--interface", "192.0.2.77"]) == 3
    output = capsys.readouterr()
    assert "192.0.2.77 is not an address of this computer" in output.err
    assert "hint: " in output.err and output.out == ""
