"""`boardcert pin`, `label` and `devices`, and `verify` for known boards."""

import re
import socket
from pathlib import Path

import pytest
from boardcert_host.board import kept_files, mpremote, usb_report
from boardcert_host.board.serial_ports import USBPort
from boardcert_host.certificates import certificate
from boardcert_host.certificates.fingerprint import fingerprint_words, key_fingerprint
from boardcert_host.cli import main
from boardcert_host.errors import Error
from boardcert_host.flash import plugged_in
from boardcert_host.inventory import place, sightings
from boardcert_host.trust import pins
from certificates import NAME, make
from run_command import run
from servers import tls_server


def pin_of(identity):
    """Return the public-key pin."""
    return certificate.public_key_pin(certificate.parse(identity.der))


def known(answer):
    """Return status and detail of the check against known boards."""
    (host,) = answer["hosts"]
    (check,) = [check for check in host["checks"] if check["id"] == "known"]
    return check["status"], check["detail"]


def test_verify_knows_a_pinned_board_and_its_new_certificates(tmp_path, capsys):
    """Another certificate with the same key is from the same board."""
    first = make()
    with tls_server(first, tmp_path) as port:
        host = f"127.0.0.1:{port}"
        assert known(run(capsys, "verify", host)[1])[0] == "skip"
        assert run(capsys, "pin", "add", host, "--yes")[0] == 0
        code, answer, _ = run(capsys, "verify", host)
        assert (code, known(answer)[0]) == (0, "pass")
    pins.add_pin(NAME, {"public_key_pin": pin_of(first), "fingerprint": "AB"})
    with tls_server(make(key=first.key), tmp_path) as port:
        code, answer, _ = run(capsys, "verify", f"127.0.0.1:{port}", "--name", NAME)
    assert (code, known(answer)[0]) == (0, "pass")
    assert "new certificate" in known(answer)[1]
    served = answer["hosts"][0]["certificate"]["fingerprint"]
    assert {pin.fingerprint for pin in pins.load_pins()} == {served}


def test_a_label_goes_on_to_fit_when_the_certificate_is_signed_again(tmp_path, capsys):
    """Label, QR code and the computer's output show the key, and stay valid after a renewal."""
    first = make()
    again = make(key=first.key)
    labels = []
    for identity in (first, again):
        with tls_server(identity, tmp_path) as port:
            assert run(capsys, "pin", "add", f"127.0.0.1:{port}", "--yes")[0] == 0
            path = tmp_path / f"{len(labels)}.svg"
            assert main(["label", f"127.0.0.1:{port}", str(path)]) == 0
            assert main(["verify", f"127.0.0.1:{port}", "--name", NAME]) == 0
        labels.append(re.findall(r"<text[^>]*>([^<]*)", path.read_text()))
        shown = capsys.readouterr().out
        fingerprint = key_fingerprint(pin_of(first))
        assert fingerprint[:23] in shown and fingerprint_words(fingerprint) in shown
        assert certificate.fingerprint(identity.der)[:23] in shown
    assert labels[0] == labels[1] and fingerprint[:23] in labels[0]


def test_a_failing_board_refreshes_nothing(tmp_path, capsys):
    """A board with another key changes nothing that is stored."""
    old, new = make(), make()
    pins.add_pin(NAME, {"public_key_pin": pin_of(old), "fingerprint": "AB"})
    with tls_server(new, tmp_path) as port:
        assert run(capsys, "verify", f"127.0.0.1:{port}", "--name", NAME)[0] == 1
    assert [pin.fingerprint for pin in pins.load_pins()] == ["AB"]


def test_verify_fails_loudly_when_the_key_is_another(tmp_path, capsys):
    """A changed key fails loudly, and both pins are named."""
    old, new = make(), make()
    pins.add_pin(NAME, {"public_key_pin": pin_of(old), "fingerprint": "AB"})
    with tls_server(new, tmp_path) as port:
        code, answer, _ = run(capsys, "verify", f"127.0.0.1:{port}", "--name", NAME)
    status, detail = known(answer)
    assert (code, status) == (1, "fail")
    assert "CHANGED" in detail
    assert pin_of(old) in detail
    assert pin_of(new) in detail


