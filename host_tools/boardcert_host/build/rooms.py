"""Make one flat package of the rooms of firmware/boardcert, so that a board pays for no folders.

The sources are in sub-packages, a room for each kind of knowledge. On a board, all modules are
directly in the package, under their file names: each folder would take two blocks of flash and time
to search, and each dotted name memory. Imports are changed accordingly, `from ..crypto.ec import
P384` into `from .ec import P384`.

The modules of the room `page` have names that are unclear outside it, such as `send`. On a board
they are prefixed with the room's name: `page/send.py` is `page_send`.
"""

import ast
from pathlib import Path

from ..errors import Error

_PACKAGE = "boardcert"
_PACKAGE_FILE = "__init__"
_NAMED = ("page",)  # Rooms whose name is a prefix of their modules' names on a board.


def room_names(package: Path) -> list[str]:
    """Return the names of the rooms in the directory *package*."""
    return sorted(path.parent.name for path in package.glob(f"*/{_PACKAGE_FILE}.py"))


def module_paths(package: Path) -> dict[str, Path]:
    """Return the file of each module by the module's name on a board, sorted by that.

    Raises Error if two have the same name. The rooms' own __init__ files are left out: they have
    only docstrings.
    """
    rooms = room_names(package)
    paths: dict[str, Path] = {}
    for folder in (package, *(package / room for room in rooms)):
        for path in folder.glob("*.py"):
            if folder != package and path.stem == _PACKAGE_FILE:
                continue
            name = _flat_name(path.parent.name, path.stem)
            if name in paths:
                raise Error(f"two modules are called {name}: {paths[name]} and {path}")
            paths[name] = path
    return dict(sorted(paths.items()))


def read_flat(package: Path) -> dict[str, str]:
    """Return the flat package: the source of each module by its name, sorted."""
    rooms = room_names(package)
    return {
        name: flatten(path.read_text("utf-8"), rooms, path.parent.name)
        for name, path in module_paths(package).items()
    }


def flatten(source: str, rooms: list[str], room: str = "") -> str:
    """Return *source* with its imports of boardcert changed to those of the flat package.

    *room*: the folder that it is in, one of *rooms*, or another one. Consecutive imports are joined
    to one for each module, and sorted as they would be without rooms.
    """
    tree = _Flatten(rooms, room).visit(ast.parse(source))
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            if isinstance(statements := getattr(node, field, None), list):
                setattr(node, field, _merged(statements))
    return ast.unparse(tree)


def _flat_name(room: str, module: str) -> str:
    """Return the name that a *module* of *room* has on a board."""
    return f"{room}_{module}" if room in _NAMED else module


class _Flatten(ast.NodeTransformer):
    """Take the rooms out of the imports of a module in *room*."""

    def __init__(self, rooms: list[str], room: str) -> None:
        self._rooms = rooms
        self._place = [room] if room in rooms else []

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        """`from .module import name`, `from ..room import module`, or absolute, as tests do it."""
        parts = (node.module or "").split(".") if node.module else []
        if node.level:
            parts = self._place[: len(self._place) + 1 - node.level] + parts
        elif parts[0] == _PACKAGE:
            parts = parts[1:]
        else:
            return node
        if parts and parts[0] in self._rooms:
            room, *parts = parts
            if parts:
                parts[0] = _flat_name(room, parts[0])
            else:
                node.names = [_flat_alias(room, alias) for alias in node.names]
        node.module = ".".join(parts if node.level else [_PACKAGE, *parts]) or None
        node.level = min(node.level, 1)
        return node


def _flat_alias(room: str, alias: ast.alias) -> ast.alias:
    """Return the import of a module of *room* under the name that the importer gives it."""
    name = _flat_name(room, alias.name)
    return alias if name == alias.name else ast.alias(name, alias.asname or alias.name)


def _merged(statements: list[ast.stmt]) -> list[ast.stmt]:
    """Return *statements* with consecutive relative imports joined and sorted."""
    result: list[ast.stmt] = []
    found: dict[str, list[ast.alias]] = {}
    for statement in statements:
        if isinstance(statement, ast.ImportFrom) and statement.level:
            found.setdefault(statement.module or "", []).extend(statement.names)
            continue
        result += _imports(found)
        found = {}
        result.append(statement)
    return result + _imports(found)


def _imports(found: dict[str, list[ast.alias]]) -> list[ast.stmt]:
    """Return the import of each module in *found*, by its name, sorted."""
    return [
        ast.ImportFrom(module or None, sorted(names, key=_place), 1)
        for module, names in sorted(found.items())
    ]


def _place(alias: ast.alias) -> tuple[int, str]:
    """Return the sort key of a name in an import: constants, classes, then all others."""
    name = alias.name
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name.lower()
