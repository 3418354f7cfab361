"""The second half of `boardcert flash` with Wi-Fi, on a fake board."""

import json
import socket

import pytest
from boardcert_host.board import (
    installation,
    kept_files,
    mpremote,
    own_program,
    programs,
    tokens,
    usb_report,
)
from boardcert_host.ca.store import default_store
from boardcert_host.certificates import certificate
from boardcert_host.cli import main
from boardcert_host.console import messages
from boardcert_host.errors import Error
from boardcert_host.flash import provision
from boardcert_host.flash.board_kinds import load_board
from boardcert_host.flash.provision import Provision
from boardcert_host.flash.story import Story
from boardcert_host.targets import Target, is_address
from boardcert_host.trust import pins
from boardcert_host.trust.location import find
from boardcert_host.verify import hosts
from certificates import NAME, Identity, make
from cryptography.hazmat.primitives.serialization import Encoding
from servers import tls_server

_WIFI = ("HomeNet", "secret")
_TOKEN = "abcdefghijklmnopqrstuvwx27"  # noqa: S105 (made up)


def report_of(identity, **more):
    """Return the USB report of a board with this identity."""
    parsed = certificate.parse(identity.der)
    report = {"hostname": "kitchen", "names": [NAME]}
    report |= {"fingerprint": certificate.fingerprint(identity.der)}
    report |= {"public_key_pin": certificate.public_key_pin(parsed), "unique_id": "01"}
    return report | {"source": "generated", "generated": True, "notices": []} | more


@pytest.fixture
def calls(monkeypatch):
    """Replace a board by a fake; return the calls to it, in order."""
    steps_of = []

    def answer(name, value):
        return lambda port, *arguments, progress=None: (steps_of.append((name, *arguments)), value)[
            1
        ]

    state = kept_files.BoardState("v", "m", False, None, {"prefix": "lamp"}, False, 1)
    installed = installation.Installed(["a.mpy"], [], 0)
    monkeypatch.setattr(
        installation, "survey", answer("survey", installation.Survey((1, 27), "xtensawin", {}))
    )
    monkeypatch.setattr(installation, "install", answer("install", installed))
    monkeypatch.setattr(installation, "install_microdot", answer("microdot", True))
    monkeypatch.setattr(programs, "identity_code", lambda port: "")
    monkeypatch.setattr(mpremote, "execute", answer("execute", f"hello\n{_TOKEN}\n"))
    monkeypatch.setattr(kept_files, "write_settings", answer("settings", True))
    monkeypatch.setattr(mpremote, "reset", answer("reset", None))
    monkeypatch.setattr(kept_files, "read_state", answer("state", state))
    monkeypatch.setattr(kept_files, "write_wifi", answer("wifi", True))
    monkeypatch.setattr(kept_files, "write_example_main", answer("main", None))
    monkeypatch.setattr(kept_files, "join_wifi", answer("join", ("127.0.0.1", "2026-11-28")))
    return steps_of


def run(monkeypatch, report, wanted=None, mark=None):
    """Provision the fake board; return whether it succeeded, and the record."""
    monkeypatch.setattr(usb_report, "read_report", lambda port: report)
    story = Story(messages())
    wanted = wanted or Provision(host_name="kitchen", wifi=_WIFI)
    board = load_board("ESP32_GENERIC")
    return provision.provision(story, board, wanted, "/dev/ttyUSB0", mark), story


def test_a_board_that_joined_the_wifi_is_verified_there(calls, monkeypatch, tmp_path):
    """The address and the key that TLS must prove come over USB."""
    identity = make()
    with tls_server(identity, tmp_path) as port:
        ok, story = run(monkeypatch, report_of(identity, portal_port=port))
        assert ok
        assert story.record["verify"]["ok"]
        assert story.record["pin"]["host"] == NAME
        assert story.record["urls"] == [f"https://{NAME}:{port}", f"https://127.0.0.1:{port}"]
        # The pin has the board's address, for when its name cannot be resolved.
        target = find(NAME, pins.load_pins()).target
        assert target == Target(NAME, port, "127.0.0.1")
        monkeypatch.setattr(socket, "getaddrinfo", _without_names(socket.getaddrinfo))
        (result,) = hosts.verify_hosts(
            [target], hosts.Options(known_boards=lambda _: pins.load_pins())
        )
        assert result.ok and result.key_is_known
    assert ("settings", {"prefix": "lamp", "hostname": "kitchen"}) in calls
    names = [call[0] for call in calls]
    assert names.index("wifi") < names.index("join") < names.index("reset")
    assert ("wifi", *_WIFI) in calls
    assert ("join", "kitchen", "HomeNet") in calls
    assert "secret" not in str(story.record)


