"""Join modules of the device package into one file each: a board takes some 11 ms to find a file.

The sources stay apart. A bundle has the name of its last part, the entry; the other parts are no
modules of their own any more. Imports within the package are changed accordingly, `from .ec import
P384` into `from .generate import P384`; where the names are in the same bundle, they go.
"""

import ast

from .errors import Error

Bundles = dict[str, tuple[str, ...]]


def join(sources: dict[str, str], bundles: Bundles) -> dict[str, str]:
    """Return the sources with the parts of each bundle, as far as they are there, in one.

    *bundles*: the parts by the entry's name, in the order in which they use each other. Raises
    Error when two parts give one name two meanings: they share their global names.
    """
    homes = {part: entry for entry, parts in bundles.items() for part in parts if part in sources}
    joined: dict[str, str] = {}
    for entry in sources.keys() - homes.keys() | set(homes.values()):
        parts = [part for part in bundles.get(entry, (entry,)) if part in sources]
        bodies = [_body(sources[part], entry, homes) for part in parts]
        _check_names(entry, dict(zip(parts, bodies, strict=True)))
        joined[entry] = ast.unparse(ast.Module(_without_repetitions(bodies), []))
    return dict(sorted(joined.items()))


def door(entry: str) -> str:
    """Return the source of a module that only has the public names of the bundle *entry*."""
    return f"from .{entry} import *"


class _Redirect(ast.NodeTransformer):
    """Make imports of a part imports of its bundle."""

    def __init__(self, homes: dict[str, str]) -> None:
        self._homes = homes

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        """`from .part import name`, or `from . import part`."""
        if node.level and node.module:
            node.module = self._homes.get(node.module, node.module)
        elif node.level:
            for alias in node.names:
                home = self._homes.get(alias.name, alias.name)
                if home != alias.name:
                    alias.name, alias.asname = home, alias.asname or alias.name
        return node


def _body(source: str, entry: str, homes: dict[str, str]) -> list[ast.stmt]:
    """Return the statements of a part of *entry*, without docstring and needless imports."""
    tree = _Redirect(homes).visit(ast.parse(source))
    return [node for node in tree.body if _is_needed(node, entry)]


def _is_needed(node: ast.stmt, entry: str) -> bool:
    """Tell whether a statement does something; it loses what its own bundle has by that name."""
    if isinstance(node, ast.Try):
        return any([_is_needed(inner, entry) for inner in node.body])
    if isinstance(node, ast.ImportFrom) and node.level and node.module == entry:
        node.names = [alias for alias in node.names if alias.asname]
        return bool(node.names)
    return not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _without_repetitions(bodies: list[list[ast.stmt]]) -> list[ast.stmt]:
    """Return the statements of all *bodies*, each import once."""
    imports: set[str] = set()
    kept: list[ast.stmt] = []
    for node in (node for body in bodies for node in body):
        text = ast.unparse(node)
        if text not in imports:
            kept.append(node)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imports.add(text)
    return kept


def _check_names(entry: str, bodies: dict[str, list[ast.stmt]]) -> None:
    """Raise Error when two parts bind the same name to different things."""
    meanings: dict[str, tuple[str, str]] = {}
    for part, body in bodies.items():
        for node in body:
            for name, meaning in _bindings(node, part):
                earlier, owner = meanings.setdefault(name, (meaning, part))
                if meaning != earlier:
                    raise Error(f"bundle {entry}: {name} is in {owner} and in {part}")


def _bindings(node: ast.stmt, part: str) -> list[tuple[str, str]]:
    """Return the names that a statement at a module's top binds, each with what it means."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [(node.name, part)]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        origin = "." * node.level + (node.module or "") if isinstance(node, ast.ImportFrom) else ""
        return [(alias.asname or alias.name, f"{origin}:{alias.name}") for alias in node.names]
    return [(name, part) for inner in ast.walk(node) for name in _bound(inner)]


def _bound(node: ast.AST) -> list[str]:
    """Return the names that a part of a compound statement or an assignment binds."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    return [node.asname or node.name] if isinstance(node, ast.alias) else []
