"""`boardcert flash` for ESP32 boards, from the command line, against a mock boot loader."""

import socket

import pytest
import run_command
from boardcert_host.board import kept_files, serial_ports
from boardcert_host.cli import main
from boardcert_host.commands.flash import _wifi
from boardcert_host.errors import Error
from boardcert_host.flash import sequence
from boardcert_host.flash.board_kinds import load_board
from boardcert_host.flash.firmware import firmware_image
from boardcert_host.passwords import Password
from esp32_mock import mock_boot_loader

_MIB = 1024 * 1024


def run(capsys, *arguments):
    """Run `boardcert flash ... --json`; return exit code, record and messages."""
    return run_command.run(capsys, "flash", *arguments)


@pytest.fixture
def mock(tmp_path):
    """Yield the port of an ESP32 in its boot loader, and the file that receives its flash."""
    path = tmp_path / "flash.bin"
    with mock_boot_loader("esp32", path) as port:
        yield port, path


def test_an_esp32_gets_its_firmware(tmp_path, capsys):
    """Each step is done, and the flash contains the image afterwards."""
    path = tmp_path / "flash.bin"
    with mock_boot_loader("esp32", path) as port:
        code, record, _ = run(capsys, "ESP32_GENERIC", "--port", port, "--firmware-only")
    assert code == 0
    assert record["ok"]
    steps = [(step["id"], step["status"]) for step in record["steps"]]
    assert steps == [(name, "done") for name in ("image", "board", "chip", "firmware")]
    image = firmware_image(load_board("ESP32_GENERIC"))[0].read_bytes()
    assert path.read_bytes()[0x1000:][: len(image)] == image


def test_without_a_start_of_micropython_it_ends_with_an_error(mock, capsys, monkeypatch):
    """The mock never starts MicroPython: the error comes with a record of the finished steps."""
    monkeypatch.setattr(sequence, "_BOOT_TIMEOUT_S", 0)
    code, record, messages = run(capsys, "ESP32_GENERIC", "--port", mock[0])
    assert code == 3
    assert not record["ok"]
    assert record["steps"][-1]["id"] == "firmware"
    assert "does not answer" in record["error"]["message"]
    assert "boardcert: MicroPython does not answer" in messages


