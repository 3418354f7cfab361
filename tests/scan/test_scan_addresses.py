"""`boardcert scan` of addresses: servers on loopback, compared with the inventory."""

import csv
import os
import signal
from pathlib import Path

import pytest
from board_answers import answer, pin_of, report_of
from boardcert_host.cli import main
from boardcert_host.inventory import boards, history, store
from boardcert_host.scan.servers import has_boards_form
from boardcert_host.scan.sweep import Sweep
from boardcert_host.trust.pins import add_pin, load_pins
from certificates import make
from cryptography import x509
from served import own_form, page, scan, server, states
from servers import refusing_port, serving

_HERE, _THERE = "127.81.0.1", "127.81.0.2"
_BOTH = f"{_HERE}-{_THERE}"


def _facts(identity, **more):
    return report_of(identity) | more


@pytest.fixture
def folder(tmp_path):
    """Return a folder for keys."""
    path = tmp_path / "keys"
    path.mkdir()
    return path


def test_a_board_is_recognised_by_its_page_or_its_own_certificate(folder, capsys):
    """Boards are recognised by page or certificate; other TLS, proxied or HTTP servers are not."""
    first, second, other = make(), own_form(), make()
    reports = page(first, unique_id="e661", board="Pico W", firmware="v1.27.0")
    with (
        server(first, folder, _HERE, reports) as a,
        server(second, folder, _HERE) as b,
        server(other, folder, _HERE, page(first)) as c,
        serving(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad\r\n\r\n"), _HERE) as d,
    ):
        ports = [str(port) for port in (a, b, c, d, refusing_port())]
        told = scan(capsys, _HERE, *(word for port in ports for word in ("--port", port)))
    found = {one["places"][0]["port"]: one for one in told["boards"]}
    assert {port: found[port]["recognised_by"] for port in found} == {
        a: "its page",
        b: "its certificate",
    }
    assert (told["asked"], told["other_tls_servers"], told["counts"]) == (5, 1, {"new": 2})
    assert found[a]["unique_id"] == "e661" and found[a]["package"] == "0.1.0"
    assert told["added"] == [] and load_pins() == []


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[1,2]",
        answer(200, {"hostname": "x"}),
        answer(200, b"[" * 30_000),
        answer(200, b" " * 70_000),
        b"\x00\xff" * 40,
    ],
)
def test_answers_that_are_no_report_are_ignored(folder, capsys, said):
    """Any answer that is not a report is ignored."""
    with server(make(), folder, _HERE, said) as port:
        told = scan(capsys, _HERE, "--port", str(port))
    assert (told["boards"], told["other_tls_servers"]) == ([], 1)


def test_what_a_board_should_not_report_is_left_out(folder, capsys):
    """Wrong types and control characters in a report are dropped."""
    identity = make()
    strange = {
        "unique_id": 7,
        "version": ["\x1b[2J"],
        "board": {},
        "firmware": "\x1b[2J" + "x" * 9000,
    }
    with server(identity, folder, _HERE, page(identity, **strange)) as port:
        ports = ["--port", str(port)]
        (told,) = scan(capsys, _HERE, *ports, "--add")["boards"]
        assert (told["unique_id"], told["package"], told["board"]) == (None, None, None)
        for form in ((), ("--csv",)):
            assert main(["scan", _HERE, *ports, *form]) == 0
            assert "\x1b" not in capsys.readouterr().out


def test_a_board_that_is_busy_is_asked_again(folder, capsys):
    """A busy board, which closes a connection for lack of memory, is tried again."""
    identity = make()
    with server(identity, folder, _HERE, page(identity), busy=1) as port:
        assert states(scan(capsys, _HERE, "--port", str(port))) == {"kitchen.local": "new"}


def test_other_forms_of_names_are_not_a_boards():
    """Self-signed certificates without chip number and .local host name are not a board's."""
    for identity, expected in (
        (own_form(), True),
        (own_form("printer"), False),
        (make(), False),
        (make(common_name="kitchen"), False),
    ):
        assert has_boards_form(x509.load_der_x509_certificate(identity.der)) is expected


def test_known_boards_are_known_and_what_they_report_is_noted(folder, capsys):
    """Known boards are recognised, on any port, and their reports noted, without a verdict."""
    identity = make()
    with server(identity, folder, _HERE, page(identity, firmware="v1.28.0")) as port:
        add_pin("kitchen.local", _facts(identity, firmware="v1.27.0"), port, _HERE)
        told = scan(capsys, _BOTH)
    assert states(told) == {"kitchen.local": "known"} and told["asked"] == 3
    with store.reading() as connection:
        board = boards.by_host(connection, "kitchen.local")
        assert (board.firmware, board.verdict) == ("v1.28.0", None)


