"""The messages when a board on a serial port does not respond as expected."""

import json
import socket
import subprocess

import pytest
from boardcert_host.board import (
    file_writer,
    installation,
    interruptions,
    kept_files,
    mpremote,
    programs,
    usb_report,
)
from boardcert_host.errors import Error
from servers import refusing_port, serving


def test_a_port_that_is_not_there_is_an_error_with_a_hint():
    """A serial port that does not exist is reported with a hint, by the real mpremote."""
    with pytest.raises(Error) as caught:
        usb_report.read_report("/dev/no-such-port")
    assert "failed to access /dev/no-such-port" in caught.value.message
    assert "mpremote connect list" in caught.value.hint
    assert caught.value.code == 3


def test_a_closed_tcp_port_is_an_error_with_a_hint():
    """A closed TCP port, as of a stopped virtual board, is reported with a hint."""
    with pytest.raises(Error) as caught:
        mpremote.execute(f"socket://127.0.0.1:{refusing_port()}", "print(1)")
    assert "failed to access" in caught.value.message


def test_a_device_without_micropython_is_reported():
    """A device that sends nothing back is reported once mpremote gives up after 10 seconds."""

    def swallow(connection: socket.socket) -> None:
        connection.settimeout(120)
        while connection.recv(4096):
            pass

    with serving(swallow) as port, pytest.raises(Error) as caught:
        mpremote.execute(f"socket://127.0.0.1:{port}", "print(1)")
    assert caught.value.message.endswith("could not enter raw repl")
    assert "is MicroPython on the board?" in caught.value.hint


def test_a_board_that_never_ends_is_an_error():
    """A program that never ends is stopped at the given time, and mpremote with it."""

    def swallow(connection: socket.socket) -> None:
        while connection.recv(4096):
            pass

    with serving(swallow) as port, pytest.raises(Error, match="did not finish within 1 s"):
        mpremote.execute(f"socket://127.0.0.1:{port}", "print(1)", timeout_s=1)


def test_writing_ends_when_the_board_is_silent(monkeypatch):
    """Each finished script restarts the time limit, so only a silent board times out."""

    def swallow(connection: socket.socket) -> None:
        while connection.recv(4096):
            pass

    monkeypatch.setattr(file_writer, "_WRITE_SILENCE_S", 1)
    with serving(swallow) as port, pytest.raises(Error, match="sent nothing for 1 s"):
        file_writer.write_beside(f"socket://127.0.0.1:{port}", {"/main.py": b""})


_REPORT = {
    "hostname": "kitchen",
    "names": ["kitchen.local"],
    "public_key_pin": f"sha256//{43 * 'x'}=",
    "fingerprint": ":".join(["AB"] * 32),
    "source": "loaded",
    "generated": False,
    "notices": [],
    "timings_ms": {"total": 1},
}


def answer(monkeypatch: pytest.MonkeyPatch, output: str, code: int = 0) -> None:
    """Let mpremote print *output* and end with *code*."""
    done = subprocess.CompletedProcess([], code, output, "")
    monkeypatch.setattr(mpremote, "run_bounded", lambda *args, **more: done)


def test_a_boot_py_that_does_not_end_is_interrupted(monkeypatch):
    """The board is reset softly first; if its boot.py does not end then, it is interrupted."""
    commands = []
    answers = ["could not enter raw repl", "could not enter raw repl", "1\r\n", "2\r\n"]

    def run_bounded(command, *_limits, **_more):
        commands.append(command[command.index("/dev/usb") + 1 :])
        output = answers.pop(0)
        return subprocess.CompletedProcess([], "raw repl" in output, output, "")

    monkeypatch.setattr(mpremote, "run_bounded", run_bounded)
    monkeypatch.setattr(mpremote, "is_answering", lambda port, timeout_s: True)
    with interruptions.programs_go_on(lambda port: None):
        assert mpremote.execute("/dev/usb", "print(1)") == "1\r\n"
        assert mpremote.execute("/dev/usb", "print(2)") == "2\r\n"
    first = ["exec", "print(1)"]
    assert commands == [first, first, ["resume", *first], ["resume", "exec", "print(2)"]]


def test_a_programs_settings_are_known_though_boot_py_does_not_end(monkeypatch):
    """They are read before the soft reset, after which boot.py may wait for its Wi-Fi."""

    def run_bounded(command, *_limits, **_more):
        words = command[command.index("/dev/usb") + 1 :]
        is_ready = words[0] == "resume" and "soft-reset" not in words
        output = '{"hostname": "kitchen"}' if is_ready else "could not enter raw repl"
        return subprocess.CompletedProcess([], not is_ready, output, "")

    monkeypatch.setattr(mpremote, "run_bounded", run_bounded)
    monkeypatch.setattr(mpremote, "is_answering", lambda port, timeout_s: True)
    with interruptions.programs_go_on(lambda port: None):
        for _ in range(2):
            assert "kitchen" in programs.identity_code("/dev/usb")
            assert mpremote.ask("/dev/usb", "") == {"hostname": "kitchen"}
            mpremote.soft_reset("/dev/usb")