def test_what_verify_finds_of_a_known_board_is_its_history(tmp_path, capsys):
    """Verdicts, certificates and addresses of known boards are recorded, of others nothing."""
    first = make()
    with tls_server(first, tmp_path) as port:
        host = f"127.0.0.1:{port}"
        run(capsys, "verify", host)
        assert not place.inventory_place().file.exists()
        run(capsys, "pin", "add", host, "--yes")
        for _ in range(2):
            assert run(capsys, "verify", host)[0] == 0
    assert run(capsys, "verify", host)[0] == 3
    with tls_server(make(), tmp_path) as other:
        pins.add_pin(f"127.0.0.1:{other}", {"public_key_pin": "sha256//x", "fingerprint": "AB"})
        assert run(capsys, "verify", f"127.0.0.1:{other}")[0] == 1
    printed = run(capsys, "history", host)[1]
    rows = [(one["verdict"], one["times"]) for one in printed["verdicts"]]
    assert rows == [("valid", 2), ("unreachable", 1)]
    (certificate_row,) = printed["certificates"]
    assert certificate_row["not_after"] and certificate_row["public_key_pin"] == pin_of(first)
    printed = run(capsys, "history", f"127.0.0.1:{other}")[1]
    (row,) = printed["verdicts"]
    assert row["verdict"] == "not valid" and row["detail"] == "changed key"
    assert len(printed["certificates"]) == 1


def test_a_board_is_unreachable_only_where_it_serves(tmp_path, capsys):
    """A refused port of another server, another address or name says nothing about the board."""
    board = make()
    with tls_server(board, tmp_path) as port, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # Bound, but not listening: it refuses.
        elsewhere = f"localhost:{closed.getsockname()[1]}"
        facts = {"public_key_pin": pin_of(board), "fingerprint": "AB"}
        pins.add_pin("localhost", facts, port, "127.0.0.1")
        assert run(capsys, "verify", "localhost", "--name", NAME)[0] == 0
        assert run(capsys, "verify", elsewhere)[0] == 3
        assert run(capsys, "verify", f"127.0.0.2:{port}", "--name", "localhost")[0] == 3
        other_name = ["--name", "other.example"]  # Which its certificate is not for.
        code, answer, _ = run(capsys, "verify", f"127.0.0.1:{port}", *other_name)
        assert code == 1 and answer["hosts"][0]["reasons"] == ["wrong name"]
        assert run(capsys, "list")[1]["boards"][0]["verdict"] == "valid"
    assert run(capsys, "verify", f"localhost:{port}")[0] == 3
    assert run(capsys, "list")[1]["boards"][0]["verdict"] == "unreachable"


@pytest.mark.parametrize("also", [[], ["kitchen.local"]])
def test_a_board_at_a_new_address_is_recorded_without_a_verdict(also, tmp_path, capsys):
    """A board known by its key: address and certificate are new, its name is not the address."""
    board = make()
    with tls_server(board, tmp_path, host="127.0.0.2") as port:
        facts = {"public_key_pin": pin_of(board), "fingerprint": "AB"}
        pins.add_pin("kitchen.local", facts, port, "127.0.0.9")
        # Its own name, at the last address: refused there.
        code, answer, _ = run(capsys, "verify", *also, f"127.0.0.2:{port}")
    assert code == 1 and answer["hosts"][-1]["reasons"] == ["wrong name"]
    served = answer["hosts"][-1]["certificate"]["fingerprint"]
    (listed,) = run(capsys, "list")[1]["boards"]
    (place_of,) = listed["hosts"]
    assert (listed["fingerprint"], place_of["address"]) == (served, "127.0.0.2")
    assert listed["verdict"] == ("unreachable" if also else None)
    history = run(capsys, "history", "kitchen.local")[1]
    assert served in [one["fingerprint"] for one in history["certificates"]]
    moved = [one["detail"] for one in history["events"] if one["what"] == "moved"]
    assert moved == ["127.0.0.9 before, 127.0.0.2 now"]
    assert [one["verdict"] for one in history["verdicts"]] == ["unreachable"] * len(also)


def test_a_verdict_that_cannot_be_noted_is_told_all_the_same(tmp_path, capsys, monkeypatch):
    """If the verdict cannot be stored, that is an error, unless the key has changed, too."""
    identity = make()

    def fail(found):
        raise Error("no room for the inventory")

    with tls_server(identity, tmp_path) as port:
        host = f"127.0.0.1:{port}"
        assert run(capsys, "pin", "add", host, "--yes")[0] == 0
        monkeypatch.setattr(sightings, "note_seen", fail)
        code, answer, messages = run(capsys, "verify", host)
        assert (code, answer["ok"]) == (3, True) and "no room" in answer["error"]["message"]
        assert main(["verify", host]) == 3
        assert f"{host}: valid" in capsys.readouterr().out
    with tls_server(make(), tmp_path) as port:
        pins.add_pin(f"127.0.0.1:{port}", {"public_key_pin": "sha256//x", "fingerprint": "AB"})
        code, answer, messages = run(capsys, "verify", f"127.0.0.1:{port}")
    assert (code, answer["ok"]) == (1, False) and "no room" in messages


