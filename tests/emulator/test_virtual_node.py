"""External programs of the virtual board: Node and the emulator core."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from boardcert_host.errors import Error
from boardcert_host.virtual import node as module
from boardcert_host.virtual.process import EmulatorProcess

_LOCK = Path(module.__file__).with_name("package-lock.json")


def _program(directory: Path, name: str, text: str) -> None:
    path = directory / name
    path.write_text(f"#!/bin/sh\necho {text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Set an otherwise empty PATH."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return directory


def test_node_18_from_the_path_is_taken(path):
    _program(path, "node", "v18.0.0")
    _program(path, "npm", "10.0.0")
    assert module.find_node() == module.Node(str(path / "node"), (str(path / "npm"),))


@pytest.mark.parametrize("version", ["v16.20.2", "rubbish", None])
def test_without_a_node_that_will_do_the_one_from_pypi_is_taken(path, monkeypatch, version):
    if version:
        _program(path, "node", version)
        _program(path, "npm", "8.0.0")
    wheel = module.Node("node of the wheel", ("npm of the wheel",))
    found = [None, wheel]
    commands = []
    monkeypatch.setattr(module, "_node_from_wheel", lambda: found.pop(0))
    monkeypatch.setattr(module, "_download", lambda command, *_: commands.append(command))
    assert module.find_node() == wheel
    assert commands == [[sys.executable, "-m", "pip", "install", "--quiet", module._NODE_WHEEL]]


def test_a_failing_installation_is_an_error_with_a_hint(path, tmp_path, monkeypatch):
    monkeypatch.setenv("BOARDCERT_CACHE", str(tmp_path / "cache"))
    _program(path, "npm", "no registry >&2; exit 1")
    with pytest.raises(Error, match="no registry") as caught:
        module.emulator_modules(module.Node("node", (str(path / "npm"),)))
    assert "npm registry" in caught.value.hint
    assert list((tmp_path / "cache").iterdir()) == []


def test_two_processes_may_install_the_core_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("BOARDCERT_CACHE", str(tmp_path))
    program = (
        "from boardcert_host.virtual.node import emulator_modules, find_node\n"
        "print(emulator_modules(find_node()))"
    )
    command = [sys.executable, "-c", program]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = {process.communicate(timeout=120)[0].strip() for process in started}
    assert [process.returncode for process in started] == [0, 0]
    assert len(outputs) == 1
    assert (Path(outputs.pop()) / "rp2040js" / "package.json").is_file()
    assert len(list(tmp_path.iterdir())) == 1


def test_the_lock_file_pins_contents_and_names_no_address():
    lock = _LOCK.read_text()
    assert '"integrity": "sha512-' in lock
    assert "resolved" not in lock
    assert "http" not in lock


@pytest.mark.timeout(60)
@pytest.mark.skipif(sys.platform != "linux", reason="another process holds its input by /proc")
def test_a_request_after_its_end_is_refused_while_its_input_is_still_open():
    """A killed emulator's output can end before its input: no request waits for an answer then."""
    process = EmulatorProcess()
    held = os.open(f"/proc/{process.pid}/fd/0", os.O_RDONLY)
    try:
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(Error, match="has ended"):
            process.wait("off", since=0, timeout_s=30)
        with pytest.raises(Error, match="has ended"):
            process.request("status", timeout_s=600)
    finally:
        os.close(held)
        process.close()
