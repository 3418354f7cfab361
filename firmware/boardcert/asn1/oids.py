"""Object identifiers in DER, from and to their dotted form: for what only some boards need.

Those of every certificate stand where they are used, as bytes.
"""

from micropython import const

from . import der

# Text takes time that grows with the square: 10 s for 4 KB. The package cryptography takes no more.
_MAX_OID_BYTES = const(63)


def encode_oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER written as "1.2.840.10045.2.1"."""
    arcs = [int(arc) for arc in dotted.split(".")]
    encoded = bytearray()
    arcs[:2] = [40 * arcs[0] + arcs[1]]
    for arc in arcs:
        septets = [arc & 0x7F]
        while arc > 0x7F:
            arc >>= 7
            septets.insert(0, 0x80 | arc & 0x7F)
        encoded.extend(bytes(septets))
    return der.encode(der.OBJECT_IDENTIFIER, bytes(encoded))


def decode_oid(content: bytes) -> str:
    """Return an OBJECT IDENTIFIER's *content* as "1.2.840.10045.2.1"."""
    if len(content) > _MAX_OID_BYTES:
        raise ValueError("DER: object identifier too long")
    arcs = []
    arc = 0
    starts = True
    for byte in content:
        if starts and byte == 0x80:
            raise ValueError("DER: object identifier not in its shortest form")
        arc = arc << 7 | byte & 0x7F
        starts = byte < 0x80
        if starts:
            arcs.append(arc)
            arc = 0
    if not starts or not arcs:
        raise ValueError("DER: truncated object identifier")
    top = min(arcs[0] // 40, 2)
    arcs[:1] = [top, arcs[0] - 40 * top]
    return ".".join(str(arc) for arc in arcs)
