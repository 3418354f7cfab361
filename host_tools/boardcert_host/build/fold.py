"""Evaluate what is known when the package is built: its numbers, and which modules it has.

A public constant, NAME = const(1), is replaced by the number wherever it is used: each name costs
bytes in several files, and memory. A private number, _NAME = 1, becomes const(1) if nothing else is
bound to the name: the compiler then leaves nothing of it. An import with a fallback, for boards
without the first module, becomes the import of the module that exists, or what is done without: a
vain search for a module takes as long as finding one.
"""

import ast

from ..errors import Error

_Numbers = dict[str, dict[str, int]]


def fold(sources: dict[str, str]) -> dict[str, str]:
    """Return the sources of a whole package with all of this evaluated."""
    trees = {name: ast.parse(source) for name, source in sources.items()}
    numbers = {name: _numbers(tree) for name, tree in trees.items()}
    return {
        name: ast.unparse(_with_private(_Folder(tree, numbers[name], numbers).visit(tree)))
        for name, tree in trees.items()
    }


def _with_private(tree: ast.Module) -> ast.Module:
    """Put const() around each private number of a module that is bound only once."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    stored = [name.id for name in names if isinstance(name.ctx, ast.Store)]
    for node in tree.body:
        if not isinstance(node, ast.Assign) or len(node.targets) > 1:
            continue
        name = ast.unparse(node.targets[0])
        if name[0] == "_" and name.isupper() and stored.count(name) == 1 and _is_number(node.value):
            node.value = ast.Call(ast.Name("const", ast.Load()), [node.value], [])
    return tree


def _is_number(node: ast.AST) -> bool:
    """Return whether an expression consists of numbers; bool does not count as one."""
    kinds = (ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop)
    return all(
        type(part.value) is int if isinstance(part, ast.Constant) else isinstance(part, kinds)
        for part in ast.walk(node)
    )


def _numbers(tree: ast.Module) -> dict[str, int]:
    """Return the public constants that a module defines by a literal."""
    return dict(pair for node in tree.body for pair in _public_constant(node))


def _public_constant(node: ast.AST) -> list[tuple[str, int]]:
    """Return (name, value), if *node* is the definition of one."""
    if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
        return []
    name, call = ast.unparse(node.targets[0]), node.value
    is_literal = len(call.args) == 1 and isinstance(call.args[0], ast.Constant)
    if ast.unparse(call.func) != "const" or not is_literal or name.startswith("_"):
        return []
    return [(name, ast.literal_eval(call.args[0]))]


class _Folder(ast.NodeTransformer):
    """Changes one module. *own*: its constants; *numbers*: those of every module."""

    def __init__(self, tree: ast.Module, own: dict[str, int], numbers: _Numbers) -> None:
        self._numbers = numbers
        self._values = dict(own)
        self._modules: dict[str, set[str]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                self._learn(node)

    def _learn(self, node: ast.ImportFrom) -> None:
        """Note what an import binds: modules, and constants of modules.

        Raises Error for a name with two numbers in one module: scopes are ignored.
        """
        for alias in node.names:
            name = alias.asname or alias.name
            if node.module is None:
                self._modules.setdefault(name, set()).add(alias.name)
            elif alias.name in self._numbers.get(node.module, {}):
                value = self._numbers[node.module][alias.name]
                if self._values.setdefault(name, value) != value:
                    raise Error(f"{name} is two numbers: {ast.unparse(node)}")

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        """A definition, which is removed."""
        return None if _public_constant(node) else self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        """`from .module import NAME`."""
        if node.level and node.module:
            known = self._numbers.get(node.module, {})
            node.names = [alias for alias in node.names if alias.name not in known]
        elif node.module == "micropython":
            # The compiler evaluates const() by itself, and leaves nothing of private ones.
            node.names = [alias for alias in node.names if alias.name != "const"]
        return node if node.names else None

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """`NAME`."""
        return ast.Constant(self._values[node.id]) if node.id in self._values else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """`module.NAME`."""
        if isinstance(node.value, ast.Name):
            modules = self._modules.get(node.value.id, set())
            found = {self._numbers.get(module, {}).get(node.attr) for module in modules}
            if len(found) > 1:
                raise Error(f"{ast.unparse(node)} is not the same in {', '.join(sorted(modules))}")
            if found - {None}:
                return ast.Constant(found.pop())
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        """`raise ... from error`: stock firmware does not chain, and prints a warning each time."""
        node.cause = None
        return self.generic_visit(node)

    def visit_Try(self, node: ast.Try) -> ast.AST | list[ast.stmt]:
        """An import with a fallback, unless both modules exist."""
        self.generic_visit(node)
        if node.finalbody or not node.handlers:
            return node
        bodies = [node.body] + [handler.body for handler in node.handlers]
        modules = [_own_module(body[0]) for body in bodies]
        there = [bodies[i] for i in range(len(bodies)) if modules[i] in self._numbers]
        if all(modules) and len(there) == 1:
            return there[0]
        is_missing = modules[0] and modules[0] not in self._numbers
        return bodies[1] if is_missing and _catches_missing(node.handlers[0]) else node


def _catches_missing(handler: ast.ExceptHandler) -> bool:
    """Return whether it is what a module that does not exist leads to, and imports none itself."""
    caught = ast.unparse(handler.type) if handler.type else "ImportError"
    return "ImportError" in caught and not _own_module(handler.body[0])


def _own_module(node: ast.stmt) -> str:
    """Return the module of the package that is imported, or an empty string."""
    if not (isinstance(node, ast.ImportFrom) and node.level):
        return ""
    return node.module or node.names[0].name
