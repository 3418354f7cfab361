"""Policies in certificates of CAs (RFC 5280, 4.2.1.4, .5, .11, .14).

No TLS client asks for one, but OpenSSL refuses a chain in which one cannot be read. Each function
takes an extension's value; ValueError says what is wrong.
"""

from ..asn1 import der
from ..asn1.der_checks import optional, sequences, some
from ..asn1.oids import decode_oid
from .certificate_names import BMP_STRING, IA5_STRING, URI, check_general_name, check_text

_QUALIFIER = b"\x2b\x06\x01\x05\x05\x07\x02"  # 1.3.6.1.5.5.7.2
_POLICY = [der.OBJECT_IDENTIFIER, der.SEQUENCE]
_VISIBLE_STRING = 0x1A


def check_policies(value: bytes) -> None:
    """RFC 5280, 4.2.1.4: OpenSSL refuses a policy that is there twice."""
    found = []
    for elements in sequences(value):
        oid = elements[0][1]
        decode_oid(oid)
        tags = [tag for tag, _ in elements]
        if oid in found or tags not in ([der.OBJECT_IDENTIFIER], _POLICY):
            raise ValueError("a policy that is invalid or occurs twice")
        found.append(oid)
        if len(elements) == 2:
            for qualifier in sequences(der.encode(*elements[1])):
                _check_qualifier(qualifier)


def _check_qualifier(elements: list) -> None:
    """Check a PolicyQualifierInfo: where the CA's statement is, or a notice."""
    if len(elements) != 2 or elements[0][0] != der.OBJECT_IDENTIFIER:
        raise ValueError("not a valid policy qualifier")
    (_, oid), (tag, content) = elements
    if oid == _QUALIFIER + b"\x01" and tag == IA5_STRING:
        check_general_name(URI, content)
    elif oid == _QUALIFIER + b"\x02" and tag == der.SEQUENCE:
        _check_notice(der.decode_all(content))
    else:
        raise ValueError("an unknown policy qualifier")


def _check_notice(elements: list) -> None:
    """Check a UserNotice: a reference (who, and numbers), a text, both optional."""
    texts = elements
    if elements and elements[0][0] == der.SEQUENCE:
        reference = der.decode_all(elements[0][1])
        if [tag for tag, _ in reference[1:]] != [der.SEQUENCE]:
            raise ValueError("not a valid policy notice")
        for tag, number in der.decode_all(reference[1][1]):
            if tag != der.INTEGER:
                raise ValueError("not a valid policy notice")
            der.decode_integer(number)
        texts = elements[1:]
        check_text(*_display_text(*reference[0]))
    if len(texts) > 1:
        raise ValueError("a notice of several texts")
    for tag, text in texts:
        check_text(*_display_text(tag, text))


def _display_text(tag: int, text: bytes) -> tuple:
    """Return a DisplayText as `check_text` takes it; VisibleString is ASCII as IA5String is."""
    if tag not in (der.UTF8_STRING, IA5_STRING, _VISIBLE_STRING, BMP_STRING):
        raise ValueError("a non-text notice")
    return IA5_STRING if tag == _VISIBLE_STRING else tag, text


def check_mappings(value: bytes) -> None:
    """RFC 5280, 4.2.1.5: pairs of policies."""
    for elements in sequences(value):
        if [tag for tag, _ in elements] != [der.OBJECT_IDENTIFIER] * 2:
            raise ValueError("a mapping that is not of two policies")
        for _, oid in elements:
            decode_oid(oid)


def check_policy_constraints(value: bytes) -> None:
    """RFC 5280, 4.2.1.11."""
    parts = optional(some(der.decode_one(value, der.SEQUENCE)), 0x80, 0x81)
    for number in parts.values():
        _check_count(number)


def check_skip(value: bytes) -> None:
    """RFC 5280, 4.2.1.14: a number of certificates."""
    _check_count(der.decode_one(value, der.INTEGER))


def _check_count(content: bytes) -> None:
    if der.decode_integer(content) > 127:
        raise ValueError("a number of certificates over 127")
