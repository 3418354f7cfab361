"""Read PEM (RFC 7468), strictly, with the text around it that openssl prints."""

from binascii import a2b_base64, b2a_base64

_BEGIN = "-----BEGIN "
_DASHES = "-----"

ENCRYPTED = "the private key is encrypted; decrypt it first: openssl pkey -in KEY -out PLAIN"


def decode(text: str) -> list:
    """Return (label, DER) of each block in *text*; ValueError for one that is not whole.

    Lines outside of blocks are passed over unless they look like the border of one. A message
    repeats so little of a line that nothing of a key without line breaks is in it.
    """
    blocks = []
    label = None
    lines = []
    for line in text.split("\n"):
        line = line.strip()
        if not line.startswith(_DASHES):
            lines.append(line)
            continue
        if line.count(_DASHES) > 2:
            raise ValueError("the PEM text has lost its line breaks")
        if label is None and line.startswith(_BEGIN) and line.endswith(_DASHES):
            label = line[len(_BEGIN) : -len(_DASHES)]
        elif label is not None and line == f"-----END {label}-----":
            blocks.append((label, _decode_base64(lines)))
            label = None
        else:
            raise ValueError(f"the PEM line {line[:30]!r} does not belong where it stands")
        lines = []
    if label is not None:
        raise ValueError(f"the PEM text is cut off: END {label} is missing")
    return blocks


def _decode_base64(lines: list) -> bytes:
    """Return the bytes; each character counts, and there is one way only to write them."""
    if lines[:1] == ["Proc-Type: 4,ENCRYPTED"]:  # RFC 1421: openssl's old way.
        raise ValueError(ENCRYPTED)
    text = "".join(lines)
    try:
        data = a2b_base64(text)
    except ValueError:
        data = b""
    if not text or b2a_base64(data).decode().strip() != text:
        raise ValueError("what stands between BEGIN and END is not base64")
    return data
