"""Begin an answer of the page or its API: its head, with the length of its body."""

import gc
import sys

from .answer import body, is_api
from .lines import head_lines
from .state import LATER

_FILES = {
    "crt": "application/pkix-cert",
    "csr": "application/pkcs10",
    "authority.crt": "application/x-x509-ca-cert",
    "mobileconfig": "application/x-apple-aspen-config",
}


async def begin(portal, request, found: tuple) -> tuple:
    """Begin the answer *found*, see portal, and return it; or one that says memory is short.

    Its body is generated once to measure it, and discarded.
    """
    found, size = _measured(request, found)
    # An unread rest would have to be read first: its sender is not an administrator.
    request.is_kept = request.is_kept and not request.has_long_rest()
    request.begin([line.encode() for line in _head(portal, request, found, size)] + head_lines())
    return found


def _measured(request, found: tuple) -> tuple:
    """Return (the answer, the size of its body in bytes)."""
    fields = found[3][1]["kept"] if found[2] == "page" else {}
    for _ in range(2):
        try:
            return found, _size(request, found)
        except MemoryError as error:
            sys.print_exception(error)
        gc.collect()
    found = 503, dict(LATER), "busy", fields
    return found, _size(request, found)


def _size(request, found: tuple) -> int:
    size = 0
    for piece in body(request, found)():
        size += len(piece)
    return size


def _head(portal, request, found: tuple, size: int) -> list:
    """Return the lines of the answer's head that differ between answers."""
    status, headers, kind, data = found
    lines = [f"HTTP/1.1 {status} {'OK' if status < 400 else 'Refused'}", f"Content-Length: {size}"]
    if kind in ("der", "pem", "profile"):
        suffix = data[1]
        content_type = "application/x-pem-file" if kind == "pem" else _FILES[suffix]
        name = f"{portal.identity.hostname}.{suffix}{'.pem' if kind == 'pem' else ''}"
        lines.append(f'Content-Disposition: attachment; filename="{name}"')
    elif kind == "page" or (kind == "busy" and not is_api(request)):
        content_type = "text/html; charset=utf-8"
    else:
        content_type = "application/json; charset=UTF-8"
    if kind:
        lines.append(f"Content-Type: {content_type}")
    return lines + [f"{name}: {headers[name]}" for name in headers]
