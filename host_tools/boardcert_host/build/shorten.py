"""Rename what only the package itself uses: each name takes bytes in flash and in memory.

new_names chooses the new names. Arguments that are never passed by name become a letter.

No new name is used anywhere else in the package, so that only names change. A name stays if it
occurs as a string, if it is passed as a keyword, or if something imported from elsewhere has it.
"""

import ast
import string

from .name_nodes import DEFINITION, FUNCTION, is_private, used_name
from .new_names import Known, new_names


def shorten(sources: dict[str, str], known: Known) -> dict[str, str]:
    """Return the sources of a whole package with other names, the same in all of them."""
    trees = {name: ast.parse(source) for name, source in sources.items()}
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    given = {node.arg for node in nodes if isinstance(node, ast.keyword)}
    for name, tree in trees.items():
        for function in [node for node in ast.walk(tree) if isinstance(node, FUNCTION)]:
            if name not in known.faces or _is_inner(function):
                _shorten_arguments(function, given)
    names = new_names(trees, known)
    for tree in trees.values():
        _rename(tree, names)
    return {name: ast.unparse(tree) for name, tree in trees.items()}


def _rename(tree: ast.Module, names: dict[str, str]) -> None:
    """Replace the names of *tree* that are in *names*."""
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name", "asname"):
            name = getattr(node, field, None)
            if isinstance(name, str) and name in names:
                setattr(node, field, names[name])
        if isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [names.get(name, name) for name in node.names]


def _is_inner(function: ast.AST) -> bool:
    """Return whether only the package calls *function*; Microdot calls private coroutines, too."""
    return isinstance(function, ast.FunctionDef) and is_private(function.name)


def _shorten_arguments(
    function: ast.FunctionDef | ast.AsyncFunctionDef, given: set[str | None]
) -> None:
    """Rename a function's arguments, unless its decorator gives their names a meaning."""
    inner = [node for node in ast.walk(function) if node is not function]
    if any(isinstance(node, DEFINITION | ast.Lambda) for node in inner):
        return  # They may use its arguments, or have some of the same name.
    if any("asm_" in ast.unparse(decorator) for decorator in function.decorator_list):
        return
    arguments = [node for node in inner if isinstance(node, ast.arg)]
    used = {used_name(node) for node in inner} | {argument.arg for argument in arguments}
    free = (letter for letter in string.ascii_lowercase if letter not in used)
    for argument, letter in zip(arguments, free, strict=False):
        old = argument.arg
        if old in given or old == "self" or len(old) == 1:
            continue
        argument.arg = letter
        for node in inner:
            if isinstance(node, ast.Name) and node.id == old:
                node.id = letter
