"""README and documentation: complete, without broken links, and short where required.

`make docs` checks the same pages again, as a site.
"""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from boardcert.credentials.settings import _DEFAULTS, KEY_TYPES
from boardcert.page.actions import _SETTINGS as _CHANGEABLE
from boardcert.page.fields import FIELDS
from boardcert_host.build.package import package_sources
from boardcert_host.build.rooms import room_names
from boardcert_host.cli import COMMANDS, _parser
from boardcert_host.commands.settings import SETTINGS
from boardcert_host.directories import data_directory
from boardcert_host.errors import Error
from boardcert_host.flash.board_kinds import board_names
from longest import LONGEST

_ROOT = Path(__file__).resolve().parents[2]
_PATTERNS = ("*.md", "boards/*/*.md", "firmware/docs/*.md", "host_tools/docs/*.md")
_PATTERNS += ("tests/bench/*.md",)
_PAGES = sorted(path for pattern in _PATTERNS for path in _ROOT.glob(pattern))
_README = _ROOT / "README.md"
_COMMANDS = _ROOT / "host_tools" / "docs" / "commands.md"
_SETTINGS = _ROOT / "firmware" / "docs" / "settings.md"
_ARCHITECTURE = _ROOT / "firmware" / "docs" / "architecture.md"
_EXTENDING = _ROOT / "firmware" / "docs" / "extending.md"
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
_WORDS = 900
_SOURCES = [
    path.relative_to(_ROOT).as_posix()
    for folder in ("firmware", "host_tools", "tests")
    for path in (_ROOT / folder).rglob("*.*")
    if path.suffix in (".py", ".yml")
]
_BOARD_DATA = sorted(path.relative_to(_ROOT) for path in _ROOT.glob("boards/*/board.json"))
_PROGRAMS = {"cryptography", "openssl"}  # Programs with which the page says that tests compare.


def _name(path: Path) -> str:
    return str(path.relative_to(_ROOT))


def _anchors(path: Path) -> set[str]:
    """Return the anchors of a page: its headings, as GitHub and MkDocs both spell them."""
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", path.read_text("utf-8")), re.MULTILINE)
    texts = [re.sub(r"[^\w\s-]", "", heading.lower()) for heading in headings]
    return {re.sub(r"[\s]+", "-", text.strip()) for text in texts}


def test_the_readme_is_a_landing_page() -> None:
    """The README is short, counting tables and commands."""
    assert len(_README.read_text("utf-8").split()) <= _WORDS


@pytest.mark.parametrize("path", _PAGES, ids=_name)
def test_links_lead_somewhere(path: Path) -> None:
    """Each linked file and heading exists."""
    for file, anchor in _LINK.findall(_FENCE.sub("", path.read_text("utf-8"))):
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), file
        assert not anchor or anchor in _anchors(target), f"{file}#{anchor}"


@pytest.mark.parametrize("architecture", ["armv6m", "xtensawin"])
def test_what_the_reference_names_has_that_name_on_a_board(architecture: str) -> None:
    """Names in the reference are not among those that the build changes."""
    reference = (_ROOT / "firmware" / "docs" / "reference.md").read_text("utf-8")
    members = re.findall(r"\w+", " ".join(re.findall(r"members: \[(.*)\]", reference)))
    built = set(re.findall(r"\w+", "\n".join(package_sources(architecture).values())))
    assert len(members) > 10 and set(members) <= built


@pytest.mark.parametrize("path", _PAGES, ids=_name)
def test_the_site_has_every_page(path: Path) -> None:
    """Each page is in the site's navigation."""
    if path.name == "README.md" and path.parent == _ROOT:
        return
    assert f": {_name(path)}\n" in (_ROOT / "host_tools/docs/mkdocs.yml").read_text("utf-8")


def _command_lines(path: Path) -> Iterator[str]:
    """Yield the boardcert commands that a page shows, in blocks and in `code`."""
    text = path.read_text("utf-8")
    for _, _, block in _FENCE.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            line = line.strip().removeprefix("$ ")
            if line.startswith("boardcert "):
                yield line
    yield from re.findall(r"`(boardcert [^`]+)`", _FENCE.sub("", text).replace("\n", " "))


