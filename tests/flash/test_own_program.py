"""The maker's own program: which files of a folder are copied to a board, and which are refused."""

from pathlib import Path

import pytest
from boardcert_host.board.own_program import read_program
from boardcert_host.cli import main
from boardcert_host.errors import Error


def write(folder: Path, *names: str) -> Path:
    """Write files that contain their own names; return the folder."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def test_without_either_there_is_no_program() -> None:
    """Without --main and --copy there is no program, and `flash` keeps the board's main.py."""
    assert read_program(None, None) is None


def test_a_folder_goes_to_the_root_and_hidden_files_stay(tmp_path: Path) -> None:
    """A folder is copied to the root with its folders, without .git and compiled Python."""
    names = ("app.py", "lib/sensor.py", ".git/config", "lib/__pycache__/sensor.pyc", ".env")
    program = read_program(None, write(tmp_path, *names))
    assert program is not None
    assert program.files == {"/app.py": b"app.py", "/lib/sensor.py": b"lib/sensor.py"}
    assert not program.has_main


def test_a_file_of_any_name_becomes_main(tmp_path: Path) -> None:
    """A file of any name becomes main.py, beside the folder's files."""
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
    """Files that would replace or hide boardcert's are refused."""
    with pytest.raises(Error, match="a file of boardcert's") as caught:
        read_program(None, write(tmp_path, "app.py", name))
    assert caught.value.code == 2


def test_names_that_only_resemble_those_are_allowed(tmp_path: Path) -> None:
    """Similar names are allowed: the maker's own modules, and extensions of Microdot."""
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
    """Contradictory options are refused before a board is contacted."""
    folder = write(tmp_path / "folder", *names)
    start = write(tmp_path, main_file) / main_file if main_file else None
    with pytest.raises(Error, match=reason):
        read_program(start, folder)


def test_a_program_that_is_not_there_is_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing file or folder is reported at once, as is a program with --firmware-only."""
    flash = ["flash", "RPI_PICO_W", "--port", "/dev/null"]
    assert main([*flash, "--main", str(tmp_path / "none.py")]) == 3
    assert "cannot read" in capsys.readouterr().err
    assert main([*flash, "--copy", str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err
    program = write(tmp_path, "app.py") / "app.py"
    assert main([*flash, "--main", str(program), "--firmware-only"]) == 2
    assert "--firmware-only" in capsys.readouterr().err
