"""Read certificates and keys, in PEM or DER; pem_blocks reads PEM itself."""

from .pem_blocks import BEGIN, CERTIFICATE, blocks, key_block

MAX_TEXT_BYTES = 24576
"""Of PEM, with what openssl prints beside it."""


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
    return data[:1] == b"\x30" and BEGIN.encode() not in data


def _lines(data: bytes) -> list:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):  # UTF-16, in which ASCII has zeros in between.
        data = data[2:].replace(b"\0", b"")
    try:
        return data.decode().split("\n") if BEGIN.encode() in data else []
    except ValueError as error:  # MicroPython's has no text.
        raise ValueError("the text is not UTF-8: save it as plain text, in UTF-8") from error
