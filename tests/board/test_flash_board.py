"""`boardcert flash` from an empty board to a verified pin, and what a second run leaves unchanged.

Each test's board already has the package; only the test with --erase installs all of it on an empty
board, as `boardcert demo` and a batch do.
"""

import json
import shutil

import pytest
import run_command
from boardcert_host.board import file_writer, kept_files, mpremote, tokens
from boardcert_host.trust.pins import add_pin, load_pins
from boardcert_host.virtual.boot_drive import BootDrive
from prepared import AT_ONCE

_STEPS = ["image", "board", "firmware", "start", "package", "microdot", "settings", "main.py"]
_STEPS += ["identity", "pin", "token", "verify", "page"]


@pytest.fixture
def in_loader(tmp_path, monkeypatch, package_flash):
    """Yield a board in its boot loader, with the package in its file system but no identity.

    The user's own drives are not searched.
    """
    monkeypatch.setenv("BOARDCERT_BOOT_DRIVES", str(tmp_path / "drive"))
    (tmp_path / "board").mkdir()
    shutil.copy(package_flash, tmp_path / "board" / "flash.bin")
    with BootDrive(tmp_path / "board", tmp_path / "drive", **AT_ONCE) as board:
        yield board


def run(capsys, *arguments):
    """Run a command with --json; return its exit code and its object."""
    return run_command.run(capsys, *arguments)[:2]


def steps(record):
    """Return {step: status}."""
    return {step["id"]: step["status"] for step in record["steps"]}


def test_from_a_board_in_its_boot_loader_to_a_verified_pin(in_loader, capsys):
    """One command does everything; a second run does nothing; --erase makes another identity."""
    at = "{}:{}".format(*in_loader.uart_address)
    flash = ("flash", "VIRTUAL_PICO_W", "--port", in_loader.usb_port, "--at", at)
    code, record = run(capsys, *flash, "--hostname", "kitchen")
    assert (code, record["ok"]) == (0, True)
    found = dict.fromkeys(["package", "microdot"], "kept")
    assert steps(record) == dict.fromkeys(_STEPS, "done") | found
    uses = "from microdot import Microdot; print(1)"
    assert mpremote.execute(in_loader.usb_port, uses).strip() == "1"
    report = record["report"]
    assert record["pin"]["host"] == "kitchen.local"
    assert record["pin"]["public_key_pin"] == report["public_key_pin"]
    assert record["pin"]["unique_id"] == report["unique_id"]
    token = tokens.find_token(["kitchen.local"])
    asked = "import boardcert; print(boardcert.identity().admin_token())"
    assert mpremote.execute(in_loader.usb_port, asked).strip() == token
    assert token not in json.dumps(record)
    assert record["verify"]["certificate"]["fingerprint"] == report["fingerprint"]

    code, again = run(capsys, *flash)
    assert (code, again["ok"]) == (0, True)
    kept = ["firmware", "package", "microdot", "settings", "main.py", "identity", "pin", "token"]
    kept = dict.fromkeys(kept, "kept")
    assert steps(again) == dict.fromkeys(_STEPS, "done") | kept
    assert again["report"]["fingerprint"] == report["fingerprint"]

    # The serial line serves one caller at a time, and hangs up after each: retry if needed.
    for _ in range(5):
        code, verified = run(capsys, "verify", at, "--name", "kitchen.local", "--timeout", "60")
        if code != 3:
            break
    assert code == 0
    (known,) = [check for check in verified["hosts"][0]["checks"] if check["id"] == "known"]
    assert known["status"] == "pass"

    code, refused = run(capsys, *flash, "--erase")
    assert code == 2
    assert report["public_key_pin"] in refused["error"]["message"]

    code, erased = run(capsys, *flash, "--hostname", "kitchen", "--erase", "--yes")
    assert (code, erased.get("error")) == (0, None)
    assert steps(erased) == dict.fromkeys([*_STEPS, "erase"], "done")
    assert erased["report"]["public_key_pin"] != report["public_key_pin"]
    assert erased["pin"]["public_key_pin"] == erased["report"]["public_key_pin"]
    assert tokens.find_token(["kitchen.local"]) not in (None, token)


def test_a_plain_pico_w_keeps_what_its_user_put_there(in_loader, capsys):
    """main.py and other files stay; an incomplete package is repaired, an old module removed."""
    flash = ("flash", "RPI_PICO_W", "--port", in_loader.usb_port)
    assert run(capsys, *flash, "--firmware-only")[0] == 0
    _wait(in_loader)
    file_writer.put_file(in_loader.usb_port, b"print('mine')\n", "/main.py")
    file_writer.put_file(in_loader.usb_port, b"half", "/lib/boardcert/sources.mpy")
    file_writer.put_file(in_loader.usb_port, b"old", "/lib/boardcert/no_longer.mpy")
    settings = {"hostname": "hall", "validity_days": 90}
    file_writer.put_file(in_loader.usb_port, json.dumps(settings).encode(), kept_files.CONFIG_FILE)
    code, record = run(capsys, *flash, "--hostname", "kitchen")
    assert code == 0
    assert steps(record)["main.py"] == "kept"
    assert steps(record)["verify"] == "skipped"
    details = {step["id"]: step["detail"] for step in record["steps"]}
    assert "1 removed" in details["package"]
    found = mpremote.execute(
        in_loader.usb_port,
        f"print(open('/main.py').read().strip(), open({kept_files.CONFIG_FILE!r}).read())",
    )
    assert found.strip() == "print('mine') " + json.dumps(settings | {"hostname": "kitchen"})


def test_a_key_that_is_not_the_pinned_one_is_a_loud_failure(
    installed, capsys, tmp_path, monkeypatch
):
    """If the board has another key, the error names both keys, and the pin stays."""
    monkeypatch.setenv("BOARDCERT_BOOT_DRIVES", str(tmp_path / "drive"))
    port = installed(pace="idle").usb_port
    flash = ("flash", "VIRTUAL_PICO_W", "--port", port, "--hostname", "kitchen")
    other = "sha256//RkRNzHZNo2LdBLSMtNYwVXIHTDTBIUpdTRVRGxUtB9k="
    before, _ = add_pin("kitchen.local", {"public_key_pin": other, "fingerprint": "AB:CD"})
    code, record = run(capsys, *flash)
    assert code == 1
    assert other in record["error"]["message"]
    assert record["report"]["public_key_pin"] in record["error"]["message"]
    assert load_pins() == [before]


def _wait(in_loader):
    from boardcert_host.board.serial_ports import wait_answering

    wait_answering(in_loader.usb_port, 60, "")
