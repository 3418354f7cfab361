"""The names that a node of a syntax tree binds or uses."""

import ast

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
DEFINITION = FUNCTION | ast.ClassDef


def is_text(node: ast.AST) -> bool:
    """Return whether *node* is a string."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def bound_name(node: ast.AST) -> str:
    """Return the name that a node binds, or an empty string."""
    if isinstance(node, DEFINITION):
        return node.name
    return used_name(node) if isinstance(getattr(node, "ctx", None), ast.Store) else ""


def used_name(node: ast.AST) -> str:
    """Return the name that a node uses, or an empty string."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def all_names(node: ast.AST) -> list[str]:
    """Return every name in a node, of any kind, and the words of a string."""
    names = [getattr(node, field, None) for field in ("id", "attr", "arg", "name", "asname")]
    names += [getattr(node, "value", None)] if is_text(node) else []
    names += node.names if isinstance(node, ast.Global | ast.Nonlocal) else []
    return [name for name in names if isinstance(name, str)]


def is_private(name: str) -> bool:
    """Return whether *name* is private to its module, or to the package."""
    return len(name) > 2 and name[0] == "_" and name[1] != "_"
