"""Choose the new names for the package for boards, which shorten applies.

Renamed are private names, and those that only the package itself uses: bound in modules whose names
nobody else knows, and without another meaning anywhere. They become names that the firmware has
anyway, see rom_names, as long as there are enough. The rest get short names. A class that is not
private keeps its name: exceptions show it.

Names share a new one if no file uses two of them, and each of them means one thing wherever it is:
names that no object has, and members that a class alone uses, see own_members. A new name that a
.mpy file stores as a number costs that file next to nothing; it serves in any file that does not
use it otherwise. All other names have a new one of their own in the whole package; those in most
files get the shortest.
"""

import ast
import builtins
import itertools
import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .name_nodes import DEFINITION, FUNCTION, all_names, bound_name, is_private, used_name
from .name_users import names_apart, numbered, own_members, sharing, users_of
from .rom_names import BY_NUMBER, NAMES, OF_MEMBERS, TAKEN


@dataclass(frozen=True)
class Known:
    """What must be known of a package beyond its sources.

    *faces*: modules whose functions applications or Microdot call: their arguments keep their
    names, too. *tested*: modules whose names tests and benchmarks use as well. *inner*: names in
    these that only the package uses nevertheless. *first*: modules whose names are the first to get
    those of the firmware. *files*: the modules by the file that they are joined in, see bundles.
    *foreign*: names of other packages.
    """

    faces: tuple[str, ...] = ()
    tested: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    inner: frozenset[str] = frozenset()
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()


def new_names(trees: dict[str, ast.Module], known: Known) -> dict[str, str]:
    """Return the new name of each name that changes."""
    modules = [name for name in known.first if name in trees]
    modules += [name for name in trees if name not in known.first]
    nodes = [node for module in modules for node in ast.walk(trees[module])]
    inner = _inner_names(trees, known)
    bound = dict.fromkeys(bound_name(node) for node in nodes)
    kept = _kept_names(trees)
    changing = [name for name in bound if (is_private(name) or name in inner) and name not in kept]
    used = {name for node in nodes for name in all_names(node)} | known.foreign | trees.keys()
    free = sorted((name for name in NAMES if name not in used), key=len)

    files = {part: file for file, parts in known.files.items() for part in parts}
    users = users_of(trees, files)
    apart, own = names_apart(trees), own_members(trees)
    members = {name for tree in trees.values() for name in _outer_bindings(tree)}
    candidates = dict.fromkeys(own, tuple(name for name in OF_MEMBERS if name not in members))
    # A global of the package, `__init__`, would hide a module of the same name.
    candidates |= dict.fromkeys(apart, tuple(name for name in BY_NUMBER if name not in trees))
    found = numbered(changing, candidates, users)
    rest = sharing([name for name in changing if name not in found], apart | own, users)
    named = sorted(rest[: len(free)], key=lambda names: -sum(len(users[name]) for name in names))
    others = zip(rest[len(free) :], _unused_names(used), strict=False)
    pairs = itertools.chain(zip(named, free, strict=False), others)
    return found | {name: new for names, new in pairs for name in names}


def _inner_names(trees: dict[str, ast.Module], known: Known) -> set[str]:
    """Return the public names that only the package itself uses."""
    bound = {name for tree in trees.values() for name in _outer_bindings(tree)}
    others = {name for module in known.faces + known.tested for name in _bindings(trees, module)}
    others -= known.inner
    assembler = {module for module, tree in trees.items() if _has_assembler(tree)}
    others |= {name for module in assembler for name in _every_name(trees[module])}
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    others |= {node.name for node in nodes if isinstance(node, ast.ClassDef)}
    others |= {word for tree in trees.values() for word in _words_of_texts(tree)}
    others |= trees.keys() | known.foreign | TAKEN | set(NAMES) | set(dir(builtins))
    return {name for name in bound - others if len(name) > 2 and not name.startswith("_")}


def _outer_bindings(tree: ast.Module) -> set[str]:
    """Return what a module binds at its top, in its classes, and as attributes of objects."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef):
            names |= {bound_name(inner) for part in node.body for inner in _apart(part)}
        elif isinstance(node, ast.Attribute):
            names.add(bound_name(node))
        elif isinstance(node, ast.Global):
            names |= set(node.names)
    return names - {""}


def _apart(node: ast.AST) -> Iterator[ast.AST]:
    """Yield *node* and all nodes in it, except those in functions and classes."""
    yield node
    if not isinstance(node, DEFINITION | ast.Lambda):
        for inner in ast.iter_child_nodes(node):
            yield from _apart(inner)


def _bindings(trees: dict[str, ast.Module], module: str) -> set[str]:
    """Return all names that a *module* binds, arguments included."""
    nodes = list(ast.walk(trees[module])) if module in trees else []
    return {bound_name(node) for node in nodes} | {
        node.arg for node in nodes if isinstance(node, ast.arg)
    }


def _has_assembler(tree: ast.Module) -> bool:
    functions = [node for node in ast.walk(tree) if isinstance(node, FUNCTION)]
    decorators = [one for function in functions for one in function.decorator_list]
    return any("asm_" in ast.unparse(one) for one in decorators)


def _every_name(tree: ast.Module) -> Iterable[str]:
    return (name for node in ast.walk(tree) for name in all_names(node))


def _words_of_texts(tree: ast.Module) -> set[str]:
    """Return the words in a module's strings, except docstrings: they may name an attribute."""
    nodes = list(ast.walk(tree))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    constants = [node for node in nodes if isinstance(node, ast.Constant)]
    texts = [str(node.value) for node in constants if id(node) not in docstrings]
    return {word for text in texts for word in re.findall(r"\w+", text)}


def _kept_names(trees: dict[str, ast.Module]) -> set[str]:
    """Return the names that other packages use."""
    kept = set()
    for tree in trees.values():
        nodes = list(ast.walk(tree))
        imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
        foreign = [node for node in imports if not getattr(node, "level", 0)]
        aliases = [alias for node in foreign for alias in node.names]
        kept |= {alias.name for alias in aliases}
        modules = {alias.asname or alias.name for alias in aliases}
        kept |= {used_name(node) for node in nodes if _root(node) in modules}
        kept |= {str(node.value) for node in nodes if isinstance(node, ast.Constant)}
        kept |= {str(node.arg) for node in nodes if isinstance(node, ast.keyword)}
        # The compiler leaves nothing of numbers whose names begin with an underscore.
        assignments = [node for node in tree.body if isinstance(node, ast.Assign)]
        kept |= {used_name(node.targets[0]) for node in assignments if _is_number(node.value)}
    return kept


def _is_number(value: ast.expr) -> bool:
    """Return whether *value* is const(...)."""
    return isinstance(value, ast.Call) and ast.unparse(value.func) == "const"


def _root(node: ast.AST) -> str:
    """Return the name that an attribute `name.a.b` begins with, else an empty string."""
    if not isinstance(node, ast.Attribute):
        return ""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _unused_names(used: set[str]) -> Iterator[str]:
    """Yield "_a", "_b", ... except those that are *used* already."""
    letters = string.ascii_lowercase + string.ascii_uppercase
    names = itertools.chain(letters, map("".join, itertools.product(letters, repeat=2)))
    return (f"_{name}" for name in names if f"_{name}" not in used)
