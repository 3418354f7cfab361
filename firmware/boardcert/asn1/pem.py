"""Read certificates and keys in PEM (RFC 7468), strictly, with the text that openssl prints."""

from binascii import a2b_base64, b2a_base64

_BEGIN = "-----BEGIN "
_DASHES = "-----"

MAX_TEXT_BYTES = 24576
"""Of PEM, with what openssl prints beside it."""

CERTIFICATE = ("CERTIFICATE",)
KEY_LABELS = ("PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY")

_NOT_BASE64 = "the text between BEGIN and END is not base64"

ENCRYPTED = "the private key is encrypted; decrypt it first: openssl pkey -in KEY -out PLAIN"


def read_certificates(data) -> list:
    """Return the DER of each certificate in *data*, PEM or DER; ValueError for anything else."""
    data = _bytes(data)
    return [data] if _is_der(data) else [der for _, der in blocks(_lines(data), CERTIFICATE)]


def read_key(data) -> bytes:
    """Return the DER of the one private key in *data*, PEM or DER; ValueError for anything else.

    Passes over the curve that openssl writes before a key.
    """
    data = _bytes(data)
    return data if _is_der(data) else key_block(_lines(data))[1]


def to_bytes(data) -> bytes:
    """Return *data*, text or bytes of any kind, as bytes; ValueError for anything else."""
    if isinstance(data, str):
        return data.encode()
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    raise ValueError(f"PEM or DER is needed, as bytes or a string, not {type(data).__name__}")


def _bytes(data) -> bytes:
    data = to_bytes(data)
    if len(data) > MAX_TEXT_BYTES:
        raise ValueError(f"{len(data)} bytes are too many; at most {MAX_TEXT_BYTES}")
    return data


def _is_der(data: bytes) -> bool:
    return data[:1] == b"\x30" and _BEGIN.encode() not in data


def _lines(data: bytes) -> list:
    try:
        return data.decode().split("\n") if _BEGIN.encode() in data else []
    except ValueError as error:  # MicroPython's has no text.
        raise ValueError("the text is not UTF-8: save it as plain text, in UTF-8") from error


def blocks(lines, labels: tuple) -> list:
    """Return (label, DER) of the PEM blocks in *lines*, which must have these *labels*.

    ValueError for anything else, or nothing.
    """
    found = [block for block in decode(lines) if block[0] != "EC PARAMETERS"]
    if not found:
        raise ValueError("neither PEM, from -----BEGIN to -----END, nor DER")
    for label, _ in found:
        if label == "ENCRYPTED PRIVATE KEY":
            raise ValueError(ENCRYPTED)
        if label not in labels:
            raise ValueError(f"{label} where {labels[0]} belongs")
    return found


def key_block(lines) -> tuple:
    """Return (label, DER) of the one private key in the *lines* of PEM; ValueError as blocks."""
    found = blocks(lines, KEY_LABELS)
    if len(found) != 1:
        raise ValueError(f"one private key is needed, not {len(found)}")
    return found[0]


def decode(lines) -> list:
    """Return (label, DER) of each block in *lines*, an iterable; ValueError for one not whole.

    Lines outside of blocks are passed over unless they look like the border of one. A message
    repeats so little of a line that nothing of a key without line breaks is in it.
    """
    blocks = []
    label = content = None
    for line in lines:
        line = line.strip()
        if "\0" in line:
            raise ValueError("the text has zero bytes: save it as plain text, in UTF-8")
        if not line.startswith(_DASHES):
            if content is not None:
                content.add(line)
            continue
        if line.count(_DASHES) > 2:
            raise ValueError("the PEM text has lost its line breaks")
        if label is None and line.startswith(_BEGIN) and line.endswith(_DASHES):
            label, content = line[len(_BEGIN) : -len(_DASHES)], _Base64()
        elif content is not None and line == f"-----END {label}-----":
            blocks.append((label, content.end()))
            label = content = None
        else:
            raise ValueError(f"the PEM line {line[:30]!r} does not belong where it stands")
    if label is not None:
        raise ValueError(f"the PEM text is cut off: END {label} is missing")
    return blocks


class _Base64:
    """The bytes of one block, line by line: each character counts, and there is one way only."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._rest = ""
        self._is_padded = False

    def add(self, line: str) -> None:
        """Take a line; ValueError when it is not base64."""
        if line == "Proc-Type: 4,ENCRYPTED" and not (self._data or self._rest):
            raise ValueError(ENCRYPTED)  # RFC 1421: openssl's old way.
        text = self._rest + line
        whole = len(text) & ~3
        self._rest = text[whole:]
        if whole:
            self._take(text[:whole])

    def _take(self, text: str) -> None:
        try:
            data = a2b_base64(text)
        except ValueError:
            data = b""
        if self._is_padded or b2a_base64(data).decode().strip() != text:
            raise ValueError(_NOT_BASE64)
        self._is_padded = text.endswith("=")
        self._data.extend(data)

    def end(self) -> bytes:
        """Return the bytes; ValueError when something is missing."""
        if self._rest or not self._data:
            raise ValueError(_NOT_BASE64)
        return bytes(self._data)
