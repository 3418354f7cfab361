"""Join modules of the device package into one file each: a board takes some 11 ms to find a file.

The sources stay separate. A bundle has the name of one of its parts, the entry; the other parts are
no longer modules. Imports within the package are changed accordingly, `from .ec import P384` into
`from .generate import P384`; within one bundle, they are removed, and `ec.P384` becomes P384. The
package's own file, __init__, can be a bundle: its names are then imported from the package.
"""

import ast

from ..errors import Error
from .firmware_first import with_parts_in_context

Bundles = dict[str, tuple[str, ...]]

_PACKAGE, _PACKAGE_FILE = "boardcert", "__init__"
_NOTHING = ast.Pass()  # In place of a needless import.


def join(sources: dict[str, str], bundles: Bundles) -> dict[str, str]:
    """Return the sources with the existing parts of each bundle joined in one.

    *bundles*: the parts by the entry's name, in the order in which they use each other. The parts
    share their global names: raises Error if a name has two meanings.
    """
    homes = {part: entry for entry, parts in bundles.items() for part in parts if part in sources}
    joined: dict[str, str] = {}
    for entry in sources.keys() - homes.keys() | set(homes.values()):
        parts = [part for part in bundles.get(entry, (entry,)) if part in sources]
        own = _top_names(sources[_PACKAGE_FILE]) if entry == _PACKAGE_FILE else set()
        bodies = [_body(sources[part], entry, homes, own) for part in parts]
        _check_names(entry, dict(zip(parts, bodies, strict=True)))
        if entry == _PACKAGE_FILE:
            bodies = with_parts_in_context(bodies)
        statements = _with_imports_joined(_without_repetitions(bodies))
        joined[entry] = ast.unparse(ast.Module(statements, []))
    return dict(sorted(joined.items()))


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


class _OfPackage(ast.NodeTransformer):
    """Import names of the package's own file from the package, and *own* names not at all."""

    def __init__(self, own: set[str]) -> None:
        self._own = own

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt | list[ast.stmt]:
        """`from .__init__ import name`, or `from . import __init__ as part`."""
        if not node.level:
            return node
        if node.module == _PACKAGE_FILE:
            node.module = None
        if node.module:
            return node
        whole = [alias for alias in node.names if alias.name == _PACKAGE_FILE]
        others = [alias for alias in node.names if alias not in whole]
        node.names = [alias for alias in others if alias.name not in self._own]
        imports = [ast.Import([ast.alias(_PACKAGE, alias.asname)]) for alias in whole]
        return [*imports, *([node] if node.names else [])] or _NOTHING


def _body(source: str, entry: str, homes: dict[str, str], own: set[str]) -> list[ast.stmt]:
    """Return the statements of a part of *entry*, without its docstring and needless imports.

    *own*: the names of the package's own file, if that is *entry*.
    """
    tree = _Needless(entry).visit(_Redirect(homes).visit(ast.parse(source)))
    tree = _Unqualify(_own_names(tree, entry)).visit(tree)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    body = [node for node in tree.body if _is_needed(node, entry, used)]
    return _OfPackage(own).visit(ast.Module(body, [])).body


def _top_names(source: str) -> set[str]:
    """Return the names that a module binds at its top."""
    return {name for node in ast.parse(source).body for name, _ in _bindings(node, "")}


def _own_names(tree: ast.Module, entry: str) -> set[str]:
    """Return the names by which a part refers to its own bundle."""
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    aliases = [alias for node in imports if node.level and not node.module for alias in node.names]
    return {alias.asname or alias.name for alias in aliases if alias.name == entry}


class _Needless(ast.NodeTransformer):
    """Remove imports of what bundle *entry* has under the same name, and a `with` around them."""

    def __init__(self, entry: str) -> None:
        self._entry = entry

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
        """`from .entry import name`."""
        if node.level and node.module == self._entry:
            node.names = [alias for alias in node.names if alias.asname]
        return node if node.names else _NOTHING

    def visit_With(self, node: ast.With) -> ast.stmt:
        """`with FirmwareFirst(): import ...`."""
        self.generic_visit(node)
        return _NOTHING if all(inner is _NOTHING for inner in node.body) else node


class _Unqualify(ast.NodeTransformer):
    """Replace `ec.P384` by P384 unless a local name hides it. *names*: those of the own bundle."""

    def __init__(self, names: set[str]) -> None:
        self._names = names
        self._hidden: set[str] = set()

    def _visit_scope(self, node: ast.AST) -> ast.AST:
        outer, self._hidden = self._hidden, self._hidden | _local_names(node)
        self.generic_visit(node)
        self._hidden = outer
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _visit_scope

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """`module.name`."""
        is_own = isinstance(node.value, ast.Name) and node.value.id in self._names
        if is_own and node.attr not in self._hidden:
            return ast.Name(node.attr, node.ctx)
        return self.generic_visit(node)


def _local_names(scope: ast.AST) -> set[str]:
    """Return the names bound anywhere in *scope*, arguments included."""
    nodes = [node for node in ast.walk(scope) if node is not scope]
    handlers = {node.name for node in nodes if isinstance(node, ast.ExceptHandler) and node.name}
    arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
    return handlers | arguments | {name for node in nodes for name in _bound(node)}


def _is_needed(node: ast.stmt, entry: str, used: set[str]) -> bool:
    """Return whether a statement has an effect, after removing unused names of its bundle."""
    if isinstance(node, ast.Try):
        return any([_is_needed(inner, entry, used) for inner in node.body])
    if isinstance(node, ast.ImportFrom) and node.level and not node.module:
        needless = [
            alias for alias in node.names if alias.name == entry and _name(alias) not in used
        ]
        node.names = [alias for alias in node.names if alias not in needless]
        return bool(node.names)
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return not (is_docstring or node is _NOTHING)


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


def _with_imports_joined(statements: list[ast.stmt]) -> list[ast.stmt]:
    """Return *statements* with consecutive imports joined, one for each module."""
    result: list[ast.stmt] = []
    found: dict[str | None, ast.ImportFrom] = {}
    for statement in statements:
        if not isinstance(statement, ast.ImportFrom) or not statement.level:
            found = {}
            result.append(statement)
        elif first := found.get(statement.module):
            known = {(one.name, one.asname) for one in first.names}
            first.names += [one for one in statement.names if (one.name, one.asname) not in known]
        else:
            found[statement.module] = statement
            result.append(statement)
    return result


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
    return [_name(node)] if isinstance(node, ast.alias) else []


def _name(alias: ast.alias) -> str:
    return alias.asname or alias.name
