"""Have imports look in the firmware first: MicroPython looks for files first, 2 ms for each.

A board looks for hashlib.py and hashlib.mpy in each directory of sys.path before it takes the
hashlib of its firmware. Imports in functions, of the modules that firmware/bundles.py lists, are
put into a context that prevents this, see firmware/boardcert/modules.py.
"""

import ast
from collections.abc import Collection

_CONTEXT = "FirmwareFirst"
_HOME = "modules"


def firmware_first(sources: dict[str, str], quick: Collection[str]) -> dict[str, str]:
    """Return the flat package with such contexts. *quick*: the modules to import in one."""
    return {name: _transformed(source, quick) for name, source in sources.items()}


def _transformed(source: str, quick: Collection[str]) -> str:
    tree = ast.parse(source)
    wrap = _Wrap(quick)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            wrap.wrap_in(node)
    if not wrap.has_wrapped:
        return source
    _import_context(tree)
    return ast.unparse(ast.fix_missing_locations(tree))


def with_parts_in_context(bodies: list[list[ast.stmt]]) -> list[list[ast.stmt]]:
    """Return the *bodies* of the package's own file, with the imports of its parts in one context.

    Only parts after the one that defines the context: what they import is needed at once.
    """
    defining = [_defines_context(body) for body in bodies]
    if not any(defining):
        return bodies
    start = defining.index(True) + 1
    nodes = [node for body in bodies[start:] for node in body]
    imports: list[ast.stmt] = [node for node in nodes if isinstance(node, ast.Import | ast.Try)]
    imports += [node for node in nodes if isinstance(node, ast.ImportFrom)]
    if not imports:
        return bodies
    first = ast.fix_missing_locations(_in_context(imports))
    others = [[node for node in body if node not in imports] for body in bodies[start:]]
    return [*bodies[:start], [first], *others]


def _defines_context(body: list[ast.stmt]) -> bool:
    return any(isinstance(node, ast.ClassDef) and node.name == _CONTEXT for node in body)


class _Wrap:
    """Put such imports of a function into contexts, consecutive ones into the same."""

    def __init__(self, quick: Collection[str]) -> None:
        self.has_wrapped = False
        self._quick = quick

    def wrap_in(self, node: ast.AST) -> None:
        """Change each list of statements in *node*."""
        for field in ("body", "orelse", "finalbody", "handlers"):
            statements = getattr(node, field, None)
            if not isinstance(statements, list):
                continue
            for statement in statements:
                if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                    self.wrap_in(statement)
            setattr(node, field, self._wrapped(statements))

    def _wrapped(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        result: list[ast.stmt] = []
        context = None
        for statement in statements:
            if not self._is_wanted(statement):
                context = None
                result.append(statement)
            elif context:
                context.body.append(statement)
            else:
                context = _in_context([statement])
                result.append(context)
                self.has_wrapped = True
        return result

    def _is_wanted(self, statement: ast.stmt) -> bool:
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            return False
        names = [one.name for one in statement.names]
        if isinstance(statement, ast.ImportFrom) and statement.module:
            names = [statement.module]
        return any(name in self._quick for name in names)


def _in_context(imports: list[ast.stmt]) -> ast.With:
    """Return the statement that executes *imports* in such a context."""
    call = ast.Call(ast.Name(_CONTEXT, ast.Load()), [], [])
    return ast.With([ast.withitem(call)], imports)


def _import_context(tree: ast.Module) -> None:
    """Import the context at the top of a module, together with other names from there."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.level and node.module == _HOME:
            node.names.append(ast.alias(_CONTEXT))
            return
    place = 1 if ast.get_docstring(tree) else 0
    tree.body.insert(place, ast.ImportFrom(_HOME, [ast.alias(_CONTEXT)], 1))
