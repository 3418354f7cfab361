"""What bodies of answers are made from: the lines of template, texts, and PEM.

The template is read from its file or, frozen into the firmware, from its bytes.
"""

# The stubs leave out what an io.BytesIO inherits.
# pyright: reportAttributeAccessIssue=false

import io
from binascii import b2a_base64

_BEGIN = b'TEMPLATE = b"""\n'
_END = b'"""\n'


def head_lines() -> list:
    """Return the header lines of every answer, without their ends."""
    file = _open()
    try:
        found = []
        while line := file.readline().strip():
            found.append(line)
        return found
    finally:
        file.close()


def page_lines():
    """Yield the lines of the page, as bytes."""
    file = _open()
    try:
        while file.readline().strip():
            pass
        while (line := file.readline()) not in (_END, b""):
            yield line
    finally:
        file.close()


def as_text(pieces):
    """Yield the text of a form's field, as HTML, for the browser that sent it.

    *pieces*: of the text, bytes; or, once that was read, tuples for as_pem.
    """
    for piece in pieces:
        if isinstance(piece, tuple):
            yield from as_pem(*piece)
            continue
        for character, escaped in ((b"&", b"&#38;"), (b"<", b"&#60;"), (b"\r", b"")):
            piece = piece.replace(character, escaped)
        yield bytes([byte if byte in b"\n\t" or 32 <= byte < 127 else 63 for byte in piece])


def as_pem(label: str, blocks: list):
    """Yield the lines of the DER *blocks* in PEM (RFC 7468), as bytes."""
    for data in blocks:
        yield f"-----BEGIN {label}-----\n".encode()
        for start in range(0, len(data), 48):
            yield b2a_base64(data[start : start + 48])
        yield f"-----END {label}-----\n".encode()


def _open():
    """Return the template as a stream, at its first line."""
    try:
        file = open(_path(), "rb")  # noqa: SIM115
    except OSError:
        from .template import TEMPLATE

        file = io.BytesIO(TEMPLATE)
        file.readline()
        return file
    while (line := file.readline()) != _BEGIN:
        if not line:
            raise OSError(f"{_path()} is damaged; install boardcert again")
    return file


def _path() -> str:
    """Return where the template lies: here template.py, on a board page_template.py."""
    return __file__.rsplit("lines", 1)[0] + "template.py"
