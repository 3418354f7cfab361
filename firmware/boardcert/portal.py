"""The page that shows which identity is served: for people at /, as JSON at /api/identity."""

import json

_MAX_HEAD_BYTES = 4096
_CHUNK_BYTES = 512

_HEADERS = (
    "Cache-Control: no-store\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
)

_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}
_REASONS[431] = "Request Header Fields Too Large"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{hostname}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem }}
dt {{ font-weight: bold; margin-top: .8rem }}
dd {{ margin: 0; overflow-wrap: anywhere }}
</style>
</head>
<body>
<h1>{hostname}</h1>
<p>{origin} Compare the fingerprint with the one on its label or from USB.</p>
<dl>
{rows}</dl>
</body>
</html>
"""

_ORIGINS = {
    "generated": "This board made its own key.",
    "installed": "This board's certificate was installed on it.",
    "builtin": "This board's certificate is built into its program.",
}

_ROWS = (
    ("fingerprint", "Fingerprint of the certificate (SHA-256)"),
    ("public_key_pin", "Pin of the public key"),
    ("source", "Certificate"),
    ("names", "Names"),
    ("not_before", "Valid from"),
    ("not_after", "Valid until"),
    ("key_type", "Kind of key"),
    ("serial_number", "Serial number"),
    ("board", "Board"),
    ("unique_id", "Board number"),
    ("firmware", "Firmware"),
    ("version", "boardcert"),
)


class Portal:
    """Answer GET and HEAD requests about *identity*; anything else is refused."""

    def __init__(self, identity) -> None:
        self._identity = identity

    async def handle_request(self, reader, writer) -> None:
        """Answer the requests of one connection until the client ends it."""
        received = b""
        is_open = True
        while is_open:
            head, received = await _read_head(reader, received)
            if not head:
                return
            status, kind, body, extra = self._answer(head)
            is_open = status < 400 and _wants_more(head)
            writer.write(_encode_head(status, kind, len(body), is_open, extra))
            if not head.startswith(b"HEAD "):
                writer.write(body)
            await writer.drain()

    def _answer(self, head: bytes) -> tuple:
        """Return (status, content type, body, more header lines) for a request's *head*."""
        if not head.endswith(b"\r\n\r\n"):
            return _refuse(431 if len(head) >= _MAX_HEAD_BYTES else 400)
        words = head.split(b"\r\n", 1)[0].split(b" ")
        if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
            return _refuse(400)
        if words[0] not in (b"GET", b"HEAD"):
            return _refuse(405, "Allow: GET, HEAD\r\n")
        path = words[1].split(b"?", 1)[0]
        if path == b"/":
            page = render_page(self._identity.report())
            return 200, "text/html; charset=utf-8", page.encode(), ""
        if path == b"/api/identity":
            body = json.dumps(self._identity.report()).encode()
            return 200, "application/json", body, ""
        return _refuse(404)


async def _read_head(reader, received: bytes) -> tuple:
    """Return (one request's head with its empty line, what was received after it).

    The head is incomplete when the client ends early or sends more than fits. A body would be
    taken for the next head, and refused: no request answered here has one.
    """
    while b"\r\n\r\n" not in received and len(received) < _MAX_HEAD_BYTES:
        chunk = await reader.read(_CHUNK_BYTES)
        if not chunk:
            return received, b""
        received = received + chunk
    end = received.find(b"\r\n\r\n") + 4
    return (received[:end], received[end:]) if end >= 4 else (received, b"")


def _wants_more(head: bytes) -> bool:
    """Tell whether the client keeps the connection for another request (RFC 9112, 9.3)."""
    is_current = head.split(b"\r\n", 1)[0].endswith(b"HTTP/1.1")
    return is_current and b"\r\nconnection: close" not in head.lower()


def _refuse(status: int, extra: str = "") -> tuple:
    return status, "text/plain", f"{_REASONS[status]}\n".encode(), extra


def _encode_head(status: int, kind: str, length: int, is_open: bool, extra: str) -> bytes:
    connection = "keep-alive" if is_open else "close"
    return (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\n"
        f"Content-Type: {kind}\r\n"
        f"Content-Length: {length}\r\n"
        f"Connection: {connection}\r\n{_HEADERS}{extra}\r\n"
    ).encode()


def render_page(report: dict) -> str:
    """Return the HTML page of an identity's *report*; every value is escaped."""
    rows = []
    for name, label in _ROWS:
        value = report[name]
        text = ", ".join(value) if isinstance(value, list) else str(value)
        rows.append(f"<dt>{label}</dt><dd>{_escape(text)}</dd>\n")
    for notice in report["notices"]:
        rows.append(f"<dt>Note</dt><dd>{_escape(notice)}</dd>\n")
    origin = _ORIGINS[report["source"]]
    hostname = _escape(report["hostname"])
    return _PAGE.format(hostname=hostname, origin=origin, rows="".join(rows))


def _escape(text: str) -> str:
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return text