def test_a_board_at_another_address_has_moved_and_that_is_noted(folder, capsys):
    """A moved board's address is updated for all its names, as its key was proved."""
    identity = make()
    with server(identity, folder, _THERE, page(identity)) as port:
        add_pin("kitchen.local", _facts(identity), port, _HERE)
        add_pin(f"{_HERE}:{port}", _facts(identity))
        add_pin("larder.local", _facts(identity), port, _HERE)
        told = scan(capsys, _THERE, "--port", str(port))
        assert told["counts"] == {"moved": 1}
    places = {pin.host: pin.address for pin in load_pins()}
    assert places == {"kitchen.local": _THERE, "larder.local": _THERE, f"{_HERE}:{port}": None}


def test_the_new_address_of_a_board_is_an_event_in_its_history(folder, capsys):
    """A board's new address is an event in its history, and is used from then on."""
    identity = make()
    with server(identity, folder, _THERE, page(identity)) as port:
        add_pin("kitchen.local", _facts(identity), port, _HERE)
        told = scan(capsys, _BOTH, "--port", str(port))
        assert states(told) == {"kitchen.local": "moved"}
        assert told["boards"][0]["detail"] == f"it was at {_HERE}"
        assert scan(capsys, _BOTH, "--port", str(port))["counts"] == {"known": 1}
    assert load_pins()[0].address == _THERE
    with store.reading() as connection:
        events = history.of_host(connection, "kitchen.local", None)["events"]
    assert [one["what"] for one in events] == ["pinned", "moved"]


@pytest.mark.parametrize(
    "known",
    [
        {"host": "kitchen.local"},
        {"host": "larder.local", "unique_id": "e661"},
        {"host": "larder.local", "address": _HERE},
        {"host": _HERE},
    ],
)
def test_a_known_name_chip_or_address_with_another_key_is_a_changed_key(folder, capsys, known):
    """Another key for a known name, chip or address changes nothing, and sets the exit code."""
    old, new = make(), make()
    add_pin(
        known["host"], _facts(old, unique_id=known.get("unique_id")), None, known.get("address")
    )
    with server(new, folder, _HERE, page(new, unique_id="e661")) as port:
        told = scan(capsys, _BOTH, "--port", str(port), "--add", code=1)
    (changed,) = told["boards"]
    assert (changed["state"], changed["hosts"]) == ("changed key", [known["host"]])
    assert changed["public_key_pin"] == pin_of(new)[1]
    assert changed["known_public_key_pin"] == pin_of(old)[1]
    assert [pin.public_key_pin for pin in load_pins()] == [pin_of(old)[1]]


def test_another_board_at_the_address_of_one_that_has_moved_is_new(folder, capsys):
    """Another board at a moved board's address is new, as leases are reused."""
    old, new = make(), own_form()
    with (
        server(old, folder, _THERE, page(old)) as a,
        server(new, folder, _HERE) as b,
    ):
        add_pin("larder.local", _facts(old), a, _HERE)
        told = scan(capsys, _BOTH, "--port", str(a), "--port", str(b))
    assert states(told) == {"larder.local": "moved", "kitchen.local": "new"}


def test_a_server_that_is_no_board_at_a_known_place_is_a_changed_key(folder, capsys):
    """Another server on the board's port is a changed key; on another port it is not."""
    old, new = make(), make()
    with server(new, folder, _HERE) as port:
        add_pin("larder.local", _facts(old), port, _HERE)
        assert scan(capsys, _HERE, code=1)["counts"] == {"changed key": 1}
    with server(new, folder, _HERE) as port:
        other = refusing_port()
        add_pin("hall.local", _facts(make()), other, _HERE)
        told = scan(capsys, _HERE, "--port", str(port))
    assert states(told) == {"hall.local": "missing", "larder.local": "missing"}


def test_two_boards_with_one_key_are_shouted_about(folder, capsys):
    """Two boards with one key are reported loudly; one board at two addresses is not."""
    identity = make()
    with (
        server(identity, folder, _HERE, page(identity, unique_id="e661")) as a,
        server(identity, folder, _THERE, page(identity, unique_id="e662")) as b,
    ):
        where = (_BOTH, "--port", str(a), "--port", str(b))
        told = scan(capsys, *where, "--add", code=1)
        assert told["counts"] == {"two boards, one key": 1} and told["added"] == []
        add_pin("kitchen.local", _facts(identity, unique_id="e661"), a, _HERE)
        assert scan(capsys, *where, code=1)["counts"] == {"two boards, one key": 1}
    with (
        server(identity, folder, _HERE, page(identity, unique_id="e661")) as a,
        server(identity, folder, _THERE, page(identity, unique_id="e661")) as b,
    ):
        told = scan(capsys, _BOTH, "--port", str(a), "--port", str(b))
    assert told["counts"] == {"known": 1} and len(told["boards"][0]["places"]) == 2


def test_missing_are_boards_that_should_have_answered(capsys):
    """Only boards within the scanned places can be missing."""
    port = refusing_port()
    add_pin("kitchen.local", _facts(make()), port, _HERE)
    add_pin(f"{_THERE}:{port}", _facts(make()))
    add_pin("far.local", _facts(make()), port, "127.82.0.1")
    told = scan(capsys, _BOTH)
    assert states(told) == {"kitchen.local": "missing", f"{_THERE}:{port}": "missing"}


