"""The head of an HTTP/1.1 request, read strictly (RFC 9112).

The end of a request is determined here and in http_parse alone, and whatever leaves it in doubt is
refused.
"""

from ..modules import borrowed
from ..transport.limits import LimitError
from .http_refusal import RequestError

_MAX_LINES = 64
"""Browsers send 20. In memory, a short line takes ten times its bytes in max_header_bytes."""


async def read_head(connection) -> list:
    """Return the lines of a request's head, without their ends; none if the client has gone."""
    lines = []
    may_be_empty = True  # RFC 9112, 2.2: one empty line before a request is skipped.
    while True:
        try:
            line = await connection.readline()
        except LimitError:
            raise RequestError(431) from None
        if not line and not lines:
            return lines
        if not line.endswith(b"\r\n") or b"\r" in line[:-2] or b"\0" in line:
            raise RequestError(400)
        if len(lines) == _MAX_LINES and len(line) > 2:
            raise RequestError(431)
        if len(line) > 2:
            lines.append(line[:-2])
        elif lines:
            return lines
        elif not may_be_empty:
            raise RequestError(400)
        else:
            may_be_empty = False


class Head:
    """The head of a request, parsed from its *lines*; RequestError if they are invalid.

    `method`; `target`, unchanged; `headers`: by their names in lower case, those of *wanted* and
    those that matter here. `is_current`: HTTP/1.1, not 1.0. `is_kept`: the client keeps the
    connection for another request. `length`: of its body. `expects`: the client waits for 100
    (Continue) before it sends that.
    """

    def __init__(self, lines: list, wanted: tuple = ()) -> None:
        with borrowed():
            from .http_parse import parse

            said = parse(lines, wanted)
        self.method, self.target, self.headers, self.is_current = said[:4]
        self.length, self.expects, self.is_kept = said[4:]

    @property
    def host(self) -> bytes:
        """The name or address in the Host header, in lower case; empty without one."""
        return self.headers.get(b"host", b"").lower()
