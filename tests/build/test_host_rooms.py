"""The host's modules import only in the direction shown on the architecture page."""

import ast
import graphlib
from pathlib import Path

import boardcert_host
import pytest

_PACKAGE = Path(str(boardcert_host.__file__)).parent
_ROOT = _PACKAGE.name
# Each room may import from those before it, and from the root; the root's modules that start the
# commands may import from all.
_ROOMS = (
    "certificates",
    "show",
    "ca",
    "inventory",
    "trust",
    "client",
    "verify",
    "fleet",
    "build",
    "board",
    "enrolment",
    "acme",
    "est",
    "step",
    "renewal",
    "scan",
    "workers",
    "flash",
    "virtual",
)
_ROOMS += ("demo", "doctor", "overview", "commands")
_STARTS = {f"{_ROOT}.{name}" for name in ("cli", "entry", "__main__")}


def _modules() -> dict[str, Path]:
    """Return the modules of the package, by their full names."""
    found = {}
    for path in sorted(_PACKAGE.rglob("*.py")):
        parts = path.relative_to(_PACKAGE.parent).with_suffix("").parts
        if "_data" not in parts and "node_modules" not in parts:
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


_MODULES = _modules()


def _room_of(name: str) -> str:
    """Return the room of a module; the package's own name for modules outside the rooms."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in _ROOMS else _ROOT


def _edges(name: str) -> set[str]:
    """Return the modules of the package that *name* imports, including those in functions."""
    path = _MODULES[name]
    package = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1] + (node.module or "").split(".")
            start = ".".join(filter(None, base))
            inner = {f"{start}.{alias.name}" for alias in node.names}
            found |= (inner & _MODULES.keys()) or {start}
    return found


def test_each_folder_has_its_place_in_the_order() -> None:
    """Each folder has a place in the order of rooms."""
    folders = {path.parent.name for path in _PACKAGE.glob("*/__init__.py")}
    assert folders == set(_ROOMS)


def test_no_module_has_the_name_of_its_room() -> None:
    """A module neither has nor repeats its room's name: `ca.sign`, not `ca.ca_sign`."""
    for name in _MODULES:
        *_, room, module = ("", *name.split("."))
        assert module != room and not module.startswith(f"{room}_"), name


def test_each_room_says_what_it_is() -> None:
    """Each room's docstring is one line."""
    for path in _PACKAGE.rglob("__init__.py"):
        docstring = ast.get_docstring(ast.parse(path.read_text("utf-8")))
        assert docstring and len(docstring.splitlines()) == 1, path


@pytest.mark.parametrize("room", [_ROOT, *_ROOMS])
def test_rooms_import_in_one_direction(room: str) -> None:
    """Rooms import from earlier rooms, themselves, and the root only."""
    names = [name for name in _MODULES if _room_of(name) == room and name not in _STARTS]
    allowed = {_ROOT} | set(_ROOMS[: _ROOMS.index(room) + 1] if room != _ROOT else ())
    wrong = {
        (name, other) for name in names for other in _edges(name) if _room_of(other) not in allowed
    }
    assert names and not wrong


def test_nothing_imports_what_starts_the_commands() -> None:
    """No other module imports the modules that start the commands."""
    assert not {
        (name, other) for name in _MODULES.keys() - _STARTS for other in _edges(name) & _STARTS
    }


def test_modules_import_in_no_circle() -> None:
    """There are no import cycles, including imports in functions."""
    graph = {name: _edges(name) - {name} for name in _MODULES}
    assert set(graphlib.TopologicalSorter(graph).static_order()) == set(_MODULES)
