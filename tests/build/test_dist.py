"""`make dist`: the installable files are complete, and work without this repository."""

import json
import os
import re
import runpy
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest
from boardcert_host.build.package import build_package
from boardcert_host.flash.board_kinds import board_names, load_board
from processes import started

_ROOT = Path(__file__).resolve().parents[2]
_MAKE_DIST = runpy.run_path(str(_ROOT / "host_tools" / "make_dist.py"))
_BUILD = """
import pathlib, sys
from boardcert_host.flash.board_kinds import board_names
from boardcert_host.build.package import build_package
build_package("armv6m", pathlib.Path(sys.argv[1]))
print(*board_names())
"""


def _run(*command: object, directory: Path, **environment: str) -> str:
    """Run a command in *directory* without this repository on its path; return stdout."""
    own = {name: os.environ[name] for name in os.environ if not name.startswith("PYTHON")}
    done = subprocess.run(
        [*map(str, command)],
        cwd=directory,
        env=own | environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bin folder of an environment with the wheel, built from the sdist.

    Its dependencies are those of the tests, found by a path: pip uses no index.
    """
    directory = tmp_path_factory.mktemp("dist")
    _MAKE_DIST["make_archives"](directory)
    (archive,) = directory.glob("*.tar.gz")
    with tarfile.open(archive) as sdist:
        sdist.extractall(directory, filter="data")
    source = directory / archive.name.removesuffix(".tar.gz")
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", directory=source)
    (wheel,) = (source / "dist").glob("*.whl")
    assert wheel.read_bytes() == next(directory.glob("*.whl")).read_bytes()

    venv.create(directory / "venv", with_pip=False)
    bin_directory = directory / "venv" / "bin"
    own, tests = (
        _run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", directory="/")
        for python in (bin_directory / "python", sys.executable)
    )
    Path(own.strip(), "tests.pth").write_text(tests)
    pip = [sys.executable, "-m", "pip", "--python", bin_directory / "python", "install"]
    _run(*pip, "--no-index", "--no-deps", wheel, directory=directory)
    return bin_directory


def test_the_installed_command_needs_no_repository(environment, tmp_path):
    """The installed command knows each board, and compiles the same package."""
    (command,) = environment.glob("boardcert")
    assert "--wifi" in _run(command, "flash", "--help", directory=tmp_path)
    where = "import boardcert_host; print(boardcert_host.__file__)"
    found = _run(environment / "python", "-c", where, directory=tmp_path)
    assert Path(found).is_relative_to(environment.parent)
    build = (environment / "python", "-c", _BUILD, tmp_path / "theirs")
    # The cache is its own, without what the repository's command has built.
    names = _run(*build, directory=tmp_path, BOARDCERT_CACHE=str(tmp_path / "cache"))
    assert names.split() == board_names()
    ours = build_package("armv6m", tmp_path / "ours")
    theirs = tmp_path / "theirs"
    assert {path.name: path.read_bytes() for path in ours} == {
        path.name: path.read_bytes() for path in theirs.iterdir()
    }


def test_the_installed_command_makes_an_inventory(environment, tmp_path):
    """The installed command can run the migrations, which are files, not imported modules."""
    pin = {"host": "kitchen.local", "unique_id": "01", "fingerprint": "AB", "port": 20034}
    pin |= {"public_key_pin": f"sha256//{'A' * 43}=", "first_seen": "2026-11-28T00:00:00Z"}
    file = tmp_path / "known_boards.json"
    file.write_text(json.dumps({"version": 1, "boards": [pin]}))
    command = (environment / "boardcert", "--inventory", tmp_path / "inventory.db")
    _run(*command, "import", file, directory=tmp_path)
    assert "kitchen.local" in _run(*command, "list", directory=tmp_path)


def test_a_virtual_board_starts_from_the_installed_command(environment, tmp_path):
    """The installed command starts a virtual board, which needs more files than Python modules."""
    command = [environment / "boardcert", "virtual", "--directory", tmp_path / "board"]
    with started(command, cwd=tmp_path, stderr=subprocess.PIPE) as process:
        lines = iter(process.stderr.readline, "")
        assert any("mpremote connect" in line for line in lines)


def test_there_is_a_folder_for_each_processor():
    """Each board's processor has a folder, which the documentation assigns to its boards."""
    page = (_ROOT / "firmware" / "docs" / "installing.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.MULTILINE)
    described = {name: folder for folder, names in rows for name in re.findall(r"\w+_\w+", names)}
    boards = {name: load_board(name) for name in board_names() if not name.startswith("VIRTUAL_")}
    assert described == {name: board.mpy_architecture for name, board in boards.items()}
    assert _MAKE_DIST["architectures"]() == sorted(set(described.values()))


def test_a_folder_names_each_of_its_files(tmp_path):
    """package.json lists the folder's files by relative paths, with the version of the sources."""
    _MAKE_DIST["make_mip_folder"]("rv32imc", tmp_path)
    described = json.loads((tmp_path / "package.json").read_text())
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")} - {"package.json"}
    assert {place for place, _ in described["urls"]} == {url for _, url in described["urls"]}
    assert {url for _, url in described["urls"]} == files
    sources = json.loads((_ROOT / "firmware" / "package.json").read_text())
    assert described | {"urls": []} == sources | {"urls": []}
