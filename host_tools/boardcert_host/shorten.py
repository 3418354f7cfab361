"""Give names that nobody outside the package uses other ones: each is bytes in flash and in memory.

Private names become names that are in the firmware already, see rom_names, as far as those
suffice. The others become short, but for functions and classes: tracebacks tell their names.
Arguments that are never given by name become a letter.

Each private name becomes the same other one in all modules, no two the same one, and none becomes
a name that is used anywhere in the package: so nothing changes but the names. A name stays if it
is a text somewhere, if it is given as a keyword, or if what is imported from elsewhere has it.
"""

import ast
import itertools
import string
from collections.abc import Iterator

from .rom_names import NAMES


def shorten(
    sources: dict[str, str], faces: tuple[str, ...], first: tuple[str, ...] = ()
) -> dict[str, str]:
    """Return the sources of a whole package with other names, the same in all of them.

    *faces*: modules whose functions others call, applications or Microdot: their arguments keep
    their names. *first*: modules whose names are the first to become those of the firmware.
    """
    trees = {name: ast.parse(source) for name, source in sources.items()}
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    given = {node.arg for node in nodes if isinstance(node, ast.keyword)}
    for name, tree in trees.items():
        for function in [node for node in ast.walk(tree) if isinstance(node, _Function)]:
            if name not in faces or _is_inner(function):
                _shorten_arguments(function, given)
    _rename(nodes, new_names(trees, first))
    return {name: ast.unparse(tree) for name, tree in trees.items()}


_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Definition = _Function | ast.ClassDef


def new_names(trees: dict[str, ast.Module], first: tuple[str, ...] = ()) -> dict[str, str]:
    """Return what each private name becomes that the modules bind themselves."""
    order = [name for name in first if name in trees]
    order += [name for name in trees if name not in first]
    nodes = [node for name in order for node in ast.walk(trees[name])]
    kept = _kept_names(trees)
    private = dict.fromkeys(name for name in map(_bound_name, nodes) if _is_private(name))
    private = [name for name in private if name not in kept]
    used = {name for node in nodes for name in _all_names(node)}
    free = [name for name in NAMES if name not in used]
    short = dict(zip(private, free, strict=False))
    defined = {node.name for node in nodes if isinstance(node, _Definition)}
    data = [name for name in private if name not in short and name not in defined]
    return short | dict(zip(data, _unused_names(used), strict=False))


def _kept_names(trees: dict[str, ast.Module]) -> set[str]:
    """Return the names that others know."""
    kept = set()
    for tree in trees.values():
        nodes = list(ast.walk(tree))
        imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
        foreign = [node for node in imports if not getattr(node, "level", 0)]
        aliases = [alias for node in foreign for alias in node.names]
        kept |= {alias.name for alias in aliases}
        modules = {alias.asname or alias.name for alias in aliases}
        kept |= {_name(node) for node in nodes if _root(node) in modules}
        kept |= {str(node.value) for node in nodes if isinstance(node, ast.Constant)}
        kept |= {str(node.arg) for node in nodes if isinstance(node, ast.keyword)}
        # The compiler leaves nothing of numbers, if their names begin with an underscore.
        assignments = [node for node in tree.body if isinstance(node, ast.Assign)]
        kept |= {_name(node.targets[0]) for node in assignments if _is_number(node.value)}
    return kept


def _is_number(value: ast.expr) -> bool:
    """Tell whether *value* is const(...)."""
    return isinstance(value, ast.Call) and ast.unparse(value.func) == "const"


def _root(node: ast.AST) -> str:
    """Return the name that an attribute `name.a.b` begins with, of all else an empty text."""
    if not isinstance(node, ast.Attribute):
        return ""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _bound_name(node: ast.AST) -> str:
    """Return the name that a node binds, or an empty text."""
    if isinstance(node, _Definition):
        return node.name
    return _name(node) if isinstance(getattr(node, "ctx", None), ast.Store) else ""


def _all_names(node: ast.AST) -> list[str]:
    """Return every name in a node, of whatever kind, and the text of a constant."""
    names = [getattr(node, field, None) for field in ("id", "attr", "arg", "name", "asname")]
    names += [getattr(node, "value", None)] if _is_text(node) else []
    names += node.names if isinstance(node, ast.Global | ast.Nonlocal) else []
    return [name for name in names if isinstance(name, str)]


def _rename(nodes: list[ast.AST], names: dict[str, str]) -> None:
    """Put the other *names* wherever the old ones stand."""
    for node in nodes:
        for field in ("id", "attr", "arg", "name", "asname"):
            name = getattr(node, field, None)
            if isinstance(name, str) and name in names:
                setattr(node, field, names[name])
        if isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [names.get(name, name) for name in node.names]


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


def _unused_names(used: set[str]) -> Iterator[str]:
    """Yield "_a", "_b", ... but those that are *used* already."""
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
