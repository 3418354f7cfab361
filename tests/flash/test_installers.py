"""Other installers, mip and freezing, and the code that `boardcert flash` runs on a board."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from boardcert_host.board import kept_files
from boardcert_host.build.load_plan import load_plan
from boardcert_host.directories import data_directory

_FIRMWARE = data_directory("firmware")
_MICROPYTHON = Path(sys.executable).with_name("micropython")


def micropython(code, path, cwd):
    """Run *code* on the MicroPython unix binary with the import *path*; return its output."""
    done = subprocess.run(
        [_MICROPYTHON, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=cwd,
        env={**os.environ, "MICROPYPATH": os.pathsep.join(map(str, path))},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_mip_installs_the_whole_package(firmware_url, tmp_path):
    """MicroPython's own mip installs from a web server, and the package can be imported."""
    code = f"import mip; mip.install('{firmware_url}/package.json', target='{tmp_path}')"
    micropython(code, [".frozen"], tmp_path)
    for source in (_FIRMWARE / "boardcert").rglob("*.py"):
        installed = tmp_path / source.relative_to(_FIRMWARE)
        if source.stem not in load_plan().compiled_only:
            assert installed.read_bytes() == source.read_bytes()
    code = "from boardcert.credentials import lifecycle\n"
    code += "import boardcert; print(boardcert.__version__)"
    found = micropython(code, [tmp_path, ".frozen"], tmp_path)
    assert found.strip() == json.loads((_FIRMWARE / "package.json").read_text())["version"]


def test_the_manifest_names_the_package_as_it_lies_there():
    """manifest.py, in the terms of MicroPython's tools/manifestfile.py, lists the package."""
    frozen, described = [], {}
    words = {"package": frozen.append, "metadata": lambda **more: described.update(more)}
    exec((_FIRMWARE / "manifest.py").read_text(), words)  # noqa: S102 (as MicroPython does)
    assert frozen == ["boardcert"]
    assert (_FIRMWARE / frozen[0] / "__init__.py").is_file()
    assert set(described) == {"description", "version"}


_NETWORK = """
STA_IF = 0
class WLAN:
    joined = False
    def __init__(self, interface):
        pass
    def active(self, on):
        pass
    def connect(self, ssid, password):
        WLAN.joined = (ssid, password) == ("HomeNet", "secret")
    def disconnect(self):
        pass
    def isconnected(self):
        return WLAN.joined
    def ifconfig(self):
        return ("192.168.1.7" if WLAN.joined else "0.0.0.0",)
    def status(self):
        return 3 if WLAN.joined else -3
def hostname(name):
    print("host name", name)
"""


@pytest.fixture
def board(tmp_path):
    """Return a directory with a made-up network."""
    (tmp_path / "network.py").write_text(_NETWORK)
    return tmp_path


@pytest.mark.parametrize(("password", "joined"), [("secret", True), ("wrong", False)])
def test_the_code_that_joins_a_network_says_whether_it_did(password, joined, board):
    """The joining code reports its result; the board's name is set before connecting."""
    path = board / "wifi.json"
    path.write_text(json.dumps({"ssid": "HomeNet", "password": password}))
    code = kept_files.JOIN.format(path=str(path), host_name="kitchen", seconds=1)
    first, last = micropython(code, [board, ".frozen"], board).strip().splitlines()
    assert first == "host name kitchen"
    assert json.loads(last)["is_connected"] is joined


def test_the_code_that_looks_around_finds_what_is_there(tmp_path):
    """The inspecting code finds an identity by its files, its pin and settings, or nothing."""
    code = kept_files.STATE.format(directory=str(tmp_path)).replace(
        "sys.implementation._machine", "'a board'"
    )
    empty = json.loads(micropython(code, [".frozen"], tmp_path))
    assert (empty["identity"], empty["mark"], empty["config"]) == ([], None, None)
    for name in ("generated.bin", "marker", "config.json", "generated.new"):
        (tmp_path / name).write_text("{}" if name == "config.json" else "sha256//x")
    found = json.loads(micropython(code, [".frozen"], tmp_path))
    assert found["identity"] == ["generated.bin"]
    assert (found["mark"], found["config"]) == ("sha256//x", "{}")
