"""Parse the head of an HTTP/1.1 request (RFC 9112): loaded for that, and released again."""

from .http_refusal import RequestError

# Separators that no header name may contain (RFC 9110, 5.6.2), as may no space or control.
_NOT_IN_NAMES = b'"(),/:;<=>?@[\\]{}'

_READ_HERE = (b"connection", b"host", b"content-length", b"transfer-encoding", b"expect")

# If there were two, one program might check the first, and another obey the second.
_ONLY_ONCE = _READ_HERE[1:] + (b"authorization", b"cookie", b"origin")


def parse(lines: list, wanted: tuple) -> tuple:
    """Return the attributes of http_head.Head for *lines*."""
    method, target, is_current = _read_request_line(lines[0])
    headers = _read_headers(lines, wanted)
    if b"host" not in headers and is_current:
        raise RequestError(400)  # RFC 9112, 3.2
    length = _read_length(headers)
    options = headers.get(b"connection", b"").lower().split(b",")
    wish = b"close" if is_current else b"keep-alive"
    is_kept = (wish in [option.strip() for option in options]) is not is_current
    expects = length > 0 and is_current and b"expect" in headers
    return method, target, headers, is_current, length, expects, is_kept


def _read_request_line(line: bytes) -> tuple:
    """Return the method, the target, and whether it is HTTP/1.1."""
    words = line.split(b" ")
    if len(words) != 3 or not words[0].isalpha() or not words[0].isupper():
        raise RequestError(400)
    if not words[1] or min(words[1]) < 0x21 or max(words[1]) > 0x7E:
        raise RequestError(400)
    if words[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise RequestError(505 if words[2].startswith(b"HTTP/") else 400)
    return words[0], words[1], words[2] == b"HTTP/1.1"


def _read_length(headers: dict) -> int:
    """Find where the body ends (RFC 9112, 6.3); chunks are refused: Microdot cannot read them."""
    length = headers.get(b"content-length", b"0")
    if not length.isdigit():
        raise RequestError(400)
    if b"transfer-encoding" in headers:
        raise RequestError(400 if b"content-length" in headers else 411)
    if headers.get(b"expect", b"100-continue").lower() != b"100-continue":
        raise RequestError(417)
    return int(length)


def _read_headers(lines: list, wanted: tuple) -> dict:
    """Return the headers in all *lines* but the first that are *wanted*, or matter here."""
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not _is_token(name) or not _is_text(value):
            raise RequestError(400)
        name = name.lower()
        if name in headers:
            if name in _ONLY_ONCE or name in wanted:
                raise RequestError(400)
            headers[name] += b"," + value.strip()
        elif name in _READ_HERE or name in _ONLY_ONCE or name in wanted:
            headers[name] = value.strip()
    return headers


def _is_token(name: bytes) -> bool:
    """Return whether *name* may name a header (RFC 9110, 5.1)."""
    return bool(name) and all(0x21 <= byte <= 0x7E and byte not in _NOT_IN_NAMES for byte in name)


def _is_text(value: bytes) -> bool:
    """Return whether Microdot can decode *value*."""
    try:
        value.decode()
    except UnicodeError:
        return False
    return True
