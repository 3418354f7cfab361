"""Read the blocks of PEM (RFC 7468), strictly, with the text that openssl prints."""

from binascii import a2b_base64, b2a_base64

BEGIN = "-----BEGIN "
_DASHES = "-----"

CERTIFICATE = ("CERTIFICATE", "X509 CERTIFICATE")  # RFC 7468, section 5.1.
KEY_LABELS = ("PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY")

_PIECE_BYTES = 400

_NOT_BASE64 = "the text between BEGIN and END is not base64"

ENCRYPTED = "the private key is encrypted; decrypt it first: openssl pkey -in KEY -out PLAIN"


def blocks(lines, labels: tuple) -> list:
    """Return (label, DER) of the blocks in *lines*; ValueError for none, or for other *labels*."""
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
    """Return (label, DER) of the one private key in *lines*; ValueError as blocks."""
    found = blocks(lines, KEY_LABELS)
    if len(found) != 1:
        raise ValueError(f"one private key is needed, not {len(found)}")
    return found[0]


def decode(lines) -> list:
    """Return (label, DER) of each block in *lines*; ValueError for one not whole.

    Lines outside of blocks are passed over unless they look like a border. Messages repeat too
    little of a line for anything of a key to be in it.
    """
    blocks = []
    label = content = None
    for line in _separated(lines):
        if "\0" in line:
            raise ValueError("the text has zero bytes: save it as plain text, in UTF-8")
        if not line.startswith(_DASHES):
            if content is not None:
                content.add(line)
            continue
        if line.count(_DASHES) > 2:
            raise ValueError("the PEM text has lost its line breaks")
        if label is None and line.startswith(BEGIN) and line.endswith(_DASHES):
            label, content = line[len(BEGIN) : -len(_DASHES)], _Base64()
        elif content is not None and line == f"-----END {label}-----":
            blocks.append((label, content.end()))
            label = content = None
        else:
            raise ValueError(f"the PEM line {line[:30]!r} does not belong where it stands")
    if label is not None:
        raise ValueError(f"the PEM text is cut off: END {label} is missing")
    return blocks


def _separated(lines):
    """Yield *lines* without byte order marks; joined borders apart."""
    for line in lines:
        for part in line.replace("\ufeff", "").replace(2 * _DASHES, "-----\n-----").split("\n"):
            yield part.strip()


class _Base64:
    """The bytes of one block, read strictly; in pieces, so that end() needs no memory twice."""

    def __init__(self) -> None:
        self._pieces = []
        self._rest = ""
        self._is_padded = False

    def add(self, line: str) -> None:
        if line == "Proc-Type: 4,ENCRYPTED" and not (self._pieces or self._rest):
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
        if self._is_padded or b2a_base64(data, newline=False) != text.encode():
            raise ValueError(_NOT_BASE64)
        self._is_padded = text.endswith("=")
        if not self._pieces or len(self._pieces[-1]) > _PIECE_BYTES:
            self._pieces.append(bytearray())
        self._pieces[-1].extend(data)

    def end(self) -> bytes:
        if self._rest or not self._pieces:
            raise ValueError(_NOT_BASE64)
        return bytes(self._taken_out())

    def _taken_out(self):
        while self._pieces:
            yield from self._pieces.pop(0)
