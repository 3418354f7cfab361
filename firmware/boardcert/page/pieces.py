"""The page, in short pieces of ASCII: nothing as large as the page is ever in memory at once.

Marks in template: `$name$` stands for a text, `$kind.name$` for one about a field of a form.
What follows a line `?name` is there only when that holds, up to the next line with a question mark.
"""

from .lines import as_text, page_lines


class Page:
    """One rendering. *holds*, *marks*: see view.view."""

    def __init__(self, holds: tuple, marks: dict) -> None:
        self._holds = holds
        self._marks = marks

    def pieces(self):
        """Yield the page, as bytes."""
        is_shown = True
        for line in page_lines():
            if line.startswith(b"?"):
                name = line[1:].strip().decode()
                is_shown = not name or name in self._holds
            elif is_shown and b"$" in line:
                yield from self._filled(line)
            elif is_shown:
                yield line

    def _filled(self, line: bytes):
        """Yield the *line* of the template with what its marks stand for."""
        for number, part in enumerate(line.split(b"$")):
            if number % 2:
                yield from self._text(part.decode())
            else:
                yield part

    def _text(self, mark: str):
        """Return the pieces that a *mark* stands for."""
        marks = self._marks
        kind, _, name = mark.partition(".")
        if mark == "rows":
            return marks[mark]
        if kind == "kept":
            return as_text(marks[kind].get(name) or ())
        if kind == "error":
            text = marks[kind] if name == marks["wrong"] else ""
        elif kind == "more":
            text = self._attributes(name)
        else:
            text = marks[mark]
        return (text.encode(),)

    def _attributes(self, id: str) -> str:
        """Return attributes of the field *id*: what describes it, and whether it is wrong."""
        described_by = [f"{id}-hint"] if id.startswith("install") else []
        is_wrong = id == self._marks["wrong"]
        if is_wrong:
            described_by.append(f"{id}-error")
        more = f' aria-describedby="{" ".join(described_by)}"' if described_by else ""
        return more + (' aria-invalid="true"' if is_wrong else "")
