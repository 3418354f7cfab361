"""The bodies of answers that are not the page, in pieces."""

import json

from .lines import as_pem, as_text
from .state import NO_MEMORY

_BUSY = """<!DOCTYPE html><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Error: try again</title><p role="alert">%s.</p><p><a href="/">Back to the page</a></p>
"""


def pieces_of(kind: str, data):
    """Return the function that gives the pieces of a body of that *kind* with *data*, anew."""
    if kind == "html":
        return lambda: _busy(data)
    if kind in ("busy", "error"):
        message, field = data if kind == "error" else (NO_MEMORY, None)
        return lambda: _json({"error": {"message": message, "field": field}})
    if kind == "der":
        return lambda: data[2][:1]
    if kind == "profile":
        from .authority import profile

        return lambda: profile(*data[2])
    if kind == "pem":
        return lambda: as_pem(data[0], data[2])
    return (lambda: _json(data)) if kind in ("status", "json") else tuple


def _busy(fields: dict):
    """Yield a page that says that memory is short, with the texts of a form's *fields*."""
    yield (_BUSY % NO_MEMORY).encode()
    for name in ("chain", "key"):
        if fields.get(name):
            yield b"<textarea readonly>"
            yield from as_text(fields[name])
            yield b"</textarea>"


def _json(values: dict):
    """Yield *values* in JSON; no more than one member is written at once."""
    separator = "{"
    for name in values:
        yield f"{separator}{json.dumps(name)}: {json.dumps(values[name])}".encode()
        separator = ", "
    yield b"}"
