"""Move the texts of errors, notices and reasons out of the modules: a board reads one when needed.

In a module they would take flash in files that every boot reads, and memory for as long as the
module is loaded. One file has them all, one per line, and `modules.rare_text(number)` reads one.
"""

import ast
import re

FILE = "rare_texts"
"""The name of that file. Like the template of the page it is Python, here comments only."""

_HOME, _FUNCTION = "modules", "rare_text"
_REASON = "_reason"  # How the names of functions end that return one.
_SHORTEST = 12  # The call itself takes some ten bytes.


def take_texts(sources: dict[str, str]) -> tuple[dict[str, str], str]:
    """Return the sources of a package without such messages, and the text of the file."""
    taker = _Taker()
    taken = {name: taker.take(source) for name, source in sources.items()}
    return taken, "".join(f"#{text}\n" for text in taker.texts)


class _Taker(ast.NodeTransformer):
    """Changes modules, and collects their *texts*."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}
        self._is_rare = False
        self._is_reason = False
        self._found = False

    def take(self, source: str) -> str:
        """Return one module without its messages."""
        self._found = False
        tree = self.visit(ast.parse(source))
        defines = any(getattr(node, "name", "") == _FUNCTION for node in tree.body)
        if self._found and not defines:
            names = [ast.alias(_FUNCTION)]
            tree.body.insert(_place(tree), ast.ImportFrom(_HOME, names, 1))
        return ast.unparse(ast.fix_missing_locations(tree))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Skip native code, whose compiler cannot make such calls."""
        if any("micropython." in ast.unparse(one) for one in node.decorator_list):
            return node
        outer, self._is_reason = self._is_reason, node.name.endswith(_REASON)
        self.generic_visit(node)
        self._is_reason = outer
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        """`return "a sentence"`, in a function that returns why something is to be done."""
        return self._visit_rare(node) if self._is_reason else self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        """`raise Kind("a sentence")`."""
        return self._visit_rare(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`notices.append("a sentence")`, and `me._add_notices(["a sentence"])`."""
        is_notice = re.search(r"\b(_?notices\.append|_add_notices)$", ast.unparse(node.func))
        return self._visit_rare(node) if is_notice else self.generic_visit(node)

    def _visit_rare(self, node: ast.AST) -> ast.AST:
        outer, self._is_rare = self._is_rare, True
        self.generic_visit(node)
        self._is_rare = outer
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """A sentence: some words."""
        text = node.value
        if not (self._is_rare and isinstance(text, str)) or "\n" in text:
            return node
        return self._call(text) if len(text) >= _SHORTEST and " " in text else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        """A sentence with values in it: `"... {}".format(value)`, as the compiler makes it."""
        values = [part for part in node.values if isinstance(part, ast.FormattedValue)]
        text = "".join(map(_template, node.values))
        is_simple = len(text) >= _SHORTEST and "\n" not in text and all(map(_is_simple, values))
        if not (self._is_rare and is_simple):
            return node
        form = ast.Attribute(self._call(text), "format", ast.Load())
        return ast.Call(form, [part.value for part in values], [])

    def _call(self, text: str) -> ast.Call:
        self._found = True
        number = self.texts.setdefault(text, len(self.texts))
        return ast.Call(ast.Name(_FUNCTION, ast.Load()), [ast.Constant(number)], [])


def _is_simple(part: ast.FormattedValue) -> bool:
    """Return whether the format of a value in an f-string is constant."""
    spec = part.format_spec
    return not isinstance(spec, ast.JoinedStr) or all(map(_is_text, spec.values))


def _is_text(part: ast.expr) -> bool:
    return isinstance(part, ast.Constant)


def _template(part: ast.expr) -> str:
    """Return a part of an f-string as a template for str.format."""
    if not isinstance(part, ast.FormattedValue):
        return str(getattr(part, "value", "")).replace("{", "{{").replace("}", "}}")
    conversion = f"!{chr(part.conversion)}" if part.conversion > 0 else ""
    spec = part.format_spec.values if isinstance(part.format_spec, ast.JoinedStr) else []
    return f"{{{conversion}{':' * bool(spec)}{''.join(map(_template, spec))}}}"


def _place(tree: ast.Module) -> int:
    """Return the index for an import: after the docstring."""
    return int(ast.get_docstring(tree) is not None)
