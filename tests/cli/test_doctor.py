"""`boardcert doctor`: problems of this computer, found on simulated computers."""

import datetime
import os
import shutil
import socket
import subprocess
import sys

import psutil
import pytest
from boardcert_host.board.serial_ports import USBPort
from boardcert_host.cli import main
from boardcert_host.doctor import browsers, computer, names, serial
from boardcert_host.trust.anchors import read_anchor
from boardcert_host.trust.nss_databases import change_nss
from boardcert_host.trust.pins import Pin
from boardcert_host.virtual import node
from ca_cases import make_nss, run
from processes import started
from servers import refusing_port, serving

_PIN = ("sha256//" + "A" * 43 + "=", "AB", "2026-11-28T00:00:00Z")


@pytest.fixture
def port(monkeypatch):
    """Return the only serial port: a terminal whose other end the test has."""
    master, slave = os.openpty()
    name = os.ttyname(slave)
    os.close(slave)
    monkeypatch.setattr(serial, "usb_ports", lambda: [USBPort(name, "Board in FS mode")])
    yield name
    os.close(master)


def test_a_port_that_may_be_opened_and_is_free_is_well(port, monkeypatch):
    """For a free port with permission, there is nothing to do."""
    monkeypatch.setattr(psutil, "process_iter", lambda fields: [])
    (found,) = serial.look_at_ports()
    assert (found.status, found.what_to_do, found.paste) == ("ok", None, None)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_who_has_a_port_open_is_named(port):
    """The process that has a port open is named with its number, so that it can be ended."""
    code = "import sys; line = open(sys.argv[1], 'rb', buffering=0); print(flush=True); input()"
    command = [sys.executable, "-c", code, port]
    pipe = subprocess.PIPE
    with started(command, stdin=pipe, stdout=pipe, start_new_session=True) as holder:
        holder.stdout.readline()
        (found,) = serial.look_at_ports()
        holder.stdin.close()
    assert found.status == "fail"
    assert f"({holder.pid})" in found.detail
    assert found.what_to_do


