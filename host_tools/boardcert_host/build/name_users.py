"""Who uses a name of a package, and which names can therefore become the same."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from .name_nodes import FUNCTION, all_names, bound_name


def users_of(trees: dict[str, ast.Module], files: dict[str, str]) -> dict[str, set[str]]:
    """Return, for each name, the files that use it in any way."""
    users: dict[str, set[str]] = {}
    for module, tree in trees.items():
        for node in ast.walk(tree):
            for name in all_names(node):
                users.setdefault(name, set()).add(files.get(module, module))
    return users


def names_apart(trees: dict[str, ast.Module]) -> set[str]:
    """Return the names that no object has, nor a module that another one names it by."""
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    members = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    for one in nodes:
        if isinstance(one, ast.ClassDef):
            members |= {bound_name(node) for node in ast.walk(one) if node is not one}
    return {name for node in nodes for name in all_names(node)} - members


def own_members(trees: dict[str, ast.Module]) -> set[str]:
    """Return the names that one class alone uses, each as self.NAME or for a method.

    The class is derived from no other, nor any other from it: its objects have all of their members
    from it, so names of other files may become the same.
    """
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
    bases = {ast.unparse(base) for one in classes for base in one.bases}
    uses = Counter(name for node in nodes for name in all_names(node))
    own: set[str] = set()
    for one in classes:
        if not one.bases and one.name not in bases:
            members = Counter(_member_names(one))
            own |= {name for name, count in members.items() if count == uses[name]}
    return own


def _member_names(one: ast.ClassDef) -> Iterator[str]:
    """Yield the name of each method of a class, and of each self.NAME in it, as often as it is."""
    for node in one.body:
        if isinstance(node, FUNCTION):
            yield node.name
    for node in ast.walk(one):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self":
            yield node.attr


def numbered(
    names: list[str], candidates: dict[str, tuple[str, ...]], users: dict[str, set[str]]
) -> dict[str, str]:
    """Return a new name for each of *names* that one of its *candidates* fits.

    A candidate fits if no file that uses the name also uses the candidate, or another name that
    was given it.
    """
    found: dict[str, str] = {}
    users = {name: set(files) for name, files in users.items()}
    for name in names:
        of_name = candidates.get(name, ())
        fitting = [new for new in of_name if not users.get(new, set()) & users[name]]
        if fitting:
            found[name] = fitting[0]
            users.setdefault(fitting[0], set()).update(users[name])
    return found


@dataclass
class _Group:
    """Names that get one new name, and the files that use them."""

    is_open: bool
    names: list[str] = field(default_factory=list)
    files: set[str] = field(default_factory=set)


def sharing(names: list[str], can_share: set[str], users: dict[str, set[str]]) -> list[list[str]]:
    """Return *names* in groups that one new name can serve, in the order of their first ones.

    Those that *can_share* are together if no file uses two of them; the others are alone.
    """
    groups: list[_Group] = []
    for name in names:
        is_open = name in can_share
        fitting = [one for one in groups if one.is_open and not one.files & users[name]]
        group = fitting[0] if is_open and fitting else _Group(is_open)
        if not group.names:
            groups.append(group)
        group.names.append(name)
        group.files |= users[name]
    return [group.names for group in groups]
