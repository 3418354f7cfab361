"""The certificate of a board's own authority and a leaf that it signs, read back."""

from boardcert.asn1 import der
from boardcert.certificates import authority_certificate, chain, issue, keys, link
from boardcert.certificates.certificate import Certificate
from boardcert.crypto.ec import P384
from helpers import raises, random_bytes

_FROM = (2026, 11, 20, 0, 0, 0)
_UNTIL = (2036, 11, 17, 0, 0, 0)
_LEAF_UNTIL = (2027, 12, 22, 0, 0, 0)
_ID = "0123456789abcdef"
_NAMES = ["pump-7.local", "10.0.0.5", "pump.example", "fe80::1"]


def _key(d):
    """Return the key pair of a test scalar."""
    point = P384.multiply_base(d, random_bytes)
    return keys.PrivateKey(d, P384.encode_point(point))


_AUTHORITY_KEY, _LEAF_KEY = _key(1), _key(2)
_SUBJECT = authority_certificate.subject_of("pump-7", _ID)


def _authority(permitted):
    serial = random_bytes(issue.SERIAL_BYTES)
    tbs = authority_certificate.tbs_authority(
        (_SUBJECT, _AUTHORITY_KEY), permitted, (_FROM, _UNTIL), serial
    )
    return keys.signed(_AUTHORITY_KEY, tbs, _AUTHORITY_KEY.sign(tbs, random_bytes))


def _leaf():
    tbs = issue.tbs_certificate(
        (issue.encode_subject("pump-7", _ID), _LEAF_KEY),
        _NAMES,
        (_FROM, _LEAF_UNTIL),
        random_bytes(issue.SERIAL_BYTES),
        (_SUBJECT, _AUTHORITY_KEY),
    )
    return keys.signed(_AUTHORITY_KEY, tbs, _AUTHORITY_KEY.sign(tbs, random_bytes))


def _signer_of_a_chain(certificates):
    """Return (Links, the input of chain.signatures) once chain.check has accepted the chain."""
    links = chain.read_links([Certificate(one) for one in certificates])
    chain.check(links, (2026, 12, 1, 0, 0, 0))
    return links, chain.signatures(links)


def test_a_pair_is_a_chain_that_the_board_itself_would_accept():
    """The board accepts its own pair as a chain: names, path length, usages and signatures."""
    links, signatures = _signer_of_a_chain([_leaf(), _authority(["pump-7.local"])])
    leaf, authority = links
    assert leaf.certificate.issuer == authority.certificate.subject == _SUBJECT
    assert leaf.certificate.names == _NAMES and not leaf.is_authority
    assert (authority.is_authority, authority.path_length) == (True, 0)
    assert authority.is_self_signed() and not leaf.is_self_signed()
    assert authority.usage == link.KEY_CERT_SIGN
    assert authority.purposes == leaf.purposes and len(authority.purposes) == 2  # TLS, not code.
    assert len(signatures) == 2
    for _, public_key_der, _, data, signature in signatures:
        assert public_key_der == _AUTHORITY_KEY.public_key_der
        _AUTHORITY_KEY.check(data, signature, random_bytes)


def test_only_dns_names_are_constrained():
    """DNS names become lower-case permitted trees; addresses are neither permitted nor excluded."""
    permitted = authority_certificate.dns_names(_NAMES)
    assert permitted == ["pump-7.local", "pump.example"]
    trees = b"".join([der.encode_sequence(der.encode(0x82, name.encode())) for name in permitted])
    value = der.encode_sequence(der.encode(0xA0, trees))
    assert b"\x06\x03\x55\x1d\x1e" + der.encode_octet_string(value) in _authority(permitted)
    assert _authority(["PUMP.example"]).find(b"pump.example") > 0
    assert raises(ValueError, _authority, [])
    assert raises(ValueError, _authority, ["pump_7"])


def test_the_longest_host_name_leaves_room_for_the_role():
    """The common name is cut to 64 characters, and ends in "authority"."""
    name = authority_certificate.subject_of("h" * 63, _ID)
    assert chain.common_name(name) == "h" * 54 + " authority"
    assert chain.common_name(_SUBJECT) == "pump-7 authority"
