"""The command line: help, usage errors, messages and exit codes."""

import io
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from boardcert_host import cli, files
from boardcert_host.board import serial_ports
from boardcert_host.cli import COMMANDS, main
from boardcert_host.console import messages, results, say
from boardcert_host.errors import Error
from boardcert_host.targets import Target, canonical, parse_target
from boardcert_host.verify.outcomes import Check
from boardcert_host.verify.printing import print_checks
from rich.console import Console


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_begins_with_examples_and_ends_with_exit_codes(command, capsys):
    """Each help text, including the program's own, begins with examples and lists exit codes."""
    with pytest.raises(SystemExit) as leaving:
        main([*([command] if command else []), "--help"])
    assert leaving.value.code == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[0] == "examples:"
    assert lines[1].startswith(f"  boardcert {command or ''}".rstrip())
    expected = "exit codes: 0 done or valid, 1 a check failed, 2 usage error, 3 could not run, "
    expected += "130 interrupted"
    assert " ".join(" ".join(lines).split()).endswith(expected)


@pytest.mark.parametrize(
    "words",
    ["verify kitchen", "csr", "pin add kitchen", "token kitchen", "label kitchen k.svg", "ca sign"],
)
def test_a_port_that_is_not_there_is_told_before_anything_else(words, capsys, monkeypatch):
    """A missing port is reported before a host is looked up, or a key or passphrase read."""
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: pytest.fail("a host was looked for"))
    assert main([*words.split(), "--usb", "/dev/nowhere"]) == 3
    assert "no such port: /dev/nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("port", "hint"),
    [
        ("/dev/nowhere", "plug the board in; ports found: /dev/ttyACM3"),
        ("ttyACM7", "plug the board in; ports found: /dev/ttyACM3"),
        ("tty", "did you mean /dev/tty?"),
        ("socket://127.0.0.1:1", "nothing listens there; is the program running, such as"),
    ],
)
def test_a_port_that_is_not_there_has_a_hint_for_its_kind(port, hint, capsys, monkeypatch):
    """A device without its folder is named with it; of an address, its program may have ended."""
    found = [serial_ports.USBPort("/dev/ttyACM3", "a board")]
    monkeypatch.setattr(serial_ports, "usb_ports", lambda: found)
    assert main(["verify", "kitchen", "--usb", port]) == 3
    told = capsys.readouterr().err
    assert f"no such port: {port}" in told and f"hint: {hint}" in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("verify kitchen hall", "--usb belongs to one host, not to 2"),
        ("verify kitchen --pin AB:CD", "not a SHA-256 pin: AB:CD"),
        ("verify kitchen:0", "not a HOST or HOST:PORT: kitchen:0"),
        ("csr --ca ca.pem", "--usb cannot be used with --ca or --token-file"),
        ("restart --timeout 0", "--timeout must be more than 0 seconds"),
        ("reset --pin AB", "not a SHA-256 pin: AB"),
        ("set kitchen hostname", "not a KEY=VALUE: hostname"),
        ("set kitchen validity_days=0", "validity_days must be a number from 1 to 36500: 0"),
        ("pin add a:b:c", "not a HOST or HOST:PORT: a:b:c"),
        ("pin list", "--usb belongs to pin add, not to pin list"),
        ("token kitchen --forget", "--usb and --forget cannot be used together"),
        ("ca sign --days 0", "--days must be 1 or more"),
        ("ca sign kitchen", "one of CSR, HOST, --usb PORT and --new-key FILE is needed"),
    ],
)
def test_a_usage_error_is_told_before_a_port_that_is_not_there(words, message, capsys):
    """A usage error comes first, as it would remain once the board is plugged in."""
    assert main([*words.split(), "--usb", "/dev/nowhere"]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["nothing"], "invalid choice"),
        (["verify"], "needs a HOST, or --all"),
        (["verify", "a:b:c"], "not a HOST or HOST:PORT: a:b:c"),
        (["verify", "host:0"], "not a HOST or HOST:PORT"),
        (["verify", "host:65536"], "not a HOST or HOST:PORT"),
        (["verify", "[kitchen]:443"], "not a HOST or HOST:PORT"),
        (["verify", "http://kitchen"], "not a HOST or HOST:PORT"),
        (["verify", "kitchen", "--pin", "AB:CD"], "not a SHA-256 pin: AB:CD"),
        (["verify", "kitchen", "--pin", "sha256//AAAA"], "not a SHA-256 pin"),
        (["verify", "kitchen", "--pin", "käse"], "not a SHA-256 pin"),
        (["verify", "kitchen", "hall", "--pin", "00" * 32], "--pin belongs to one host, not to 2"),
        (["verify", "kitchen", "hall", "--usb", "port"], "--usb belongs to one host"),
        (["verify", "kitchen", "--timeout", "0"], "--timeout must be more than 0 seconds"),
        (["verify", "kitchen", "--timeout", "nan"], "--timeout must be more than 0 seconds"),
        (["verify", "kitchen", "--timeout", "1e12"], "at most 86400"),
        (["show", "kitchen", "--timeout", "-1"], "--timeout must be more than 0 seconds"),
        (["verify", "kitchen", "--name", "the kitchen"], "not a HOST"),
        (["verify", "kitchen", "--name", "k" * 64], "not a HOST"),
        (["verify", "kitchen", "--name", "a..b"], "not a HOST"),
        (["verify", "kitchen", "--name", "kitchen:443"], "not a host name"),
        (["virtual", "--ring-oscillator", "foo"], "no such ring oscillator: foo"),
        (["pin", "add"], "pin add needs a HOST"),
        (["pin", "add", "the kitchen", "--usb", "port"], "not a HOST"),
        (["pin", "list", "kitchen"], "pin list takes no HOST"),
        (["pin", "list", "--usb", "port"], "--usb belongs to pin add"),
        (["pin", "forget", "kitchen", "--pin", "AB"], "--pin belongs to pin add"),
        (["firmware", "NO_SUCH_BOARD"], "no such board: NO_SUCH_BOARD"),
    ],
)
def test_a_usage_error_is_code_2_and_nothing_on_stdout(arguments, message, capsys):
    """A usage error is one line and exit code 2; stdout and the network are not used."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("boardcert: ")
    assert message in captured.err


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("kitchen.local", ("kitchen.local", 443)),
        ("kitchen.local:20034", ("kitchen.local", 20034)),
        ("192.168.4.1:1", ("192.168.4.1", 1)),
        ("[fd00:0::7]:65535", ("fd00::7", 65535)),
        ("[::1]", ("::1", 443)),
        ("fd00::7", ("fd00::7", 443)),
        ("küche.local", ("xn--kche-0ra.local", 443)),
        ("https://kitchen.local", ("kitchen.local", 443)),
        ("https://kitchen.local:20034", ("kitchen.local", 20034)),
        ("HTTPS://kitchen.local:20034/csr?x=1#y", ("kitchen.local", 20034)),
        ("https://[fd00::7]:20034/", ("fd00::7", 20034)),
    ],
)
def test_hosts_are_read_with_and_without_ports(text, target):
    """Hosts are read as names, addresses, and IPv6 with or without brackets."""
    assert parse_target(text) == Target(*target)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Kitchen.LOCAL", "kitchen.local"),
        ("kitchen.local.", "kitchen.local"),
        ("kitchen.local:0443", "kitchen.local:443"),
        ("KÜCHE.local", "xn--kche-0ra.local"),
        ("[0:0::1]", "::1"),
        ("FD00:0::7", "fd00::7"),
        ("[FD00:0::7]:443", "[fd00::7]:443"),
        ("LOCALHOST", "localhost"),
    ],
)
def test_a_host_has_one_spelling(text, host):
    """Spellings that a resolver treats alike become one; a port stays only if it was given."""
    assert canonical(text) == host


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", ".local", "a..b", "-a", "a-", "the kitchen", "127.1", "0x7f.1", "127.000.0.1"),
        *("1.2", "a*", "k" * 64, "kä" * 40, ".".join(["k" * 63] * 4), "a%eth0", "a:", "a:-1"),
    ],
)
def test_invalid_hosts_are_refused(text):
    """Invalid hosts are refused, as are numbers that a resolver would read as an address."""
    for read in (parse_target, canonical):
        with pytest.raises(Error, match="not a HOST or HOST:PORT"):
            read(text)


def test_an_error_names_its_hint_on_a_line_of_its_own(capsys, monkeypatch):
    """Only main catches Error, prints its hint on a separate line, and returns its code."""

    def fail(arguments: object) -> int:
        raise Error("the board is gone", "plug it in", 3)

    monkeypatch.setitem(cli.COMMANDS, "firmware", COMMANDS["firmware"]._replace(run=fail))
    assert main(["firmware"]) == 3
    expected = "boardcert: the board is gone\nboardcert: hint: plug it in\n"
    assert capsys.readouterr().err == expected


def test_a_fingerprint_is_printed_as_it_is(capsys):
    """A fingerprint is printed unchanged, although rich would read ":AB:" as an emoji."""
    fingerprint = "12:AB:34:B:O2:" + ":".join(["AB"] * 8)
    for console in (results(), messages()):
        print_checks(console, [Check("pin", "pin matches", "pass", fingerprint)])
    say(fingerprint)
    captured = capsys.readouterr()
    assert captured.out == f"pass  pin matches             {fingerprint}\n"
    assert captured.err.endswith(f"boardcert: {fingerprint}\n")


def test_a_long_detail_is_folded_on_a_narrow_terminal():
    """A long pin is wrapped on a narrow terminal, not truncated, so that it can be compared."""
    pin = "sha256//" + "AbCdEfGhIj0123456789" * 3
    console = Console(width=60, force_terminal=True, file=io.StringIO())
    print_checks(console, [Check("pin", "pin matches", "pass", pin)])
    shown = console.file.getvalue()
    assert "…" not in shown
    cells = re.sub(r"\x1b\[[0-9;]*m|pass|pin matches|\s", "", shown)
    assert cells == pin


def test_an_option_that_is_mistyped_shows_nothing_of_what_follows_it(capsys):
    """For a mistyped option, its value is not shown (it may be a password); none is abbreviated."""
    for words in (["--wifi-password", "hunter2"], ["--wifi-password=hunter2"]):
        assert main(["flash", "RPI_PICO_W", "--wifi", "HomeNet", *words]) == 2
        output = capsys.readouterr()
        assert "hunter2" not in output.out + output.err
        assert "unrecognized arguments: --wifi-password" in output.err


def test_a_place_that_cannot_be_written_is_a_message(tmp_path, capsys, monkeypatch):
    """An unwritable path is reported with code 3; the demo does so before it starts a board."""
    (tmp_path / "file").write_text("")
    taken = str(tmp_path / "file" / "more")
    assert main(["demo", "--output", taken]) == 3
    captured = capsys.readouterr()
    assert captured.err.startswith(f"boardcert: cannot write to {taken}")
    assert captured.out == ""
    monkeypatch.setenv("BOARDCERT_CACHE", taken)
    assert main(["firmware"]) == 3
    assert taken in capsys.readouterr().err
    too_long = tmp_path / ("a" * 300)
    with pytest.raises(OSError, match="too long") as error:
        files.write_whole(too_long, b"")
    assert error.value.filename == str(too_long)


def test_an_interrupt_is_no_traceback(capsys, monkeypatch):
    """Ctrl-C ends with one line and a shell's exit code for it."""

    def interrupt(arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setitem(cli.COMMANDS, "firmware", COMMANDS["firmware"]._replace(run=interrupt))
    assert main(["firmware"]) == 130
    assert capsys.readouterr().err == "boardcert: interrupted\n"


def test_little_is_loaded_before_ctrl_c_is_handled():
    """Little is loaded before `entry.main` handles Ctrl-C: the version alone takes 0.1 s."""
    code = "import sys, boardcert_host.entry; print('importlib.metadata' in sys.modules)"
    # -S: in a development environment, .pth files of other packages may load anything.
    command = [sys.executable, "-S", "-c", f"import sys; sys.path = {sys.path!r}; {code}"]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "False\n"


def test_streams_that_are_closed_are_no_traceback():
    """Closed standard streams cause no traceback."""
    for closed, words, code in (
        ("<&-", "show -", 3),
        ("<&-", "ca init there --encrypt", 2),
        (">&-", "firmware nothing --json", 2),
        ("2>&-", "firmware nothing", 2),
    ):
        done = _run_in_shell(f"-m boardcert_host {words} {closed}")
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), words