@pytest.mark.parametrize("settings", [["kitchen"], {"hostname": "a" * 200_000}])
def test_unreadable_settings_of_a_program_are_an_error(settings, monkeypatch):
    """What the program has set goes back to the board only if it can be settings."""
    monkeypatch.setattr(mpremote, "run", lambda port, *words, resumes: json.dumps(settings))
    with pytest.raises(Error, match="unreadable answer"):
        programs.identity_code("/dev/usb")


@pytest.mark.parametrize(
    ("output", "hint"),
    [
        ("ImportError: no module named 'boardcert'", "not installed"),
        ("OSError: [Errno 28] ENOSPC", "flash is full"),
        ("serial.serialutil.SerialException: read failed", "unplugged"),
    ],
)
def test_errors_of_the_board_keep_their_last_line_and_gain_a_hint(output, hint, monkeypatch):
    """The last line of a board's traceback is shown with a hint."""
    answer(monkeypatch, f"Traceback (most recent call last):\n  File\n{output}\n", 1)
    with pytest.raises(Error) as caught:
        usb_report.read_report("/dev/usb")
    assert caught.value.message == f"the board at /dev/usb: {output}"
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("output", "message"), [("", "no answer"), ("hello\n", "unreadable answer")]
)
def test_an_invalid_answer_is_an_error(output, message, monkeypatch):
    """Silence, or a line that is not JSON, is an error."""
    answer(monkeypatch, output)
    with pytest.raises(Error, match=message):
        usb_report.read_report("/dev/usb")


def test_lines_before_the_answer_are_passed_over(monkeypatch):
    """Lines that boot.py prints before the answer are ignored."""
    answer(monkeypatch, f"booting\r\n{json.dumps(_REPORT)}\r\n")
    assert usb_report.read_report("/dev/usb") == _REPORT


@pytest.mark.parametrize(
    ("report", "message"),
    [
        ([], "malformed report"),
        (1, "malformed report"),
        ({}, "without hostname"),
        (_REPORT | {"names": []}, "without a name"),
        (_REPORT | {"public_key_pin": None}, "without public_key_pin"),
        ({key: _REPORT[key] for key in _REPORT if key != "notices"}, "without notices"),
    ],
)
def test_a_report_that_lacks_something_is_an_error(report, message, monkeypatch):
    """A report that lacks a field, as from another version, is an error and no later KeyError."""
    answer(monkeypatch, json.dumps(report))
    with pytest.raises(Error, match=message):
        usb_report.read_report("/dev/usb")


def test_bytes_that_are_no_text_are_passed_over(monkeypatch, tmp_path):
    """Bytes that are not text are ignored, as a board without MicroPython may print anything."""
    script = tmp_path / "mpremote.py"
    script.write_text("import sys; sys.stdout.buffer.write(b'\\xff\\xfe\\n{}\\n')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert mpremote.run("/dev/usb", "exec", "").endswith("\n{}\n")


@pytest.mark.parametrize(
    ("version", "mpy", "message"),
    [
        ([1, 23, 0], 4 << 10 | 0x306, "runs MicroPython 1.23.0"),
        ([1, 27, 0], 0x306, "cannot load native modules"),
        ([1, 27, 0], 15 << 10 | 0x306, "cannot load native modules"),
    ],
)
def test_a_board_that_cannot_run_the_package_is_refused(version, mpy, message, monkeypatch):
    """A firmware that is too old, lacks native code or is of an unknown kind is refused."""
    answer(monkeypatch, json.dumps({"version": version, "mpy": mpy, "files": {}}))
    with pytest.raises(Error, match=message):
        installation.survey("/dev/usb")


def test_host_and_board_agree_where_the_settings_are():
    """Both halves write the settings' path, and must agree on it."""
    import boardcert
    from boardcert.storage import store

    assert f"{boardcert.DIRECTORY}/{store.CONFIG_NAME}" == kept_files.CONFIG_FILE


def test_the_data_does_not_hide_the_package():
    """A directory /boardcert would be imported instead of /lib/boardcert."""
    top = kept_files.CONFIG_FILE.split("/")[1]
    assert top != installation.PACKAGE_DIRECTORY.rsplit("/", 1)[1]
