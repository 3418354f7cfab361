"""The maker's own program: which files of a folder go to a board, and what is refused."""

from pathlib import Path

import pytest
from boardcert_host.board.own_program import read_program
from boardcert_host.cli import main
from boardcert_host.errors import Error


def write(folder: Path, *names: str) -> Path:
    """Make files that hold their own names; return the folder."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def test_without_either_there_is_no_program() -> None:
    """And a board's main.py is left to the rest of `flash`."""
    assert read_program(None, None) is None


def test_a_folder_goes_to_the_root_and_hidden_files_stay(tmp_path: Path) -> None:
    """With its folders; neither .git nor what Python compiled."""
    names = ("app.py", "lib/sensor.py", ".git/config", "lib/__pycache__/sensor.pyc", ".env")
    program = read_program(None, write(tmp_path, *names))
    assert program is not None
    assert program.files == {"/app.py": b"app.py", "/lib/sensor.py": b"lib/sensor.py"}
    assert not program.has_main


def test_a_file_of_any_name_becomes_main(tmp_path: Path) -> None:
    """Beside the folder's."""
    folder = write(tmp_path / "folder", "app.py")
    (tmp_path / "start.py").write_bytes(b"import app")
    program = read_program(tmp_path / "start.py", folder)
    assert program is not None
    assert program.files == {"/app.py": b"app.py", "/main.py": b"import app"}
    assert program.has_main


@pytest.mark.parametrize(
    "name",
    [
        "lib/boardcert/sources.mpy",
        "lib/BOARDCERT/sources.mpy",
        "boardcert-data/config.json",
        "boardcert-data/wifi.json.new",
        "boardcert.py",
        "boardcert/own.py",
        "lib/microdot.mpy",
        "lib/microdot.mpy.new",
    ],
)
def test_no_file_of_boardcert_is_replaced(name: str, tmp_path: Path) -> None:
    """Nor one put where `import boardcert` would find it first; names that are alike may pass."""
    with pytest.raises(Error, match="a file of boardcert's") as caught:
        read_program(None, write(tmp_path, "app.py", name))
    assert caught.value.code == 2


def test_names_that_only_resemble_those_are_allowed(tmp_path: Path) -> None:
    """A module of the maker's own, and extensions of Microdot."""
    names = ("boardcert_builtin.mpy", "lib/microdot/websocket.mpy", "lib/boardcert_extra.py")
    program = read_program(None, write(tmp_path, *names))
    assert program is not None and len(program.files) == 3


@pytest.mark.parametrize(
    ("names", "main_file", "reason"),
    [
        (("main.py",), "start.py", "holds a main.py"),
        (("App.py", "app.py"), None, "may be the same file on a board"),
        ((".hidden",), None, "holds no file"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    names: tuple[str, ...], main_file: str | None, reason: str, tmp_path: Path
) -> None:
    """Before a board is looked for."""
    folder = write(tmp_path / "folder", *names)
    start = write(tmp_path, main_file) / main_file if main_file else None
    with pytest.raises(Error, match=reason):
        read_program(start, folder)


def test_a_program_that_is_not_there_is_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file, a folder; and one that --firmware-only would not copy."""
    flash = ["flash", "RPI_PICO_W", "--port", "/dev/null"]
    assert main([*flash, "--main", str(tmp_path / "none.py")]) == 3
    assert "cannot read" in capsys.readouterr().err
    assert main([*flash, "--copy", str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err
    program = write(tmp_path, "app.py") / "app.py"
    assert main([*flash, "--main", str(program), "--firmware-only"]) == 2
    assert "--firmware-only" in capsys.readouterr().err