def test_a_file_that_was_given_a_closed_stream_is_not_taken_for_it(tmp_path):
    """A file that received a closed stream's descriptor is not used as that stream."""
    other = tmp_path / "other.pem"
    other.write_text("not what was asked for")
    code = f"""
import os, sys
assert os.open({str(other)!r}, os.O_RDONLY) == 0
sys.stdin = open(0, closefd=False)
sys.argv = ["boardcert", "show", "-"]
from boardcert_host import entry
sys.exit(entry.main())
"""
    done = _run_in_shell('-c "$1" <&-', code)
    assert (done.returncode, done.stderr) == (3, "boardcert: standard input is empty\n")


def test_nothing_is_given_a_closed_stream():
    """No opened file replaces a closed stream, and programs that are run inherit all three."""
    code = """
import os, subprocess, sys
from boardcert_host import entry
entry.reserve_streams()
opened = os.open(os.devnull, os.O_RDONLY)
child = "import os, sys; [os.fstat(one) for one in (0, 1, 2)]"
sys.exit(opened if subprocess.run([sys.executable, "-c", child]).returncode == 0 else 0)
"""
    assert _run_in_shell('-c "$1" <&- >&- 2>&-', code).returncode > 2


def _run_in_shell(words, *arguments):
    """Run Python with *words* of a shell command; "$1" and so on are the *arguments*."""
    command = ["sh", "-c", f'exec "$0" {words}', sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize(
    "words",
    ["show", "ca sign", "ca trust --yes --only nss", "install kitchen.local", "embed big.crt"],
)
def test_a_file_without_end_is_not_read(words, tmp_path, capsys, monkeypatch):
    """A file of 4 GB, named by mistake, is refused and not read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOARDCERT_CA", str(tmp_path / "ca"))
    assert main(["ca", "init"]) == 0
    with Path("big.crt").open("wb") as file:
        file.truncate(1 << 32)
    assert main([*words.split(), "big.crt"]) == 3
    assert "big.crt is too large for certificates and keys" in capsys.readouterr().err


def test_the_program_runs_as_a_module():
    """`python -m boardcert_host` prints its version."""
    command = [sys.executable, "-m", "boardcert_host", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"boardcert {version('boardcert')}\n"
