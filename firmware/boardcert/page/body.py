"""The fields in the body of a request, read piece by piece: a form, or a JSON object of texts.

A field is a list of short pieces of bytes, so that a certificate needs no memory in one piece.
"""

from binascii import unhexlify

from .fields import FieldsError, field_of


async def read(_, request, step: str, *data) -> tuple:
    """Return the next *step*, see portal, with *data* and the fields of the body."""
    try:
        return (step,) + data + (await read_fields(request),)
    except FieldsError as error:
        return "http.refuse", error.status, str(error), error.field, ("", {})


async def read_fields(request) -> dict:
    """Return the fields of *request*'s body; FieldsError 415, 400 or 422 if it has none."""
    kind = request.header(b"content-type").split(";")[0].strip().lower()
    if request.head.target.startswith(b"/api/"):
        if kind != "application/json":
            raise FieldsError(415, "send application/json")
        from .json_fields import JSON

        reader = JSON()
    elif kind != "application/x-www-form-urlencoded":
        raise FieldsError(415, "send application/x-www-form-urlencoded")
    else:
        reader = Form()
    try:
        while piece := await request.piece():
            reader.feed(piece)
        return reader.end()
    except ValueError as error:
        raise FieldsError(400, str(error)) from error


class Form:
    """Fields as browsers send them, application/x-www-form-urlencoded."""

    def __init__(self) -> None:
        self.fields = {}
        self._pieces = None  # Of the field that is being read.
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take the next *data*; ValueError when it is not a form."""
        parts = (self._rest + data).split(b"&")
        self._rest = parts.pop()
        for part in parts:
            self._take(part)
            self._pieces = None
        if len(self._rest) > 2 and (self._pieces is not None or b"=" in self._rest):
            # What may be the beginning of an escape waits for its end.
            whole = len(self._rest)
            percent = self._rest.rfind(b"%")
            if percent > whole - 3:
                whole = max(percent, 0)
            data, self._rest = self._rest[:whole], self._rest[whole:]
            self._take(data)

    def end(self) -> dict:
        """Return the fields; ValueError as feed."""
        self._take(self._rest)
        return self.fields

    def _take(self, data: bytes) -> None:
        if self._pieces is None:
            name, _, data = data.partition(b"=")
            self._pieces = field_of(self.fields, _unquoted(name))
        if data:
            self._pieces.append(_unquoted(data))


def _unquoted(data: bytes) -> bytes:
    parts = data.replace(b"+", b" ").split(b"%")
    for number in range(1, len(parts)):
        try:
            escaped = unhexlify(parts[number][:2])
        except ValueError:
            escaped = b""
        if not escaped:
            raise ValueError("the form cannot be read")
        parts[number] = escaped + parts[number][2:]
    return b"".join(parts)