def test_pinning_needs_somebody_who_compares(tmp_path, capsys, monkeypatch):
    """Pinning needs a pin, a cable, a person or --yes, and a valid certificate."""
    identity = make()
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with tls_server(identity, tmp_path) as port:
        host = f"127.0.0.1:{port}"
        code, _, messages = run(capsys, "pin", "add", host)
        assert code == 2
        assert key_fingerprint(pin_of(identity)) in messages
        assert run(capsys, "pin", "add", host, "--pin", pin_of(make()))[0] == 1
        assert pins.load_pins() == []
        code, answer, _ = run(capsys, "pin", "add", host, "--pin", pin_of(identity))
        assert (code, answer["result"]) == (0, "pinned")
        assert run(capsys, "pin", "add", host, "--yes")[1]["result"].startswith("already known")
    with tls_server(make(), tmp_path) as port:
        pins.add_pin(f"127.0.0.1:{port}", {"public_key_pin": "sha256//x", "fingerprint": "AB"})
        code, _, messages = run(capsys, "pin", "add", f"127.0.0.1:{port}", "--yes")
    assert code == 1
    assert "sha256//x" in messages


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("", 1)])
def test_a_person_is_shown_the_fingerprint_and_asked(answer, code, tmp_path, capsys, monkeypatch):
    """The user sees the fingerprint, and only yes pins it."""
    monkeypatch.setattr("sys.stdin", _Terminal(answer))
    identity = make()
    with tls_server(identity, tmp_path) as port:
        assert main(["pin", "add", f"127.0.0.1:{port}"]) == code
    shown = capsys.readouterr().err
    assert key_fingerprint(pin_of(identity))[:23] in shown
    assert certificate.fingerprint(identity.der) in shown
    assert len(pins.load_pins()) == (code == 0)


class _Terminal:
    def __init__(self, answer):
        self._answer = answer

    def isatty(self):
        return True

    def readline(self):
        return self._answer


def test_a_board_on_the_cable_is_pinned_listed_labelled_and_forgotten(
    tmp_path, capsys, monkeypatch
):
    """A board on the cable is pinned, listed, labelled and forgotten; its program continues."""
    report = {"public_key_pin": pin_of(make()), "fingerprint": "AB:" * 31 + "CD", "unique_id": "01"}
    restarted = []
    monkeypatch.setattr(usb_report, "read_report", lambda port: report)
    monkeypatch.setattr(mpremote, "reset", restarted.append)
    assert run(capsys, "pin", "add", "kitchen.local", "--usb", "/dev/null")[0] == 0
    assert restarted == ["/dev/null"]
    _, listed, _ = run(capsys, "pin", "list")
    assert [(pin["host"], pin["unique_id"]) for pin in listed["pins"]] == [("kitchen.local", "01")]
    monkeypatch.chdir(tmp_path)
    assert main(["label", "kitchen"]) == 0
    assert "https://kitchen.local:20034/" in capsys.readouterr().out
    assert (tmp_path / "kitchen.local.svg").exists()
    assert main(["label", "kitchen", "label.png", "-o", "label.svg"]) == 2
    assert "named twice" in capsys.readouterr().err
    assert main(["label", "kitchen", "--usb", "/dev/null", "-o", "label.txt"]) == 2
    assert restarted == ["/dev/null"] and "not label.txt" in capsys.readouterr().err
    code, printed, _ = run(capsys, "label", "kitchen.local", "-o", "label.png")
    assert (code, printed["host"]) == (0, "kitchen.local:20034")
    assert printed["fingerprint"] == report["fingerprint"] and Path(printed["file"]).exists()
    assert run(capsys, "pin", "forget", "kitchen.local")[0] == 0
    assert pins.load_pins() == []
    assert main(["label", "kitchen.local"]) == 3


def test_verify_finds_the_pin_however_the_host_is_spelled(tmp_path, capsys):
    """The pin is found for other spellings of the host: a changed key is detected."""
    old, new = make(), make()
    pins.add_pin("Localhost", {"public_key_pin": pin_of(old), "fingerprint": "AB"})
    pins.add_pin("Kitchen.local.", {"public_key_pin": pin_of(old), "fingerprint": "AB"})
    with tls_server(new, tmp_path) as port:
        code, answer, _ = run(capsys, "verify", f"LOCALHOST:{port}", "--name", "127.0.0.1")
        assert (code, known(answer)[0]) == (1, "fail")
        code, answer, _ = run(capsys, "verify", f"127.0.0.1:{port}", "--name", "KITCHEN.local")
        assert (code, known(answer)[0]) == (1, "fail")


