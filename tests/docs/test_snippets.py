"""Code that runs on a board outside the package, and code shown to users."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import boardcert
import pytest

_ROOT = Path(__file__).resolve().parents[2]
_TEXTS = ("*.md", "boards/**/*", "firmware/docs/*.md", "firmware/examples/*")
_TEXTS += ("host_tools/docs/*.md", "host_tools/**/*.py")
# The package's own docstring is an example, too.
_PATHS = [path for pattern in _TEXTS for path in _ROOT.glob(pattern) if path.is_file()]
_PATHS.append(Path(str(boardcert.__file__)))
_INSIDE = re.compile(
    r"^[^#\n]*?\b(?:from\s+boardcert\.\w|import\s+(?:\w+,\s*)*boardcert\.\w)", re.M
)
_FROM = re.compile(r"\bfrom\s+boardcert\s+import\s+([\w, ]+)")
_USED = re.compile(r"(?<![\w./-])boardcert\.([A-Za-z_]\w*)")


def _programs(path: Path) -> Iterator[str]:
    """Yield the code for boards in *path*: a host file's strings; otherwise all of it."""
    text = path.read_text()
    if "boardcert_host" in path.parts:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    elif path.name == "__init__.py":
        yield ast.get_docstring(ast.parse(text)) or ""
    else:
        yield text


@pytest.mark.parametrize("path", _PATHS, ids=lambda path: str(path.relative_to(_ROOT)))
def test_only_what_the_package_exports_is_used_from_outside(path: Path) -> None:
    """Outside code imports only exported names: a board has no modules of the sources' names."""
    for program in _programs(path):
        assert not _INSIDE.search(program)
        exported = {name for names in _FROM.findall(program) for name in re.findall(r"\w+", names)}
        if re.search(r"^import (?:\w+, )*boardcert\b", program, re.M):
            exported |= set(_USED.findall(program))
        modules = {name for name, value in vars(boardcert).items() if inspect.ismodule(value)}
        assert exported <= set(vars(boardcert)) - modules


def test_the_search_finds_what_it_is_to_find() -> None:
    """The search finds each way to name an internal module or a missing name."""
    for line in (
        "from boardcert.board import x",
        "import json, boardcert.store",
        "  import boardcert.a",
    ):
        assert _INSIDE.search(line)
    assert not _INSIDE.search("import boardcert\nfrom boardcert import serve")
    assert _FROM.findall("from boardcert import board, store") == ["board, store"]
    assert _USED.findall("boardcert.run(x)\n/lib/boardcert.py") == ["run"]
