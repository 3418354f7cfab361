"""Check that DER is DER all the way down (X.690), where der alone reads what is asked for.

ValueError says what is wrong.
"""

from . import der
from .oids import decode_oid

_MAX_DEPTH = 12  # Each level of nesting takes stack.
_ENUMERATED = 0x0A
_CHARACTER_BYTES = {0x1C: 4, 0x1E: 2}  # Of a UniversalString, of a BMPString.


def check_bits(content: bytes) -> None:
    """Raise ValueError for a BIT STRING whose unused bits are more than seven, or not zero."""
    if not content or content[0] > (7 if len(content) > 1 else 0):
        raise ValueError("a bit string with too many unused bits")
    if content[0] and content[-1] & (1 << content[0]) - 1:
        raise ValueError("a bit string whose unused bits are not zero")


def check_integer(content: bytes) -> None:
    """Check an INTEGER, negative or not: its first nine bits are not all alike."""
    if not content or (len(content) > 1 and content[0] == (0xFF if content[1] & 0x80 else 0)):
        raise ValueError("DER: not an integer in its shortest form")


def check_tree(data: bytes, depth: int = 0) -> list:
    """Return the elements of *data*; ValueError unless they are DER all the way down."""
    if depth > _MAX_DEPTH:
        raise ValueError(f"DER: more than {_MAX_DEPTH} levels")
    elements = der.decode_all(data)
    for tag, content in elements:
        if tag in (der.SEQUENCE, der.SET) or tag & 0xE0 == 0xA0:
            check_tree(content, depth + 1)
        elif tag & 0xE0 == 0x20 or tag in (0, 0x10, 0x11):
            raise ValueError(f"DER: tag {tag:#x}")
        else:
            _check_primitive(tag, content)
    return elements


def _check_primitive(tag: int, content: bytes) -> None:
    if tag == der.BOOLEAN and content not in (b"\x00", b"\xff"):
        raise ValueError("DER: not a boolean")
    if tag in (der.INTEGER, _ENUMERATED):
        check_integer(content)
    if tag == der.OBJECT_IDENTIFIER:
        decode_oid(content)
    if tag == der.BIT_STRING:
        check_bits(content)
    if tag == 5 and content:
        raise ValueError("DER: not a null")
    if len(content) % _CHARACTER_BYTES.get(tag, 1):
        raise ValueError("DER: a string of half a character")


def some(content: bytes) -> list:
    """Return the elements of *content*, at least one."""
    elements = der.decode_all(content)
    if not elements:
        raise ValueError("an empty list")
    return elements


def sequences(value: bytes) -> list:
    """Return, for each SEQUENCE in the SEQUENCE *value*, its elements; at least one of one."""
    found = []
    for tag, content in some(der.decode_one(value, der.SEQUENCE)):
        if tag != der.SEQUENCE:
            raise ValueError(f"DER: tag {tag:#x} where {der.SEQUENCE:#x} belongs")
        found.append(some(content))
    return found


def optional(elements: list, *allowed: int) -> dict:
    """Return {tag: content} of *elements*: of these tags, in this order, each at most once."""
    tags = [tag for tag, _ in elements]
    if tags != [tag for tag in allowed if tag in tags]:
        raise ValueError("its parts are not those of this extension")
    return dict(elements)
