"""Read certificates and keys in PEM (RFC 7468), strictly, with the text that openssl prints."""

from binascii import a2b_base64, b2a_base64

_BEGIN = "-----BEGIN "
_DASHES = "-----"

MAX_TEXT_BYTES = 24576
"""Of PEM, with what openssl prints beside it."""

_KEY_LABELS = ("PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY")

ENCRYPTED = "the private key is encrypted; decrypt it first: openssl pkey -in KEY -out PLAIN"


def read_certificates(data) -> list:
    """Return the DER of each certificate in *data*, PEM or DER; ValueError for anything else."""
    return _read(data, ("CERTIFICATE",))


def read_key(data) -> bytes:
    """Return the DER of the one private key in *data*, PEM or DER; ValueError for anything else."""
    blocks = _read(data, _KEY_LABELS)
    if len(blocks) != 1:
        raise ValueError(f"one private key is needed, not {len(blocks)}")
    return blocks[0]


def _read(data, labels: tuple) -> list:
    """Return what *data* holds in DER: itself, or the PEM blocks, which must have these *labels*.

    Passes over the curve that openssl writes before a key.
    """
    data = data.encode() if isinstance(data, str) else bytes(data)
    if len(data) > MAX_TEXT_BYTES:
        raise ValueError(f"{len(data)} bytes are too many; at most {MAX_TEXT_BYTES}")
    if b"-----BEGIN " not in data:
        if data[:1] == b"\x30":
            return [data]
        raise ValueError("there is nothing in PEM, from -----BEGIN to -----END, and it is not DER")
    if b"\0" in data:
        raise ValueError("the text has zero bytes: save it as plain text, in UTF-8")
    blocks = [block for block in decode(data.decode()) if block[0] != "EC PARAMETERS"]
    for label, _ in blocks:
        if label == "ENCRYPTED PRIVATE KEY":
            raise ValueError(ENCRYPTED)
        if label not in labels:
            raise ValueError(f"{label} stands where {labels[0]} belongs")
    return [content for _, content in blocks]


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
