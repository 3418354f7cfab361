"""The fields in a body of JSON, see body.read, for programs."""

from binascii import unhexlify

from .fields import FieldsError, field_of

# Of JSON's escapes but \u: what stands after the backslash, and what is meant.
_LETTERS, _MEANT = b'"\\/bfnrt', b'"\\/\b\f\n\r\t'
_SPACE = b" \t\r\n"


class JSON:
    """Fields as programs send them: an object whose values are strings or null."""

    def __init__(self) -> None:
        self.fields = {}
        self._rest = b""
        self._next = self._begin  # Reads what comes next, from a place in the data.
        self._is_string = self._is_over = False
        self._pieces = []
        self._name = b""

    def feed(self, data: bytes) -> None:
        """Take the next *data*; ValueError if it is not such an object, FieldsError for a value."""
        data, self._rest = self._rest + data, b""
        at = 0
        while at < len(data):
            if not self._is_string and data[at] in _SPACE:
                at += 1
            else:
                at = self._next(data, at)

    def end(self) -> dict:
        """Return the fields; ValueError as feed."""
        if not self._is_over:
            raise self._error()
        return self.fields

    def _error(self) -> ValueError:
        return ValueError("the body is not a JSON object")

    def _end(self, at: int) -> int:
        """Go on after the object: nothing may follow."""
        self._is_over, self._next = True, self._expect_nothing
        return at + 1

    def _expect_nothing(self, _data: bytes, _at: int) -> int:
        raise self._error()

    def _begin(self, data: bytes, at: int) -> int:
        self._expect(data, at, b"{")
        self._next = self._first
        return at + 1

    def _first(self, data: bytes, at: int) -> int:
        """Read a name, or the end of an object without any."""
        return self._end(at) if data[at] == 0x7D else self._member(data, at)

    def _member(self, data: bytes, at: int) -> int:
        self._expect(data, at, b'"')
        return self._begin_string([], self._colon, at)

    def _begin_string(self, pieces: list, after, at: int) -> int:
        """Read a string into *pieces*; what comes *after* it, that method reads."""
        self._pieces, self._next, self._after = pieces, self._string, after
        self._is_string = True
        return at + 1

    def _colon(self, data: bytes, at: int) -> int:
        self._expect(data, at, b":")
        self._name = b"".join(self._pieces)
        self._next = self._value
        return at + 1

    def _value(self, data: bytes, at: int) -> int:
        if data[at] == 0x22:
            return self._begin_string(field_of(self.fields, self._name), self._comma, at)
        return self._other(data, at)

    def _other(self, data: bytes, at: int) -> int:
        """Read null, which stands for no text; raise FieldsError for any other value."""
        if data[at] in b"[{-0123456789tf":
            raise FieldsError(422, "this must be text", self._name.decode())
        if data[at : at + 4] != b"null"[: len(data) - at]:
            raise self._error()
        if len(data) - at < 4:
            self._rest = data[at:]
            return len(data)
        field_of(self.fields, self._name)
        self._next = self._comma
        return at + 4

    def _comma(self, data: bytes, at: int) -> int:
        if data[at] == 0x7D:
            return self._end(at)
        self._expect(data, at, b",")
        self._next = self._member
        return at + 1

    def _string(self, data: bytes, at: int) -> int:
        """Read on in a string, to its end or to the next escape."""
        ends = [end for end in (data.find(b'"', at), data.find(b"\\", at)) if end >= 0]
        end = min(ends) if ends else len(data)
        if end > at:
            self._pieces.append(data[at:end])
        if end == len(data):
            return end
        if data[end] == 0x22:
            self._next, self._is_string = self._after, False
            return end + 1
        return self._escape(data, end)

    def _escape(self, data: bytes, at: int) -> int:
        """Read an escape; one that is not whole waits for the rest."""
        size = 6 if data[at + 1 : at + 2] == b"u" else 2
        if len(data) < at + size:
            self._rest = data[at:]
            return len(data)
        if size == 6:
            code = int.from_bytes(unhexlify(data[at + 2 : at + 6]), "big")
            # Halves of a pair stand for what is in no certificate.
            self._pieces.append(b"?" if 0xD800 <= code < 0xE000 else chr(code).encode())
        else:
            self._pieces.append(self._meant(data[at + 1 : at + 2]))
        return at + size

    def _meant(self, letter: bytes) -> bytes:
        """Return what a backslash and *letter* stand for."""
        at = _LETTERS.find(letter)
        if at < 0:
            raise self._error()
        return _MEANT[at : at + 1]

    def _expect(self, data: bytes, at: int, wanted: bytes) -> None:
        if data[at : at + 1] != wanted:
            raise self._error()