def test_a_board_on_the_cable_must_have_the_pin_that_is_given(capsys, monkeypatch):
    """--pin, of certificate or key, must match the board on the cable; another is not pinned."""
    report = {"public_key_pin": pin_of(make()), "fingerprint": ":".join(["AB"] * 32)}
    monkeypatch.setattr(usb_report, "read_report", lambda port: report)
    monkeypatch.setattr(mpremote, "reset", lambda port: None)
    arguments = ["pin", "add", "kitchen.local", "--usb", "/dev/null", "--pin"]
    for wrong in ("CD" * 32, pin_of(make())):
        code, _, messages = run(capsys, *arguments, wrong)
        assert code == 1
        assert "the board on the cable has" in messages
    assert pins.load_pins() == []
    for right in ("ab" * 32, report["public_key_pin"]):
        assert run(capsys, *arguments, right)[0] == 0


def test_a_board_that_fails_does_not_end_the_list_of_devices(capsys, monkeypatch):
    """An error of one board is shown in its row of the list."""

    def fail(port):
        raise Error("the board at /dev/ttyACM0 gave no answer")

    ports = [USBPort("/dev/ttyACM0", "Board"), USBPort("/dev/ttyUSB0", "Converter")]
    monkeypatch.setattr(plugged_in, "usb_ports", lambda: ports)
    monkeypatch.setattr(plugged_in, "is_answering", lambda port: port == "/dev/ttyACM0")
    monkeypatch.setattr(plugged_in, "boot_drives", list)
    monkeypatch.setattr(kept_files, "read_state", fail)
    code, answer, _ = run(capsys, "devices")
    assert code == 0
    assert [entry["port"] for entry in answer["devices"]] == ["/dev/ttyACM0", "/dev/ttyUSB0"]
    assert "gave no answer" in answer["devices"][0]["runs"]


def test_an_error_is_an_object_too(tmp_path, capsys, monkeypatch):
    """With --json, errors are objects too, even usage errors."""

    def fail(port):
        raise Error("no board", "plug it in")

    monkeypatch.setattr(usb_report, "read_report", fail)
    expected = {"message": "no board", "hint": "plug it in"}
    assert run(capsys, "pin", "add", NAME, "--usb", "/dev/null")[1]["error"] == expected
    with tls_server(make(), tmp_path) as port:
        code, answer, _ = run(capsys, "verify", f"127.0.0.1:{port}", "--usb", "/dev/null")
    assert (code, answer["error"]) == (3, expected)
    assert "not pinned" in run(capsys, "pin", "forget", NAME)[1]["error"]["message"]
    for words in (["flash", "NO_SUCH_BOARD"], ["pin", "nothing"], ["verify"], []):
        code, answer, _ = run(capsys, *words)
        assert code == 2
        assert answer["error"]["message"]


def test_devices_tells_what_runs_where(tmp_path, capsys, monkeypatch):
    """`devices` lists a board with an identity, a silent port, and a board in its boot loader."""
    state = kept_files.BoardState(
        "3.4.0; MicroPython v1.27.0 on 2025-12-09", "Pico W", True, "sha256//x", {}, True, 3
    )
    ports = [USBPort("/dev/ttyACM0", "Board"), USBPort("/dev/ttyUSB0", "Converter")]
    monkeypatch.setattr(plugged_in, "usb_ports", lambda: ports)
    monkeypatch.setattr(plugged_in, "is_answering", lambda port: port == "/dev/ttyACM0")
    monkeypatch.setattr(kept_files, "read_state", lambda port: state)
    monkeypatch.setenv("BOARDCERT_BOOT_DRIVES", str(tmp_path))
    (tmp_path / "INFO_UF2.TXT").write_text("UF2 Bootloader v1.0\nBoard-ID: RP2350\n")
    code, answer, _ = run(capsys, "devices")
    assert code == 0
    found = {entry["port"]: (entry["runs"], entry["identity"]) for entry in answer["devices"]}
    assert found["/dev/ttyACM0"] == ("Pico W, MicroPython v1.27.0 on 2025-12-09", "sha256//x")
    assert "no MicroPython answers" in found["/dev/ttyUSB0"][0]
    assert "RPI_PICO2_W" in found[str(tmp_path)][0]
    assert main(["devices"]) == 0
    assert "/dev/ttyACM0" in capsys.readouterr().out
