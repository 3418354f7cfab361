"""The page, in short pieces of ASCII: nothing as large as the page is ever in memory at once.

Marks in portal_template: `$name$` stands for a text, `$kind.name$` for one about a field of a form.
What follows a line `?name` is there only when that holds, up to the next line with a question mark.
"""

from .portal_file import page_lines
from .portal_html import escape, rows

_NOTHING = ("", False, "", None, {})


class Page:
    """One rendering of *status*, see Portal. *form_token*: of the session; None: not signed in.

    *outcome*: of a form, or None: (a text, whether it is an error, the action, the field where an
    error is shown or None, fields, see portal_body, that come back to whoever sent them).
    """

    def __init__(self, status: dict, form_token: str | None, is_secure: bool, outcome) -> None:
        self._status = status
        self._form_token = form_token
        self._is_told = outcome is not None
        text, self._is_error, self._action, self._field, self._texts = outcome or _NOTHING
        self._outcome = escape(text)
        is_signed_in = is_secure and form_token is not None
        source = status["source"]
        self._holds = (
            source,
            "" if is_secure else "plain",
            "signed_in" if is_signed_in else "signed_out" if is_secure else "",
            "removable" if is_signed_in and source == "installed" else "",
        )

    def pieces(self):
        """Yield the page, as bytes."""
        is_shown = True
        for line in page_lines():
            if line.startswith(b"?"):
                name = line[1:].strip().decode()
                is_shown = not name or name in self._holds
            elif is_shown:
                yield from self._filled(line)

    def _filled(self, line: bytes):
        """Yield the *line* of the template with what its marks stand for."""
        parts = line.split(b"$")
        for number in range(len(parts)):
            if number % 2:
                yield from self._text(parts[number].decode())
            else:
                yield parts[number]

    def _text(self, mark: str):
        """Yield what a *mark* stands for."""
        status = self._status
        kind, _, name = mark.partition(".")
        if mark == "rows":
            for row in rows(status):
                yield row.encode()
        elif kind == "kept":
            yield from self._kept(name)
        elif kind == "error":
            yield self._error(name).encode()
        elif kind == "more":
            yield self._attributes(name).encode()
        elif mark == "told":
            yield self._told().encode()
        elif mark in ("fingerprint", "key_fingerprint"):
            yield _grouped(status[mark]).encode()
        elif mark == "title":
            problem = "Error: " if self._is_error else ""
            yield f"{problem}{escape(status['hostname'])}".encode()
        elif mark == "form":
            yield (self._form_token or "").encode()
        else:
            name = "hostname" if mark == "host_name" else mark
            yield escape(str(status[name])).encode()

    def _told(self) -> str:
        """Return what came of the last form."""
        text = self._outcome
        if not self._is_told:
            return ""
        if not self._is_error:
            return f'<p class="note" role="status">{text}</p>\n'
        if self._field:
            field = escape(self._action + "-" + self._field)
            text = f'<a href="#{field}">{text}</a>'
        return f'<p class="note bad" role="alert" tabindex="-1">{text}</p>\n'

    def _error(self, id: str) -> str:
        """Return the error that stands before the field *id*, if it is about that."""
        if not self._is_error or f"{self._action}-{self._field}" != id:
            return ""
        return f'<span class="error" id="{id}-error">{self._outcome}</span>\n'

    def _attributes(self, id: str) -> str:
        """Return attributes of the field *id*: what describes it, and whether it is wrong."""
        described_by = [f"{id}-hint"] if id.startswith("install") else []
        is_wrong = bool(self._error(id))
        if is_wrong:
            described_by.append(f"{id}-error")
        more = f' aria-describedby="{" ".join(described_by)}"' if described_by else ""
        return more + (' aria-invalid="true"' if is_wrong else "")

    def _kept(self, field: str):
        """Yield the text of *field* that comes back to whoever sent it, in pieces."""
        for piece in self._texts.get(field) or ():
            for character, escaped in ((b"&", b"&#38;"), (b"<", b"&#60;"), (b"\r", b"")):
                piece = piece.replace(character, escaped)
            yield bytes([byte if byte in b"\n\t" or 32 <= byte < 127 else 63 for byte in piece])


def _grouped(fingerprint: str) -> str:
    octets = fingerprint.split(":")
    groups = [":".join(octets[start : start + 8]) for start in range(0, len(octets), 8)]
    return "<br>".join(groups)