def test_modules_that_are_found_slowly_are_no_failure(calls, monkeypatch):
    """All is installed, and the command goes on to its end: why is said."""
    slow = installation.Installed(["a.mpy"], [], 0, Error("the board's flash is full"))
    monkeypatch.setattr(installation, "install", lambda port, progress: slow)
    ok, story = run(monkeypatch, report_of(make()), Provision(host_name="kitchen"))
    (step,) = [step for step in story.record["steps"] if step["status"] == "failed"]
    assert ok and step["id"] == "log" and "found more slowly" in step["detail"]
    assert "flash is full" in step["detail"] and story.record["pin"]["host"] == NAME


def test_where_a_program_is_served_is_told_with_the_page(calls, monkeypatch, tmp_path):
    """The record shows where the program is served: port 443, unless a tunnel leads to the page."""
    monkeypatch.setattr(own_program, "copy", lambda port, program: own_program.Copied([], 1))
    identity, program = make(), own_program.Program({"/main.py": b""})
    with tls_server(identity, tmp_path) as port:
        for is_tunnel, count in ((False, 4), (True, 2)):
            target = Target("127.0.0.1", port) if is_tunnel else None
            wanted = Provision("kitchen", _WIFI, target=target, program=program)
            report = report_of(identity, portal_port=20034 if is_tunnel else port)
            ok, story = run(monkeypatch, report, wanted)
            assert ok and len(story.record["urls"]) == count
            steps_of = [step["detail"] for step in story.record["steps"] if step["id"] == "main.py"]
            expected = f"port 443: https://{NAME}, or https://127.0.0.1"
            assert any(expected in detail for detail in steps_of) != is_tunnel


def test_what_the_users_own_ca_has_issued_is_checked_against_it(calls, monkeypatch, tmp_path):
    """A certificate from the user's own CA is checked against that CA, as by `verify`."""
    assert main(["ca", "init"]) == 0
    authority = default_store().load(lambda: "")
    ca = Identity(authority.key, authority.certificate.public_bytes(Encoding.DER))
    identity = make(issuer=ca)
    with tls_server(identity, tmp_path) as port:
        ok, story = run(monkeypatch, report_of(identity, portal_port=port, source="installed"))
    assert ok
    checks = {check["id"]: check for check in story.record["verify"]["checks"]}
    assert str(default_store().certificate_file) in checks["chain"]["detail"]


def _without_names(look_up):
    """Return a function that resolves addresses only."""

    def found(host, *more):
        if not is_address(host):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *more)

    return found


def steps_of(story):
    """Return (step, status) for each step."""
    return [(step["id"], step["status"]) for step in story.record["steps"]]


def test_the_token_is_read_over_usb_and_kept(calls, monkeypatch, capsys):
    """The token is stored in the key ring under the pinned name, and nowhere else."""
    report = report_of(make())
    _, story = run(monkeypatch, report, Provision())
    assert tokens.find_token([NAME], report["public_key_pin"]) == _TOKEN
    assert ("token", "done") in steps_of(story)
    assert ("microdot", "done") in steps_of(story)
    _, again = run(monkeypatch, report, Provision())
    assert ("token", "kept") in steps_of(again)
    output = capsys.readouterr()
    assert _TOKEN not in f"{story.record}{output.out}{output.err}"


def test_a_board_that_gives_no_token_is_an_error(calls, monkeypatch):
    """If a board returns no token, its answer, which may contain a part of one, is not shown."""
    monkeypatch.setattr(mpremote, "execute", lambda *arguments: _TOKEN[:-1])
    with pytest.raises(Error, match="gave no token") as caught:
        run(monkeypatch, report_of(make()), Provision())
    assert _TOKEN[:-1] not in caught.value.message


