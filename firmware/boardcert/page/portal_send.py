"""Send an answer of the page or its API: its head with its length, then its body in pieces."""

import gc
import sys

from .portal_file import head_lines
from .portal_state import LATER

_PIECE_BYTES = 900

_FILES = {"crt": "application/pkix-cert", "csr": "application/pkcs10"}


async def send(portal, request, found: tuple) -> None:
    """Send the answer that was *found*, see portal; when memory lacks for it, that."""
    found, pieces, size = _with_body(request, found)
    # What was not read of a body would have to be: who has sent it is no administrator.
    request.is_kept = request.is_kept and not request.has_long_rest()
    request.begin([line.encode() for line in _head(portal, request, found, size)] + head_lines())
    for chunk in in_chunks(pieces()):
        await request.write(chunk)
        chunk = None  # Not beside the next one.


def _with_body(request, found: tuple) -> tuple:
    """Return (the answer, a function that gives its body's pieces, how many bytes they are)."""
    fields = found[3][1]["kept"] if found[2] == "page" else {}
    for _ in range(2):
        try:
            return _measured(request, found)
        except MemoryError as error:
            sys.print_exception(error)
        gc.collect()
    return _measured(request, (503, dict(LATER), "busy", fields))


def _head(portal, request, found: tuple, size: int) -> list:
    """Return the lines of the answer's head that are not in every answer."""
    status, headers, kind, data = found
    lines = [f"HTTP/1.1 {status} {'OK' if status < 400 else 'Refused'}", f"Content-Length: {size}"]
    if kind in ("der", "pem"):
        suffix = data[1]
        told = "application/x-pem-file" if kind == "pem" else _FILES[suffix]
        name = f"{portal.identity.hostname}.{suffix}{'.pem' if kind == 'pem' else ''}"
        lines.append(f'Content-Disposition: attachment; filename="{name}"')
    elif kind == "page" or (kind == "busy" and not _is_api(request)):
        told = "text/html; charset=utf-8"
    else:
        told = "application/json; charset=UTF-8"
    if kind:
        lines.append(f"Content-Type: {told}")
    return lines + [f"{name}: {headers[name]}" for name in headers]


def _is_api(request) -> bool:
    return request.head.target.startswith(b"/api/")


def _measured(request, found: tuple) -> tuple:
    """Return what _with_body does; the function gives the pieces anew each time."""
    _, _, kind, data = found
    if kind == "page":
        from .portal_page import Page

        pieces = Page(*data).pieces
    else:
        from .portal_bodies import body

        is_html = kind == "busy" and not _is_api(request)
        pieces = body("html" if is_html else kind, data)
    size = 0
    for piece in pieces():
        size += len(piece)
    return found, pieces, size


def in_chunks(pieces):
    """Yield the bytes of *pieces*, several short ones at once: each chunk is a TLS record."""
    waiting, size = [], 0
    for piece in pieces:
        if size + len(piece) > _PIECE_BYTES and waiting:
            waiting = _joined(waiting)
            while waiting:  # What is sent is not to be beside what comes.
                yield waiting.pop(0)
            size = 0
        waiting.append(piece)
        size += len(piece)
    yield from _joined(waiting)


def _joined(pieces: list) -> list:
    """Return *pieces* as one; as they are, where no piece of memory is large enough for that."""
    for _ in range(2):
        try:
            return [b"".join(pieces)]
        except MemoryError:
            gc.collect()
    return pieces