def test_a_port_that_may_not_be_opened_comes_with_the_rule_to_paste(port, monkeypatch):
    """A port without permission comes with a udev rule for its group, against ModemManager too."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    (found,) = serial.look_at_ports()
    assert found.status == "fail" and "may not open it" in found.detail
    head, *rules, end, reload = found.paste.splitlines()
    assert head == "sudo tee /etc/udev/rules.d/60-boardcert.rules <<'END'"
    assert end == "END" and reload.startswith("sudo udevadm control --reload")
    rules = [rule for rule in rules if not rule.startswith("#")]
    assert all('TAG+="uaccess", ENV{ID_MM_DEVICE_IGNORE}="1"' in rule for rule in rules)
    assert any('ATTRS{idVendor}=="2e8a"' in rule for rule in rules)


def test_a_rule_that_was_pasted_is_what_it_should_be(tmp_path):
    """The shell writes the pasted rule as udev reads it: comments, and one rule a line."""
    script = serial.udev_rule().replace("sudo tee /etc/udev/rules.d/", f"tee {tmp_path}/")
    script = script.rpartition("\n")[0]  # udev is not notified.
    subprocess.run(["sh", "-c", script], check=True, stdout=subprocess.DEVNULL)
    lines = (tmp_path / "60-boardcert.rules").read_text().splitlines()
    assert len(lines) == 2 * len(serial._MAKERS)
    assert all(line.startswith(("# ", 'SUBSYSTEM=="tty", ')) for line in lines)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have mDNS of their own")
@pytest.mark.parametrize(
    ("hosts", "has_avahi", "status", "word"),
    [
        ("files mdns4_minimal [NOTFOUND=return] dns", True, "ok", "avahi"),
        ("files mdns4_minimal [NOTFOUND=return] dns", False, "warn", "does not run"),
        ("files resolve [!UNAVAIL=return] dns", False, "warn", "systemd-resolved"),
        ("files dns  # mdns", True, "warn", "not resolved"),
        (None, False, "warn", "not resolved"),
    ],
)
def test_names_in_local_need_a_service(hosts, has_avahi, status, word, tmp_path):
    """.local names need a service and a program; the hint has commands to paste."""
    (tmp_path / "etc").mkdir()
    if hosts:
        text = f"passwd: files\nhosts:          {hosts}\n"
        (tmp_path / "etc/nsswitch.conf").write_text(text)
    if has_avahi:
        (tmp_path / "run/avahi-daemon").mkdir(parents=True)
        (tmp_path / "run/avahi-daemon/socket").touch()
    found = names.look_at_mdns(tmp_path)
    assert found.status == status and word in found.detail
    assert bool(found.paste) == (status == "warn")


def test_a_host_is_looked_for_where_it_was_last(monkeypatch):
    """A host is tried at its last address, and `verify` decides whether it is that board."""

    def not_found(*_):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with serving(lambda connection: None) as port:
        assert names.look_for_host(f"127.0.0.1:{port}", []).status == "ok"
        monkeypatch.setattr(names, "_LOOK_UP_S", 20)
        board = Pin("kitchen.local", None, *_PIN, port, "127.0.0.1")
        real = socket.getaddrinfo
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *more, **fields: (
                not_found() if host == "kitchen.local" else real(host, *more, **fields)
            ),
        )
        found = names.look_for_host("kitchen.local", [board])
        assert found.status == "warn" and "verify kitchen.local" in found.what_to_do
        found = names.look_for_host("kitchen.local", [])
        assert (found.status, found.detail) == ("fail", "its name cannot be resolved")
    found = names.look_for_host(f"127.0.0.1:{refusing_port()}", [])
    assert found.status == "fail" and "20034" in found.what_to_do


def test_a_clock_that_stands_in_the_past_is_a_failure(monkeypatch):
    """A clock in the past is a failure; one that is not synchronised is a warning."""
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    assert computer.look_at_clock(past).status == "fail"
    now = datetime.datetime(2027, 1, 1, tzinfo=datetime.timezone.utc)
    for is_synchronised, status in ((True, "ok"), (False, "warn")):
        monkeypatch.setattr(computer, "_is_synchronised", lambda it=is_synchronised: it)
        assert computer.look_at_clock(now).status == status


def test_a_node_is_looked_for_and_not_installed(monkeypatch):
    """Node is searched for and not installed: the virtual board does that when needed."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(node, "_node_from_wheel", lambda: None)
    monkeypatch.setattr(node, "_install_wheel", lambda: pytest.fail("installed"))
    found = computer.look_at_node()
    assert found.status == "warn" and "boardcert virtual" in found.what_to_do


@pytest.mark.needs("certutil")
def test_browsers_that_do_not_trust_the_users_ca_are_named(home, tmp_path, capsys):
    """Browsers that do not trust the user's CA are named, with the command for it."""
    assert [one.status for one in browsers.look_at_trust()] == ["skip"]
    assert main(["ca", "init"]) == 0
    database = home / ".pki/nssdb"
    make_nss(database)

    def found():
        (one,) = [one for one in browsers.look_at_trust() if str(database) in one.title]
        return one.status, one.paste

    assert found() == ("warn", "boardcert ca trust")
    change_nss(read_anchor(tmp_path / "ca" / "ca.crt"), True)
    assert found() == ("ok", None)
    capsys.readouterr()


def test_the_command_prints_what_to_do_and_is_bad_where_something_fails(port, monkeypatch, capsys):
    """The command prints hints, one object with --json, and fails if a check fails."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    code, answer = run(capsys, "doctor")
    assert (code, answer["ok"]) == (1, False)
    assert {one["id"] for one in answer["findings"]} == {
        *("python", "node", "clock", "serial", "inventory", "mdns", "trust")
    }
    assert main(["doctor"]) == 1
    output = capsys.readouterr().out
    assert f"fail  serial port {port}: " in output
    assert "      sudo tee /etc/udev/rules.d/60-boardcert.rules <<'END'\n" in output