def test_new_boards_are_trusted_on_request_only(folder, capsys):
    """--add trusts new boards under their free names, with tags; the next scan knows them."""
    first, second = make(), make()
    with (
        server(first, folder, _HERE, page(first)) as a,
        server(second, folder, _THERE, page(second)) as b,
    ):
        where = (_BOTH, "--port", str(a), "--port", str(b))
        assert scan(capsys, *where)["added"] == [] and load_pins() == []
        told = scan(capsys, *where, "--add", "--tag", "attic")
        assert told["added"] == ["kitchen.local", f"{_THERE}:{b}"]
        assert scan(capsys, *where)["counts"] == {"known": 2}
        assert main(["scan", "--rate", "1000", *where, "--csv"]) == 0
        rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [(one["title"], one["address"]) for one in rows] == [
        (f"{_THERE}:{b}", _THERE),
        ("kitchen.local", _HERE),
    ]
    assert main(["list", "--tag", "attic"]) == 0
    assert "kitchen.local" in capsys.readouterr().out


def test_the_table_has_the_worst_first(folder, capsys):
    """The table has the worst first; hints are on standard error."""
    identity = own_form()
    add_pin("hall.local", _facts(make()), refusing_port(), _HERE)
    with server(identity, folder, _HERE) as port:
        assert main(["scan", _HERE, "--port", str(port)]) == 0
    output = capsys.readouterr()
    head, first, second, detail = output.out.splitlines()
    assert head.split()[:3] == ["state", "name", "place"]
    assert first.split()[:3] == ["new", "kitchen.local", f"{_HERE}:{port}"]
    assert second.startswith("missing") and detail.startswith("hall.local (missing)")
    assert "boardcert: 1 new, 1 missing; 2 of 2 places asked" in output.err
    assert "--add" in output.err


def test_each_place_is_counted_once(folder, capsys):
    """Each place is counted once, even in two ranges, or with a known key."""
    identity = make()
    add_pin(f"{_THERE}:{refusing_port()}", _facts(make()))
    with server(identity, folder, _HERE) as port:
        add_pin(_HERE, _facts(identity), port)
        words = ["scan", "--rate", "1000", _BOTH, _HERE, "--port", str(port), "--csv"]
        assert main(words) == 0
    output = capsys.readouterr()
    missing, known = csv.DictReader(output.out.splitlines())
    assert (known["state"], missing["state"], missing["address"]) == ("known", "missing", _THERE)
    assert f"{_THERE}:{missing['port']}" == missing["title"]
    assert "boardcert: 1 missing, 1 known; 3 of 3 places asked\n" in output.err


def test_no_board_pushes_others_out_of_sight(folder, capsys):
    """No board's report hides others, however long, with or without a terminal."""
    first, second = make(), make()
    add_pin("greenhouse-sensor-001.lab.example", _facts(first), None, _HERE)
    said = {"unique_id": "e6" * 40, "version": "1\x1b[2J" * 100}
    with (
        server(first, folder, _HERE, page(first)) as a,
        server(second, folder, _THERE, page(second, **said)) as b,
    ):
        where = (_BOTH, "--port", str(a), "--port", str(b))
        assert main(["scan", "--rate", "1000", *where, "--add"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"greenhouse-sensor-001.lab.example  {_HERE}:{a}" in lines[2]
    assert lines[1].startswith("new") and max(map(len, lines)) < 200
    assert main(["list"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) < 200


def test_ctrl_c_prints_what_was_found_and_notes_nothing(folder, capsys, monkeypatch):
    """Ctrl-C prints the results so far and stores nothing; a silent place would delay the end."""
    identity, noting = make(), Sweep._note

    def interrupt(sweep, *arguments):
        noting(sweep, *arguments)
        if sweep.found:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Sweep, "_note", interrupt)
    with (
        server(identity, folder, _HERE, page(identity)) as a,
        serving(lambda connection: connection.recv(1 << 16) and connection.recv(1), _THERE) as b,
    ):
        words = (_BOTH, "--port", str(a), "--port", str(b))
        assert main(["scan", *words, "--add"]) == 130
        output = capsys.readouterr()
        told = scan(capsys, *words, code=130)
    assert output.out.splitlines()[1].startswith("new    kitchen.local")
    assert "of 4 places asked" in output.err and "interrupted: nothing was noted" in output.err
    assert told["interrupted"] and told["counts"] == {"new": 1}
    assert load_pins() == []


def test_a_scan_of_a_clean_folder_leaves_no_inventory(capsys, tmp_path):
    """A scan does not create an inventory."""
    assert scan(capsys, _HERE, "--port", str(refusing_port()))["boards"] == []
    assert not Path(os.environ["BOARDCERT_INVENTORY"]).exists()
