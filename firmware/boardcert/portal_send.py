"""Send an answer of the page or its API: its head with its length, then its body in pieces."""

import gc
import json
import sys

from .portal_file import head_lines
from .portal_http import NO_MEMORY

_PIECE_BYTES = 900

_KINDS = {
    "page": "text/html; charset=utf-8",
    "status": "application/json; charset=UTF-8",
    "error": "application/json; charset=UTF-8",
    "json": "application/json; charset=UTF-8",
}


async def send(portal, request, found: tuple) -> None:
    """Send what portal_routes has *found*; when memory lacks for it, that."""
    try:
        pieces, size = _measured(portal, found)
    except MemoryError as error:
        sys.print_exception(error)
        gc.collect()
        found = 503, {"Retry-After": "10"}, "error", (NO_MEMORY, None)
        pieces, size = _measured(portal, found)
    # What was not read of a body would have to be: who has sent it is no administrator.
    request.is_kept = request.is_kept and not request.has_long_rest()
    status, headers, kind, _ = found
    word = "OK" if status < 400 else "Refused"
    lines = [f"HTTP/1.1 {status} {word}"]
    lines.append(f"Content-Length: {size}")
    if kind in _KINDS:
        lines.append(f"Content-Type: {_KINDS[kind]}")
    lines += [f"{name}: {headers[name]}" for name in headers]
    request.begin([line.encode() for line in lines] + head_lines())
    del lines
    for chunk in in_chunks(pieces()):
        await request.write(chunk)


def _measured(portal, found: tuple) -> tuple:
    """Return (a function that gives the body's bytes anew each time, how many they are)."""
    pieces = _twice(lambda: _body(portal, *found[2:]))
    return pieces, _twice(lambda: sum([len(piece) for piece in pieces()]))


def _twice(function):
    """Return function(); when memory lacks, once more, without what the first try has left."""
    try:
        return function()
    except MemoryError:
        gc.collect()
    return function()


def _body(portal, kind: str, data):
    """Return the function that gives the pieces of a body of that *kind* with *data*."""
    if kind == "error":
        told = {"error": {"message": data[0], "field": data[1]}}
        return lambda: _json(told)
    if kind == "json":
        return lambda: _json(data)
    if kind == "der":
        return lambda: data[1][:1]
    if not kind:
        return tuple
    from . import portal_facts

    if kind == "pem":
        return lambda: portal_facts.pem(*data)
    status = portal_facts.status(portal.identity, portal.server, portal.access.wrong_tokens)
    if kind == "status":
        if data:
            status["wiped"] = data
        return lambda: _json(status)
    from .portal_page import Page

    return Page(status, data[0], portal.is_secure, data[1]).pieces


def _json(values: dict):
    """Yield *values* in JSON; no more than one member is written at once."""
    separator = "{"
    for name in values:
        yield f"{separator}{json.dumps(name)}: {json.dumps(values[name])}".encode()
        separator = ", "
    yield b"}"


def in_chunks(pieces):
    """Yield the bytes of *pieces*, several short ones at once: each chunk is a TLS record."""
    waiting, size = [], 0
    for piece in pieces:
        if size + len(piece) > _PIECE_BYTES and waiting:
            yield b"".join(waiting)
            waiting, size = [], 0
        waiting.append(piece)
        size += len(piece)
    yield b"".join(waiting)