def test_another_key_on_the_network_than_on_the_cable_is_not_well(calls, monkeypatch, tmp_path):
    """Another key on the network than over USB is an error."""
    with tls_server(make(), tmp_path) as port:
        ok, story = run(monkeypatch, report_of(make(), portal_port=port))
    assert not ok
    step = next(step for step in story.record["steps"] if step["id"] == "verify")
    assert "pin matches" in step["detail"]
    assert step["status"] == "failed"


def test_a_board_that_does_not_serve_is_an_error(calls, monkeypatch, tmp_path):
    """A board that does not serve within its time is an error."""
    monkeypatch.setattr(provision, "_SERVE_TIMEOUT_S", 0)
    with tls_server(make(), tmp_path) as port:
        pass
    with pytest.raises(Error) as caught:
        run(monkeypatch, report_of(make(), portal_port=port))
    assert caught.value.code == 3


def test_a_key_that_is_not_the_one_before_is_an_error(calls, monkeypatch):
    """Without --erase, another key is an error with the board's notices, and nothing is pinned."""
    report = report_of(make(), notices=["the identity is lost"])
    with pytest.raises(Error, match="had the key sha256//before") as caught:
        run(monkeypatch, report, mark="sha256//before")
    assert "the identity is lost" in caught.value.hint
    assert pins.load_pins() == []
    ok, _ = run(monkeypatch, report, Provision(), mark=report["public_key_pin"])
    assert ok


def test_a_new_key_is_pinned_in_place_of_the_old_only_when_that_was_allowed(calls, monkeypatch):
    """A new key replaces the pin with --erase and --yes only."""
    pins.add_pin(NAME, report_of(make()))
    report = report_of(make())
    with pytest.raises(Error, match="another key") as caught:
        run(monkeypatch, report, Provision())
    assert caught.value.code == 1
    assert run(monkeypatch, report, Provision(replace=True))[0]
    (pin,) = pins.load_pins()
    assert pin.public_key_pin == report["public_key_pin"]


def test_a_unit_that_has_another_key_and_name_is_one_board(calls, monkeypatch, capsys):
    """A known chip with a new key and name keeps tags and history; other pins of the name go."""
    old, report = report_of(make()), report_of(make()) | {"unique_id": "01"}
    pins.add_pin("larder.local", old | {"unique_id": "01"})
    pins.add_pin(NAME, report_of(make()) | {"unique_id": None})
    assert main(["tag", "larder.local", "shelf"]) == 0
    with pytest.raises(Error, match="another key"):
        run(monkeypatch, report, Provision())
    assert run(monkeypatch, report, Provision(replace=True, serial_number="0017"))[0]
    assert {(pin.host, pin.public_key_pin) for pin in pins.load_pins()} == {
        ("larder.local", report["public_key_pin"]),
        (NAME, report["public_key_pin"]),
    }
    capsys.readouterr()
    assert main(["list", "0017", "--tag", "shelf", "--json"]) == 0
    (board,) = json.loads(capsys.readouterr().out)["boards"]
    assert board["provisioned_by"] and board["unique_id"] == "01"


def test_a_board_that_is_called_otherwise_takes_its_pin_along(calls, monkeypatch):
    """The pin of a renamed board, known by chip and key, moves to the new name."""
    report = report_of(make())
    pins.add_pin("larder.local", report)
    tokens.keep_token("larder.local", report["public_key_pin"], _TOKEN)
    state = kept_files.BoardState("v", "m", True, None, {"hostname": "larder"}, True, 1, "01")
    monkeypatch.setattr(kept_files, "read_state", lambda port: state)
    _, story = run(monkeypatch, report, Provision(host_name="kitchen"))
    assert [pin.host for pin in pins.load_pins()] == [NAME]
    assert tokens.find_token(["larder.local"]) is None
    assert tokens.find_token([NAME]) == _TOKEN
    assert ("name", "done") in steps_of(story)
    assert ("pin", "kept") in steps_of(story)


def test_a_wifi_that_is_not_joined_is_an_error(monkeypatch):
    """If the Wi-Fi is not joined, the error has the driver's status."""
    steps_of = {"is_connected": False, "address": "0.0.0.0", "status": -3, "date": ""}
    monkeypatch.setattr(mpremote, "run", lambda port, *words, timeout_s: json.dumps(steps_of))
    with pytest.raises(Error, match=r"cannot join the Wi-Fi HomeNet \(status -3\)"):
        kept_files.join_wifi("/dev/ttyUSB0", "kitchen", "HomeNet")
