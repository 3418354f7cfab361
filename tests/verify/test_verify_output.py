"""What `boardcert verify` prints, and to whom: people, programs, closed pipes, full disks."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from boardcert_host import clock
from certificates import NAME, make
from processes import started
from servers import refusing_port, serving, tls_server
from verified import pins, verify


def test_ctrl_c_does_not_wait_for_a_silent_host():
    """Ctrl-C ends the program at once, whatever --timeout is."""
    called = threading.Event()

    def hold(connection: socket.socket) -> None:
        called.set()
        connection.recv(65536)
        connection.recv(1)

    command = [sys.executable, "-m", "boardcert_host", "verify", "--timeout", "60"]
    with (
        serving(hold) as port,
        started([*command, f"127.0.0.1:{port}"], stderr=subprocess.PIPE) as process,
    ):
        assert called.wait(60)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == -signal.SIGINT  # A shell makes 130 of it.
        assert process.stderr.read() == "boardcert: interrupted\n"


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_reader_who_has_left_does_not_change_the_verdict(more, tmp_path):
    """A closed pipe, as of `verify HOST | head -1`, does not change the exit code."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [sys.executable, "-m", "boardcert_host", "verify", "--name", NAME, *more]
    try:
        with tls_server(make(), tmp_path) as port:
            done = subprocess.run(
                [*command, f"127.0.0.1:{port}"], stdout=write_end, stderr=subprocess.PIPE
            )
    finally:
        os.close(write_end)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_full_disk_is_a_message(more):
    """A full disk is an error with code 3, without a traceback."""
    command = [sys.executable, "-m", "boardcert_host", "pin", "forget", "kitchen.local", "--json"]
    with open("/dev/full", "wb") as full:
        for words in (command, [*command[:3], "firmware", *more]):
            done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE)
            assert done.returncode == 3
            assert done.stderr.startswith(b"boardcert: ")
            assert b"Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_messages_that_cannot_be_written_change_neither_code_nor_json():
    """If standard error cannot be written, exit code and JSON are still right."""
    command = [sys.executable, "-m", "boardcert_host", "pin", "forget", "kitchen.local", "--json"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=full)
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["message"] == "kitchen.local is not pinned"


def test_several_hosts_are_judged_each(tmp_path, capsys):
    """A bad certificate outweighs an unreachable host; each result is shown."""
    (tmp_path / "bad").mkdir()
    dead = f"127.0.0.1:{refusing_port()}"
    with (
        tls_server(make(), tmp_path) as good,
        tls_server(make(days=(-3, -2)), tmp_path / "bad") as bad,
    ):
        code, answer = verify(capsys, f"127.0.0.1:{good}", dead, f"127.0.0.1:{bad}")
        assert [host["ok"] for host in answer["hosts"]] == [True, False, False]
        assert (code, answer["ok"]) == (1, False)
        assert verify(capsys, f"127.0.0.1:{good}", dead)[0] == 3


def test_the_json_object_keeps_its_shape(tmp_path, capsys):
    """The JSON object has the fields that scripts rely on."""
    identity = make()
    with tls_server(identity, tmp_path) as port:
        _, answer = verify(capsys, f"127.0.0.1:{port}")
    assert list(answer) == ["boardcert", "ok", "hosts"]
    (host,) = answer["hosts"]
    fields = ["host", "port", "name", "ok", "error", "checks", "certificate", "authority"]
    assert list(host) == [*fields, "reasons"]
    assert [check["id"] for check in host["checks"]] == [
        *("reachable", "tls_version", "cipher_suite", "key_proven", "certificate_parses"),
        *(
            "version",
            "serial_number",
            "key_type",
            "key_strength",
            "signature_algorithm",
            "self_signature",
        ),
        *("basic_constraints", "key_usage", "extended_key_usage", "subject_alt_name"),
        *("subject_key_identifier", "authority_key_identifier", "validity_now", "lifetime"),
        *("chain", "pin", "known", "usb"),
    ]
    assert all(list(check) == ["id", "title", "status", "detail"] for check in host["checks"])
    fingerprint, pin = pins(identity)
    described = host["certificate"]
    assert (described["fingerprint"], described["public_key_pin"]) == (fingerprint, pin)
    assert described["key_type"] == "p384"
    assert described["names"] == [NAME, "*.boards.example", "127.0.0.1", "fd00::7"]
    lifetime = [clock.from_text(described[end]) for end in ("not_before", "not_after")]
    assert (lifetime[1] - lifetime[0]).days == 3650


def test_a_person_reads_one_line_a_check(tmp_path):
    """A separate program prints no colour into a pipe: verdict first, the pin to use last."""
    identity = make()
    with tls_server(identity, tmp_path) as port:
        command = [sys.executable, "-m", "boardcert_host", "verify", f"127.0.0.1:{port}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"127.0.0.1:{port}: valid"
    assert "pass  self-signature          valid by the certificate's own key" in lines
    assert lines[-1].endswith(pins(identity)[1])
    assert "\x1b" not in done.stdout
