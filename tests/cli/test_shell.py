"""The command in a shell: signals, locales, completion, --quiet, --verbose, suggestions."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from boardcert_host import cli
from boardcert_host.cli import COMMANDS, GROUPS, main
from boardcert_host.console import say
from boardcert_host.errors import Error
from boardcert_host.flash.board_kinds import board_names
from boardcert_host.trust.pins import add_pin

_PROGRAM = Path(sys.executable).with_name("boardcert")
_TRACEBACK = 'Traceback (most recent call last):\n  File "<stdin>", line 1\nKeyError: x'


@pytest.fixture(autouse=True)
def at_home(tmp_path, monkeypatch) -> None:
    """Keep this user's files out of the tests."""
    for name in ("INVENTORY", "TOKENS", "CA"):
        monkeypatch.setenv(f"BOARDCERT_{name}", str(tmp_path / name.lower()))


@contextlib.contextmanager
def _running(tmp_path: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command, with temporary files in *tmp_path*, until it has something to clean up."""
    process = subprocess.Popen(
        [_PROGRAM, *words],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    try:
        while "flash and log are in" not in process.stderr.readline():
            assert process.poll() is None
        assert list(tmp_path.glob("boardcert-*"))
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_command_that_is_interrupted_dies_of_the_signal(tmp_path):
    """The command cleans up and dies of the signal, so that a shell's loop ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path))
        code = "from boardcert_host import cli, entry\n"
        code += "def interrupt(arguments): raise KeyboardInterrupt\n"
        code += "cli.COMMANDS['paths'] = cli.COMMANDS['paths']._replace(run=interrupt)\n"
        code += "import sys; sys.argv = ['boardcert', 'paths']; sys.exit(entry.main())"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "boardcert: interrupted\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_ended_cleans_up(number, tmp_path):
    """A terminated command removes the virtual board's temporary directory."""
    with _running(tmp_path, "virtual") as process:
        process.send_signal(number)
        assert process.wait(60) == 128 + number
    assert not list(tmp_path.glob("boardcert-*"))


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}])
def test_what_a_locale_cannot_write_is_escaped(locale, tmp_path):
    """Characters that a locale cannot write are escaped; Python would stop within a line."""
    environment = {**os.environ, **locale, "BOARDCERT_CACHE": str(tmp_path / "k\u00fcche")}
    for words in (["paths"], ["paths", "--json"], ["show", "k\u00fcche.crt"], ["demo", "--help"]):
        done = subprocess.run([_PROGRAM, *words], env=environment, capture_output=True)
        assert b"Traceback" not in done.stderr
        assert b"che" in done.stdout + done.stderr or "--help" in words


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("verfy kitchen", "did you mean verify?"),
        ("ca sgn", "did you mean sign?"),
        ("pin ad", "did you mean add?"),
        ("verify kitchen --tiemout 3", "did you mean --timeout?"),
        ("ca sign --isntall", "did you mean --install?"),
        ("--verbos", "did you mean --verbose"),
        ("ca --verbos", "did you mean --verbose"),
        ("verify --tiemout 3", "did you mean --timeout?"),
        ("flash pico_w", "did you mean RPI_PICO_W or VIRTUAL_PICO_W?"),
        ("flash RPI_PICOW", "did you mean RPI_PICO_W or RPI_PICO"),
        ("flash esp32c3", "did you mean ESP32_GENERIC_C3?"),
        ("firmware esp32", "did you mean ESP32_GENERIC or ESP32_GENERIC_C3"),
        ("flash zzz", f"known boards: {', '.join(board_names())}"),
        ("zzz", "boardcert --help"),
        ("verify kitchen --zzzzzz", "boardcert verify --help"),
    ],
)
def test_a_mistyped_word_is_told_what_may_be_meant(words, hint, capsys):
    """A mistyped command, action, option or board gets a suggestion, or a hint to the list."""
    assert main(words.split()) == 2
    assert f"boardcert: hint: {hint}" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("words", [["--help"], ["--version"], ["ca", "sign", "--help"]])
def test_help_that_cannot_be_written_is_an_error(words):
    """A failure to write help is an error, as for any output."""
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "boardcert_host", *words]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (3, b"boardcert: No space left on device\n")


@pytest.mark.parametrize("words", [["show"], ["ca", "sign"]])
def test_a_link_to_nothing_is_no_host(words, tmp_path, capsys):
    """A broken link is not used as a host name: the error names its target."""
    link = tmp_path / "request"
    link.symlink_to(tmp_path / "none")
    assert main([*words, str(link)]) == 3
    assert f"is a link to a file that is not there: {tmp_path / 'none'}" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["show", "doctor", "verify", "token", "csr"])
def test_an_empty_host_is_not_one(command, capsys):
    """An empty host, as from an unset variable, is an error, not the current directory."""
    assert main([command, ""]) == 2
    assert "not a HOST or HOST:PORT" in capsys.readouterr().err


