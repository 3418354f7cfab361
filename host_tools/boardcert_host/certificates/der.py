"""Write DER elements, and take them apart, where cryptography has no function for it (X.690)."""

SEQUENCE, INTEGER, BIT_STRING, OCTET_STRING, OBJECT_IDENTIFIER = 0x30, 0x02, 0x03, 0x04, 0x06
_LONG = 0x80


def element(tag: int, *contents: bytes) -> bytes:
    """Return one element whose content is the concatenated *contents*."""
    content = b"".join(contents)
    size = len(content)
    if size < _LONG:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, _LONG | len(length)]) + length + content


def split(data: bytes) -> list[bytes]:
    """Return the elements of *data*, each with its header; the last item is any invalid rest."""
    found = []
    while data:
        begin, end = _borders(data)
        found.append(data[:end] if begin else data)
        data = data[end:] if begin else b""
    return found


def children(data: bytes) -> list[tuple[int, bytes]]:
    """Return (tag, content) of each element in the one element *data*. Raises ValueError."""
    begin, end = _borders(data)
    if not begin or end != len(data):
        raise ValueError("not one element of DER")
    found = []
    for one in split(data[begin:end]):
        begin, _ = _borders(one)
        if not begin:
            raise ValueError("not elements of DER")
        found.append((one[0], one[begin:]))
    return found


def _borders(data: bytes) -> tuple[int, int]:
    """Return where the content of the first element begins and ends; (0, 0) without one."""
    if len(data) < 2 or data[1] == _LONG:  # The latter is an indefinite length, which is BER.
        return 0, 0
    count = data[1] & ~_LONG if data[1] & _LONG else 0
    begin = 2 + count
    length = int.from_bytes(data[2:begin], "big") if count else data[1]
    return (begin, begin + length) if begin + length <= len(data) else (0, 0)