@pytest.mark.parametrize("path", _PAGES, ids=_name)
def test_commands_are_as_the_program_takes_them(path: Path, capsys: pytest.CaptureFixture) -> None:
    """Each command and option exists; a mention may lack required arguments."""
    for line in _command_lines(path):
        words = shlex.split(re.split(" [|<>] ", line)[0], comments=True)[1:]
        assert words[0] in COMMANDS or words[0].startswith("-"), line
        try:
            _parser().parse_args(words)
        except Error as error:
            missing = ("required", "expected one argument", "expected at least one")
            assert any(words in error.message for words in missing), f"{line}: {error.message}"
        except SystemExit as leaving:  # --help
            assert leaving.code == 0
    capsys.readouterr()


@pytest.mark.parametrize("path", _PAGES, ids=_name)
def test_programs_are_python(path: Path) -> None:
    """Each block marked as Python compiles."""
    for _, language, block in _FENCE.findall(path.read_text("utf-8")):
        if language == "python":
            compile(block, path.name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_described(command: str) -> None:
    """Each command has a row on the page of all commands."""
    assert f"| `boardcert {command}` |" in _COMMANDS.read_text("utf-8")


def test_every_setting_is_described() -> None:
    """The page describes each setting with its default, and no other."""
    rows = re.findall(r"^\| `(\w+)` \| `(.*?)` \| (.*) \|$", _SETTINGS.read_text("utf-8"), re.M)
    described = {name: default for name, default, _ in rows}
    defaults = _DEFAULTS | {"hostname": "PREFIX-ID"}
    assert described.keys() == defaults.keys() == set(SETTINGS) == set(_CHANGEABLE)
    assert set(_CHANGEABLE) < set(FIELDS)
    for name, default in described.items():
        assert default.strip('"') == str(defaults[name])
    assert re.findall(r'`"(\w+)"`', dict((row[0], row[2]) for row in rows)["key_type"]) == sorted(
        KEY_TYPES
    )


def test_what_extending_names_is_in_the_files_that_it_names() -> None:
    """Each function, constant, field and file that the page names exists."""
    text = _FENCE.sub("", _EXTENDING.read_text("utf-8"))
    named = set(re.findall(r"`([\w./-]+)`", text))
    files = {name for name in named if name.endswith((".py", ".yml"))}
    found = {name: [path for path in _SOURCES if f"/{path}".endswith(f"/{name}")] for name in files}
    assert [name for name in files if not found[name]] == []
    paths = [path for some in found.values() for path in some] + list(_BOARD_DATA)
    content = "\n".join((_ROOT / path).read_text("utf-8") for path in paths)
    words = {name for name in named - files if re.fullmatch(r"[\w-]+", name)}
    assert len(words) > 20 and words - _PROGRAMS - set(re.findall(r"[\w-]+", content)) == set()


@pytest.mark.parametrize("board", board_names())
def test_every_board_is_in_the_navigation(board: str) -> None:
    """Each board's notes are in the navigation."""
    assert f"boards/{board}/board.md" in (_ROOT / "host_tools/docs/mkdocs.yml").read_text("utf-8")


def test_every_room_is_described() -> None:
    """Table and diagram of the architecture have each room, and no other."""
    table, diagram = _section(_ARCHITECTURE, "Rooms").split("```mermaid")[1].split("```")[::-1]
    rooms = set(room_names(data_directory("firmware") / "boardcert"))
    assert set(re.findall(r"^\| ([a-z0-9]+) \|", table, re.MULTILINE)) - {"root", "room"} == rooms
    assert set(re.findall(r"\b[a-z0-9]+\b", diagram)) >= rooms


def _section(path: Path, heading: str) -> str:
    """Return the text below a heading of the second level."""
    return path.read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]


def test_the_files_that_begin_a_run_of_all_tests_exist() -> None:
    """The listed files exist: a renamed one would start late and prolong the run."""
    assert [name for name in LONGEST if not (_ROOT / "tests" / name).is_file()] == []