def test_quiet_prints_results_and_errors_only(capsys, monkeypatch):
    """--quiet prints results and errors only, before or after the command, for one command."""

    def run(arguments: object) -> int:
        say("working")
        print("result")
        raise Error("failed", "try again")

    monkeypatch.setitem(cli.COMMANDS, "paths", COMMANDS["paths"]._replace(run=run))
    error = "boardcert: failed\nboardcert: hint: try again\n"
    for words in (["-q", "paths"], ["paths", "--quiet"]):
        assert main(words) == 3
        assert capsys.readouterr() == ("result\n", error)
    assert main(["paths"]) == 3
    assert capsys.readouterr().err == "boardcert: working\n" + error


def test_verbose_prints_what_an_error_came_of(capsys, monkeypatch):
    """--verbose prints an error's causes and a board's traceback."""

    def run(arguments: object) -> int:
        try:
            raise ValueError("the cause \x1b[2J")
        except ValueError as error:
            raise Error("failed", detail=_TRACEBACK) from error

    monkeypatch.setitem(cli.COMMANDS, "paths", COMMANDS["paths"]._replace(run=run))
    assert main(["paths"]) == 3
    assert capsys.readouterr().err == "boardcert: failed\n"
    assert main(["paths", "-v"]) == 3
    output = "".join(f"  {line}\n" for line in _TRACEBACK.splitlines())
    output += "  ValueError: the cause \\x1b[2J\n"
    assert capsys.readouterr().err == "boardcert: failed\n" + output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(shell, capsys):
    """Each shell gets a completion script for the program."""
    assert main(["completion", shell]) == 0
    assert "boardcert" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("boardcert ver", {"verify"}),
        (
            "boardcert flash ESP32_GENERIC_C",
            {"ESP32_GENERIC_C3", "ESP32_GENERIC_C5", "ESP32_GENERIC_C6"},
        ),
        ("boardcert verify --tim", {"--timeout"}),
        ("boardcert ca si", {"sign"}),
        ("boardcert label kit", {"kitchen.local"}),
    ],
)
def test_words_are_completed(line, expected, tmp_path):
    """Words are completed by argcomplete's protocol."""
    add_pin("kitchen.local", {"public_key_pin": f"sha256//{'A' * 43}=", "fingerprint": "AB"})
    answer = tmp_path / "answer"
    environment = {
        **os.environ,
        "_ARGCOMPLETE": "1",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "_ARGCOMPLETE_IFS": "\n",
    }
    subprocess.run([_PROGRAM], env=environment, check=True, capture_output=True)
    assert {word.strip() for word in answer.read_text().split("\n")} == expected


def test_completion_is_silent_about_a_wrong_inventory(tmp_path):
    """With an invalid inventory, completion prints nothing; the command reports the error."""
    environment = {
        **os.environ,
        "_ARGCOMPLETE": "1",
        "BOARDCERT_INVENTORY": "oracle://x",
        "COMP_LINE": "boardcert verify kit",
        "COMP_POINT": "20",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(tmp_path / "answer"),
        "_ARGCOMPLETE_IFS": "\n",
    }
    done = subprocess.run([_PROGRAM], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "answer").read_text().strip() == ""


def test_every_command_is_in_the_help_once(capsys):
    """Every command is listed once in the help, in a group, with a description."""
    assert sum(len(group) for group in GROUPS.values()) == len(COMMANDS)
    with pytest.raises(SystemExit):
        main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    for name, command in COMMANDS.items():
        found = [line for line in lines if line.split(maxsplit=1) == [name, command.summary]]
        assert len(found) == 1


def test_paths_are_those_that_are_used(tmp_path, capsys):
    """`paths` honours the environment variables, and marks files that do not exist yet."""
    add_pin("kitchen.local", {"public_key_pin": f"sha256//{'A' * 43}=", "fingerprint": "AB"})
    assert main(["paths"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (inventory,) = [line for line in lines if line.split()[0] == "inventory"]
    (tokens,) = [line for line in lines if line.split()[0] == "tokens"]
    assert inventory.endswith(str(tmp_path / "inventory"))
    assert tokens.endswith(f"{tmp_path / 'tokens'} (not there yet)")
    assert main(["paths", "--inventory", "postgresql://station@db.example/boards"]) == 0
    assert "inventory           postgresql://station@db.example/boards\n" in capsys.readouterr().out


def test_a_file_that_is_there_is_kept_unless_it_is_forced(tmp_path, capsys, monkeypatch):
    """Every command that writes a file overwrites it with --force only."""
    monkeypatch.chdir(tmp_path)
    add_pin("kitchen.local", {"public_key_pin": f"sha256//{'A' * 43}=", "fingerprint": "AB"})
    assert main(["ca", "init"]) == 0
    assert main(["ca", "sign", "--new-key", "k.key", "--san", "k.local", "-o", "k.crt"]) == 0
    for words, file in (
        ("label kitchen.local", "k.svg"),
        ("embed k.crt k.key -o", "boardcert_builtin.py"),
        ("ca sign --new-key second.key --san l.local -o", "l.crt"),
        ("csr kitchen.local -o", "k.csr"),
    ):
        Path(file).write_text("mine")
        assert main([*words.split(), file]) == 3
        assert f"{file} exists already" in capsys.readouterr().err
        assert Path(file).read_text() == "mine"
        if not words.startswith("csr"):
            assert main([*words.split(), file, "--force"]) == 0
            assert Path(file).read_text() != "mine"
