"""The extensions of certificates from elsewhere, as far as TLS clients read them.

ValueError says what is wrong (RFC 5280, 4.2; X.690).
"""

from ..asn1 import der
from ..asn1.der_checks import check_bits, check_tree, optional, sequences, some
from ..asn1.oids import decode_oid
from . import fields
from .certificate_names import (
    DNS_NAME,
    IP_ADDRESS,
    check_general_name,
    check_general_names,
    check_relative,
)
from .policies import check_mappings, check_policies, check_policy_constraints, check_skip

_CERTIFICATE_EXTENSION = b"\x55\x1d"  # 2.5.29
_PKIX_EXTENSION = b"\x2b\x06\x01\x05\x05\x07\x01"  # 1.3.6.1.5.5.7.1


def check_extension(oid: bytes, value: bytes) -> None:
    """Raise ValueError unless *value* is one of the extension *oid*, as far as that is known here.

    Those of X.509 and PKIX that are not known must be DER; those of others may be anything.
    """
    if oid in _KNOWN:
        try:
            _KNOWN[oid](value)
        except ValueError as error:
            raise ValueError(f"its extension {decode_oid(oid)}: {error}") from error
        return
    is_known_arc = oid[:2] == _CERTIFICATE_EXTENSION or oid[:7] == _PKIX_EXTENSION
    if is_known_arc and len(check_tree(value)) != 1:
        raise ValueError(f"its extension {decode_oid(oid)} is not one element")


def _check_key_identifier(value: bytes) -> None:
    """RFC 5280, 4.2.1.2."""
    if not der.decode_one(value, der.OCTET_STRING):
        raise ValueError("an empty identifier")


def _check_authority_key_identifier(value: bytes) -> None:
    """RFC 5280, 4.2.1.1: issuer and serial number go together."""
    elements = der.decode_all(der.decode_one(value, der.SEQUENCE))
    parts = optional(elements, 0x80, 0xA1, 0x82)
    if (0xA1 in parts) != (0x82 in parts):
        raise ValueError("an issuer without a serial number, or the other way round")
    if 0xA1 in parts:
        check_general_names(parts[0xA1])
        if not der.decode_integer(parts[0x82]):
            raise ValueError("a serial number of zero")


def _check_alternative_names(value: bytes) -> None:
    """RFC 5280, 4.2.1.6. An address as a DNS name covers nothing; beside itself it is taken."""
    names = some(der.decode_one(value, der.SEQUENCE))
    addresses = [fields.format_address(name) for tag, name in names if tag == IP_ADDRESS]
    for tag, name in names:
        check_general_name(tag, name)
        if tag == DNS_NAME and name.rsplit(b".", 1)[-1].isdigit():
            text = name.decode()
            if text not in addresses:
                raise ValueError(f"{text} is a DNS name here; with openssl, write IP:{text}")


def _check_constraints(value: bytes) -> None:
    """RFC 5280, 4.2.1.10: subtrees of a base alone, without minimum and maximum."""
    for content in optional(some(der.decode_one(value, der.SEQUENCE)), 0xA0, 0xA1).values():
        for tag, subtree in some(content):
            base, content, end = der.decode(subtree)
            if tag != der.SEQUENCE or end != len(subtree):
                raise ValueError("a subtree of more than a base")
            check_general_name(base, content, True)


def _check_points(value: bytes) -> None:
    """RFC 5280, 4.2.1.13: where lists of revoked certificates are."""
    for elements in sequences(value):
        point = optional(elements, 0xA0, 0x81, 0xA2)
        if 0xA0 not in point and 0xA2 not in point:
            raise ValueError("a point without a name")
        if 0xA0 in point:
            name = optional(some(point[0xA0]), 0xA0, 0xA1)
            if len(name) != 1:
                raise ValueError("a point with two names")
            if 0xA0 in name:
                check_general_names(name[0xA0])
            else:
                check_relative(name[0xA1])
        if 0x81 in point:
            check_bits(point[0x81])
        if 0xA2 in point:
            check_general_names(point[0xA2])


def _check_access(value: bytes) -> None:
    """RFC 5280, 4.2.2: a method and a place, each."""
    for elements in sequences(value):
        if len(elements) != 2 or elements[0][0] != der.OBJECT_IDENTIFIER:
            raise ValueError("an access that is not a method and a place")
        decode_oid(elements[0][1])
        check_general_name(*elements[1])


def _check_period(value: bytes) -> None:
    """privateKeyUsagePeriod, of RFC 3280, 4.2.1.4: two dates, or one."""
    for date in optional(some(der.decode_one(value, der.SEQUENCE)), 0x80, 0x81).values():
        if len(date) != 15 or date[14:] != b"Z" or not date[:14].isdigit():
            raise ValueError("not a valid date")


def _check_null(value: bytes) -> None:
    if value != b"\x05\x00":
        raise ValueError("DER: not a null")


def _check_purposes(value: bytes) -> None:
    """RFC 5280, 4.2.1.12."""
    for tag, oid in some(der.decode_one(value, der.SEQUENCE)):
        if tag != der.OBJECT_IDENTIFIER:
            raise ValueError("a purpose that is not an OID")
        decode_oid(oid)


def _refuse_resources(_value: bytes) -> None:
    raise ValueError("it is for routers (RFC 3779), and some clients refuse what they read of it")


_KNOWN = {
    b"\x55\x1d\x0e": _check_key_identifier,  # 2.5.29.14, subjectKeyIdentifier
    b"\x55\x1d\x10": _check_period,  # 2.5.29.16, privateKeyUsagePeriod
    b"\x55\x1d\x11": _check_alternative_names,  # 2.5.29.17, subjectAltName
    b"\x55\x1d\x12": _check_alternative_names,  # 2.5.29.18, issuerAltName
    b"\x55\x1d\x1e": _check_constraints,  # 2.5.29.30, nameConstraints
    b"\x55\x1d\x1f": _check_points,  # 2.5.29.31, cRLDistributionPoints
    b"\x55\x1d\x20": check_policies,  # 2.5.29.32, certificatePolicies
    b"\x55\x1d\x21": check_mappings,  # 2.5.29.33, policyMappings
    b"\x55\x1d\x24": check_policy_constraints,  # 2.5.29.36
    b"\x55\x1d\x36": check_skip,  # 2.5.29.54, inhibitAnyPolicy
    b"\x55\x1d\x23": _check_authority_key_identifier,  # 2.5.29.35
    b"\x55\x1d\x25": _check_purposes,  # 2.5.29.37, extKeyUsage
    b"\x55\x1d\x2e": _check_points,  # 2.5.29.46, freshestCRL
    b"\x2b\x06\x01\x05\x05\x07\x01\x01": _check_access,  # 1.3.6.1.5.5.7.1.1, authorityInfoAccess
    b"\x2b\x06\x01\x05\x05\x07\x01\x0b": _check_access,  # 1.3.6.1.5.5.7.1.11, subjectInfoAccess
    b"\x2b\x06\x01\x05\x05\x07\x01\x07": _refuse_resources,  # 1.3.6.1.5.5.7.1.7, ipAddrBlocks
    b"\x2b\x06\x01\x05\x05\x07\x01\x08": _refuse_resources,  # 1.3.6.1.5.5.7.1.8, autonomousSysIds
    # 1.3.6.1.5.5.7.48.1.5, id-pkix-ocsp-nocheck
    b"\x2b\x06\x01\x05\x05\x07\x30\x01\x05": _check_null,
}
