"""Give names that nobody outside the package uses short ones: each is bytes in flash and in memory.

Private globals and attributes, and arguments that are never given by name. Functions and classes
keep their names, which tracebacks tell.
"""

import ast
import itertools
import string
from collections.abc import Iterator


def shorten(sources: dict[str, str], faces: tuple[str, ...]) -> dict[str, str]:
    """Return the sources of a whole package with short names, the same in all of them.

    *faces*: modules whose functions others call, applications or Microdot: their arguments keep
    their names.
    """
    trees = {name: ast.parse(source) for name, source in sources.items()}
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    kept = {node.name for node in nodes if isinstance(node, _Definition)}
    # What the package binds itself: other private names are those of modules that it uses.
    bound = {_name(node) for node in nodes if isinstance(getattr(node, "ctx", None), ast.Store)}
    private = sorted({name for name in bound if _is_private(name)} - kept)
    short = dict(zip(private, _unused_names(nodes), strict=False))
    for node in nodes:
        if isinstance(node, ast.Name):
            node.id = short.get(node.id, node.id)
        elif isinstance(node, ast.Attribute):
            node.attr = short.get(node.attr, node.attr)
        elif isinstance(node, ast.arg):
            node.arg = short.get(node.arg, node.arg)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [short.get(name, name) for name in node.names]
        elif isinstance(node, ast.alias) and node.asname:
            node.asname = short.get(node.asname, node.asname)
    given = {node.arg for node in nodes if isinstance(node, ast.keyword)}
    for name, tree in trees.items():
        for function in [node for node in ast.walk(tree) if isinstance(node, _Function)]:
            if name not in faces or _is_inner(function):
                _shorten_arguments(function, given)
    return {name: ast.unparse(tree) for name, tree in trees.items()}


_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Definition = _Function | ast.ClassDef


def _name(node: ast.AST) -> str:
    """Return the name that a node uses, or an empty text."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _is_private(name: str) -> bool:
    return len(name) > 2 and name[0] == "_" and name[1] != "_"


def _is_inner(function: ast.AST) -> bool:
    """Tell whether nobody outside calls *function*; Microdot does call private coroutines."""
    return isinstance(function, ast.FunctionDef) and _is_private(function.name)


def _unused_names(nodes: list[ast.AST]) -> Iterator[str]:
    """Yield "_a", "_b", ... but those that are there already."""
    used = {_name(node) for node in nodes}
    letters = string.ascii_lowercase + string.ascii_uppercase
    names = itertools.chain(letters, map("".join, itertools.product(letters, repeat=2)))
    return (f"_{name}" for name in names if f"_{name}" not in used)


def _shorten_arguments(
    function: ast.FunctionDef | ast.AsyncFunctionDef, given: set[str | None]
) -> None:
    """Rename a function's arguments; not where the compiler has its own words for them."""
    inner = [node for node in ast.walk(function) if node is not function]
    if any(isinstance(node, (*_Definition.__args__, ast.Lambda)) for node in inner):
        return  # They may use its arguments, or have some of the same name.
    if any("asm_" in ast.unparse(decorator) for decorator in function.decorator_list):
        return
    arguments = [node for node in inner if isinstance(node, ast.arg)]
    used = {_name(node) for node in inner} | {argument.arg for argument in arguments}
    free = (letter for letter in string.ascii_lowercase if letter not in used)
    for argument, letter in zip(arguments, free, strict=False):
        old = argument.arg
        if old in given or old == "self" or len(old) == 1:
            continue
        argument.arg = letter
        for node in inner:
            if isinstance(node, ast.Name) and node.id == old:
                node.id = letter