def test_an_interrupted_flash_says_how_it_is_completed(mock, capsys, monkeypatch):
    """Ctrl-C leaves a record of the finished steps, and a hint that the command can be repeated."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sequence, "_look", interrupt)
    code, record, messages = run(capsys, "ESP32_GENERIC", "--port", mock[0])
    assert code == 130
    assert [step["id"] for step in record["steps"]] == ["image"]
    assert record["error"]["message"] == "interrupted"
    assert "hint: the same command does what is left" in messages


def test_erasing_a_board_of_which_nothing_is_known_needs_yes(capsys, tmp_path):
    """Without --yes, nothing is touched; with it, everything is erased first."""
    path = tmp_path / "flash.bin"
    path.write_bytes(b"\x55" * 4 * _MIB)
    arguments = ("ESP32_GENERIC", "--firmware-only", "--erase")
    with mock_boot_loader("esp32", path) as port:
        code, record, _ = run(capsys, *arguments, "--port", port)
    assert code == 2
    assert "whatever is on the board" in record["error"]["message"]
    assert path.read_bytes() == b"\x55" * 4 * _MIB
    with mock_boot_loader("esp32", path) as port:
        code, record, _ = run(capsys, *arguments, "--yes", "--port", port)
    assert code == 0
    assert "erase" in [step["id"] for step in record["steps"]]
    assert path.read_bytes()[3 * _MIB :] == b"\xff" * _MIB


def test_a_wrong_image_is_refused_before_the_board_is_looked_for(tmp_path, capsys, monkeypatch):
    """A wrong image is refused before the board is contacted."""
    monkeypatch.setattr(sequence, "is_answering", lambda port, *_: pytest.fail("looked for it"))
    path = tmp_path / "image.bin"
    path.write_bytes(b"\xe9" + bytes(100_000))
    for board in ("ESP32_GENERIC", "RPI_PICO_W"):
        code, record, _ = run(capsys, board, "--firmware", str(path))
        assert code == 3
        assert board in record["error"]["message"]
    code, record, _ = run(capsys, "RPI_PICO_W", "--firmware", str(tmp_path / "none"))
    assert "cannot read" in record["error"]["message"]


def test_without_a_port_a_board_is_asked_for(capsys, monkeypatch):
    """Without --port, no port or two ports are an error."""
    ports = []
    monkeypatch.setattr(serial_ports, "usb_ports", lambda: ports)
    code, record, _ = run(capsys, "ESP32_GENERIC")
    assert (code, record["error"]["message"]) == (3, "no serial port")
    ports += [serial_ports.USBPort(f"/dev/ttyUSB{number}", "") for number in range(2)]
    code, record, _ = run(capsys, "ESP32_GENERIC")
    assert code == 3
    assert "/dev/ttyUSB0, /dev/ttyUSB1" in record["error"]["message"]


def test_a_board_of_another_kind_is_left_alone(capsys, monkeypatch):
    """The only board is left alone if it is of another kind."""
    state = kept_files.BoardState("MicroPython v1.27.0", "Feather RP2040", True, "x", {}, True, 3)
    monkeypatch.setattr(sequence, "only_usb_port", lambda: "/dev/ttyACM0")
    monkeypatch.setattr(sequence, "is_answering", lambda port, *_: True)
    monkeypatch.setattr(kept_files, "read_state", lambda port: state)
    for board in ("ESP32_GENERIC", "RPI_PICO_W"):
        code, record, _ = run(capsys, board)
        assert code == 3
        assert "/dev/ttyACM0 is a different one: Feather RP2040" in record["error"]["message"]


@pytest.mark.parametrize("more", [[], ["--port", "/dev/ttyACM0"]])
def test_a_running_board_beside_a_boot_drive_is_left_alone(more, tmp_path, capsys, monkeypatch):
    """With a running board and a boot drive, both are named and left alone."""
    (tmp_path / "INFO_UF2.TXT").write_text("UF2 Bootloader v3.0\nBoard-ID: RPI-RP2\n")
    monkeypatch.setenv("BOARDCERT_BOOT_DRIVES", str(tmp_path))
    state = kept_files.BoardState("3.4.0; v1.20 on x", "Pico W", True, "x", {}, True, 3)
    monkeypatch.setattr(sequence, "only_usb_port", lambda: "/dev/ttyACM0")
    monkeypatch.setattr(serial_ports, "is_there", lambda port: True)
    monkeypatch.setattr(sequence, "is_answering", lambda port, *_: True)
    monkeypatch.setattr(kept_files, "read_state", lambda port: state)
    for touch in ("enter_boot_loader", "copy_image"):
        monkeypatch.setattr(sequence.uf2_drive, touch, lambda *_: pytest.fail("touched"))
    code, record, _ = run(capsys, "RPI_PICO_W", *more)
    assert code == 3
    assert str(tmp_path) in record["error"]["message"]
    assert "/dev/ttyACM0" in record["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["NO_SUCH_BOARD"], "no such board"),
        (["RPI_PICO", "--wifi", "HomeNet"], "has no Wi-Fi"),
        (["VIRTUAL_PICO_W", "--wifi", "HomeNet"], "virtual Wi-Fi is flashed as RPI_PICO_W"),
        (["RPI_PICO_W", "--hostname", "the kitchen"], "not a host name"),
        (["RPI_PICO_W", "--hostname", "kitchen-"], "not a host name"),
        (["RPI_PICO_W", "--hostname", "k" * 64], "not a host name"),
        (["RPI_PICO_W", "--at", "kitchen:0"], "not a HOST"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(arguments, reason, capsys):
    """Contradictory options are a usage error before anything is read."""
    assert main(["flash", *arguments]) == 2
    assert reason in capsys.readouterr().err


class _Arguments:
    board = "RPI_PICO_W"
    wifi = "HomeNet"
    wifi_password_file = None
    wifi_open = False


def test_the_wifi_password_comes_from_a_file_or_the_environment(tmp_path, monkeypatch):
    """The Wi-Fi password comes from a file or the environment, never from an argument."""
    arguments = _Arguments()
    monkeypatch.setenv("BOARDCERT_WIFI_PASSWORD", "from the environment")
    assert _wifi(arguments, True) == ("HomeNet", "from the environment")
    arguments.wifi_password_file = tmp_path / "password"
    with pytest.raises(Error, match="cannot read the Wi-Fi password"):
        _wifi(arguments, True)
    arguments.wifi_password_file.write_bytes(b"\xff\xfe")
    with pytest.raises(Error, match="not UTF-8"):
        _wifi(arguments, True)
    arguments.wifi_password_file.write_text(" from a file \n")
    assert _wifi(arguments, True) == ("HomeNet", " from a file ")
    arguments.wifi_password_file = None
    monkeypatch.delenv("BOARDCERT_WIFI_PASSWORD")
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(Error, match="no terminal to ask") as caught:
        _wifi(arguments, True)
    assert "--wifi-open if there is none" in caught.value.hint


@pytest.mark.parametrize("password", ["secret7", "\N{SNOWMAN}" * 22, "g" * 64])
def test_an_invalid_wpa2_password_is_refused_before_a_board_waits_for_the_wifi(
    password, monkeypatch
):
    """An invalid WPA2 password is refused early and not shown; 64 hex digits are a key."""
    monkeypatch.setenv("BOARDCERT_WIFI_PASSWORD", password)
    with pytest.raises(Error, match="has 8 to 63 characters") as caught:
        _wifi(_Arguments(), True)
    assert caught.value.code == 2
    assert password not in str(caught.value)
    monkeypatch.setenv("BOARDCERT_WIFI_PASSWORD", "0123456789abcDEF" * 4)
    assert _wifi(_Arguments(), True) == ("HomeNet", "0123456789abcDEF" * 4)


def test_an_open_network_has_no_password_to_ask_for(monkeypatch, capsys):
    """--wifi-open, or an empty answer to the prompt, means an open network."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    arguments = _Arguments()
    arguments.wifi_open = True
    assert _wifi(arguments, True) == ("HomeNet", "")
    arguments.wifi_open = False
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: "" if "empty" in prompt else "x")
    assert _wifi(arguments, True) == ("HomeNet", "")
    arguments.wifi = "x" * 33
    with pytest.raises(Error, match="1 to 32 bytes"):
        _wifi(arguments, True)
    flash = ["flash", "RPI_PICO_W", "--wifi-open"]
    for more in ([], ["--wifi", "HomeNet", "--wifi-password-file", "file"]):
        assert main([*flash, *more]) == 2
        assert "--wifi-open needs --wifi" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["/dev/ttyNOSUCH0", "closed"])
@pytest.mark.parametrize("board", ["RPI_PICO_W", "ESP32_GENERIC"])
def test_a_port_that_does_not_exist_is_told_before_anything_waits(port, board, capsys, monkeypatch):
    """A missing port is reported before any prompt, download or waiting."""
    held = socket.socket()  # Bound, so that no other process gets this port; nothing listens on it.
    held.bind(("127.0.0.1", 0))
    if port == "closed":
        port = f"socket://127.0.0.1:{held.getsockname()[1]}"
    for name in ("find_image", "_look"):
        monkeypatch.setattr(sequence, name, lambda *_: pytest.fail("went on"))
    monkeypatch.setattr(Password, "ask", lambda *_: pytest.fail("asked"))
    monkeypatch.delenv("BOARDCERT_WIFI_PASSWORD", raising=False)
    code, record, _ = run(capsys, board, "--port", port, "--wifi", "HomeNet")
    assert code == 3
    assert record["error"]["message"] == f"no such port: {port}"
    held.close()
