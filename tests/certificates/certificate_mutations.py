"""Valid certificates of many kinds, and mutations of them: what a CA, or an attacker, might send.

Each is determined by its number, so that a number means the same bytes in every run. They are not
signed again: without the issuer, no board can verify a certificate's signature.
"""

import datetime
import ipaddress
import random
from collections.abc import Callable, Iterator, Sequence

from certificates import children, key_usage, tlv
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
    ObjectIdentifier,
)

KEY = ec.derive_private_key(0x0FEDCBA987654321, ec.SECP256R1())
SPKI = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
NOW = (2026, 11, 21, 5, 0, 0)
_BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
_END = datetime.datetime(2036, 1, 1, tzinfo=datetime.timezone.utc)
_LATE = datetime.datetime(2061, 1, 1, tzinfo=datetime.timezone.utc)
# These replace contents: limits of numbers, lengths, alphabets and encodings.
_STRANGE = (b"", b"\0", b"\x80", b"\xff", b"\0\0", b"\0\x80", b"\xff\x80", b"\1\2\3", b"\0" * 7)
_STRANGE += (b"\x7f" * 20, b"\0" + b"\xff" * 20, b"\1" * 21, b"a" * 64, b"a" * 65, b"a" * 300)
_STRANGE += (b"\xc0\xbc", b"a\0b", b"a b", b"<b>", b"*", b"*.", b"*.a", b"a.*", b"a..b", b"-a")
_STRANGE += (b".a", b"a.", b"a_b", b"A.b", b"1.2.3.4", b"\xed\xa0\x80", b"\xf4\x90\x80\x80")
_STRANGE += (b"\xd8\0\xdc\0", b"\0a\0b", b"\x1b[2J", b"\xe2\x80\xae", b"991231235959Z")
_STRANGE += (b"20500101000000Z", b"20491231235959Z", b"500101000000Z", b"260230000000Z")
_TAGS = (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x0C, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1A)
_TAGS += (0x1C, 0x1E, 0x24, 0x30, 0x31, 0x80, 0x81, 0x82, 0x83, 0x86, 0x87, 0x88)
_TAGS += (0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5)


def seeds() -> list[bytes]:
    """Return valid certificates with all kinds of names and extensions."""
    uri = x509.UniformResourceIdentifier("http://ca.example/list")
    mail = x509.RFC822Name("admin@example.org")
    directory = x509.DirectoryName(_name("CN"))
    oid = ObjectIdentifier("1.3.6.1.4.1.55738.1")
    other = x509.OtherName(oid, tlv(0x0C, b"someone"))
    points = [
        x509.DistributionPoint([uri], None, None, None),
        x509.DistributionPoint(
            None,
            x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COMMON_NAME, "x")]),
            frozenset([x509.ReasonFlags.key_compromise]),
            [directory],
        ),
    ]
    access = [
        x509.AccessDescription(AuthorityInformationAccessOID.OCSP, uri),
        x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, directory),
    ]
    notice = x509.UserNotice(x509.NoticeReference("CA", [1, 2]), "read this")
    policies = [
        x509.PolicyInformation(oid, ["http://ca.example/cps", notice]),
        x509.PolicyInformation(ObjectIdentifier("2.23.140.1.2.1"), None),
    ]
    network = x509.IPAddress(ipaddress.ip_network("192.168.0.0/16"))
    constraints = x509.NameConstraints([x509.DNSName(".example"), network], [mail])
    public = KEY.public_key()
    full_identifier = x509.AuthorityKeyIdentifier(b"\1" * 20, [directory], 5)
    public_ca = (
        x509.AuthorityInformationAccess(access),
        x509.CertificatePolicies(policies),
        x509.CRLDistributionPoints(points),
        x509.FreshestCRL(points[:1]),
    )
    return [
        _make(_name("CN"), [_names()]),
        _make(_name("CN", "O", "C"), [_names(mail, uri, directory, other, x509.RegisteredID(oid))]),
        _make(_name(), [_names(), *public_ca]),
        _make(_name("CN"), [full_identifier, x509.IssuerAlternativeName([uri]), _names()], _LATE),
        _make(_name("CN", "UID", "DC", "BMP", "T61", "UTF8"), [constraints, _names()]),
        _make(
            _name("CN"),
            [
                x509.SubjectKeyIdentifier.from_public_key(public),
                x509.AuthorityKeyIdentifier.from_issuer_public_key(public),
                x509.PolicyConstraints(1, 2),
                x509.InhibitAnyPolicy(3),
                x509.OCSPNoCheck(),
                x509.UnrecognizedExtension(oid, b"\xff any bytes"),
                _names(),
            ],
        ),
    ]


def _name(*kinds: str) -> x509.Name:
    attributes = {
        "CN": x509.NameAttribute(NameOID.COMMON_NAME, "kitchen.example"),
        "O": x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Ltd"),
        "C": x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
        "UID": x509.NameAttribute(NameOID.SERIAL_NUMBER, "0123"),
        "DC": x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "example"),
        "BMP": x509.NameAttribute(NameOID.LOCALITY_NAME, "K\u00f6ln", _ASN1Type.BMPString),
        "T61": x509.NameAttribute(NameOID.STREET_ADDRESS, "street", _ASN1Type.T61String),
        "UTF8": x509.NameAttribute(NameOID.PSEUDONYM, "\u20ac \U0001f512"),
    }
    return x509.Name([attributes[kind] for kind in kinds])


def _names(*more: x509.GeneralName) -> x509.SubjectAlternativeName:
    addresses = [x509.IPAddress(ipaddress.ip_address(text)) for text in ("192.0.2.1", "fd00::7")]
    return x509.SubjectAlternativeName(
        [x509.DNSName("kitchen.example"), x509.DNSName("*.boards.example"), *addresses, *more]
    )


def _make(
    subject: x509.Name, extensions: list[x509.ExtensionType], end: datetime.datetime = _END
) -> bytes:
    builder = x509.CertificateBuilder(_name("CN", "O"), subject, KEY.public_key(), 1 << 126)
    builder = builder.not_valid_before(_BEGIN).not_valid_after(end)
    builder = builder.add_extension(x509.BasicConstraints(False, None), True)
    builder = builder.add_extension(key_usage(key_agreement=True), True)
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), False)
    for extension in extensions:
        builder = builder.add_extension(extension, False)
    signed = builder.sign(KEY, hashes.SHA256(), ecdsa_deterministic=True)
    return signed.public_bytes(Encoding.DER)


def mutants(first: int, count: int, of: Sequence[bytes] = ()) -> Iterator[bytes]:
    """Yield the mutations numbered from *first*, each of the next in *of*, or of the seeds."""
    trees = [_tree(der)[0] for der in of or seeds()]
    for number in range(first, first + count):
        chance = random.Random(number)
        if chance.random() < 0.1:
            yield _altered(chance, _encode(trees[number % len(trees)]))
        else:
            yield _mutant(chance, trees[number % len(trees)])


def _altered(chance: random.Random, der: bytes) -> bytes:
    """Return *der* with a bit, a byte or the end changed, without regard to its structure."""
    at = chance.randrange(len(der))
    kind = chance.randrange(4)
    if kind == 0:
        return der[:at] + bytes([der[at] ^ 1 << chance.randrange(8)]) + der[at + 1 :]
    if kind == 1:
        return der[:at] + bytes([chance.randrange(256)]) + der[at + 1 :]
    return der[:at] + (der[at + 1 :] if kind == 2 else b"\0" + der[at:])


# A node is [tag, content], where content is bytes or nodes. DER inside an OCTET STRING or the like
# is an intermediate node with the tag None and the bytes before it.
Node = list


def _tree(der: bytes) -> list[Node]:
    """Return the nodes of *der*; ValueError or IndexError if it is not DER."""
    nodes = []
    for element in children(der):
        size = element[1] & 0x7F if element[1] & 0x80 else 0
        nodes.append([element[0], _content(element[0], element[2 + size :])])
    if _encode_all(nodes) != der:
        raise ValueError("not DER")
    return nodes


def _content(tag: int, content: bytes) -> bytes | list[Node]:
    if tag & 0x20 or (tag == 0x04 and content):
        try:
            return _tree(content)
        except (ValueError, IndexError):
            pass
    return content


def _encode_all(nodes: list[Node]) -> bytes:
    return b"".join(_encode(node) for node in nodes)


def _encode(node: Node) -> bytes:
    tag, content = node
    return tlv(tag, _encode_all(content) if isinstance(content, list) else content)


def _mutant(chance: random.Random, tree: Node) -> bytes:
    """Return *tree* with one or a few changes; the enclosing lengths are corrected."""
    copied = _copy(tree)
    for _ in range(1 if chance.random() < 0.7 else chance.randrange(2, 5)):
        places = list(_places(copied))
        siblings, at = places[chance.randrange(len(places))]
        chance.choice(_CHANGES)(chance, siblings, at)
    return _encode(copied)


def _copy(node: Node) -> Node:
    tag, content = node
    return [tag, [_copy(one) for one in content] if isinstance(content, list) else content]


def _places(node: Node) -> Iterator[tuple[list[Node], int]]:
    """Yield (list, index) of every node below this one."""
    if isinstance(node[1], list):
        for at, inner in enumerate(node[1]):
            yield node[1], at
            yield from _places(inner)


def _set_tag(chance: random.Random, siblings: list[Node], at: int) -> None:
    siblings[at][0] = chance.choice(_TAGS)


def _set_content(chance: random.Random, siblings: list[Node], at: int) -> None:
    siblings[at][1] = chance.choice(_STRANGE)


def _set_byte(chance: random.Random, siblings: list[Node], at: int) -> None:
    content = siblings[at][1]
    if isinstance(content, bytes) and content:
        place = chance.randrange(len(content))
        value = chance.choice((chance.randrange(256), content[place] ^ 1 << chance.randrange(8)))
        siblings[at][1] = content[:place] + bytes([value]) + content[place + 1 :]


def _insert_byte(chance: random.Random, siblings: list[Node], at: int) -> None:
    content = siblings[at][1]
    if isinstance(content, bytes):
        place = chance.randrange(len(content) + 1)
        siblings[at][1] = content[:place] + bytes([chance.randrange(256)]) + content[place:]


def _cut(chance: random.Random, siblings: list[Node], at: int) -> None:
    content = siblings[at][1]
    siblings[at][1] = content[: chance.randrange(len(content) + 1)]


def _delete(chance: random.Random, siblings: list[Node], at: int) -> None:
    del siblings[at]


def _repeat(chance: random.Random, siblings: list[Node], at: int) -> None:
    siblings.insert(chance.randrange(len(siblings) + 1), _copy(siblings[at]))


def _swap(chance: random.Random, siblings: list[Node], at: int) -> None:
    other = chance.randrange(len(siblings))
    siblings[at], siblings[other] = siblings[other], siblings[at]


def _wrap(chance: random.Random, siblings: list[Node], at: int) -> None:
    siblings[at] = [chance.choice(_TAGS), [siblings[at]]]


def _add(chance: random.Random, siblings: list[Node], at: int) -> None:
    siblings.insert(at, [chance.choice(_TAGS), chance.choice(_STRANGE)])


_CHANGES: tuple[Callable[[random.Random, list[Node], int], None], ...] = (
    *(_set_tag, _set_content, _set_content, _set_byte, _set_byte, _insert_byte),
    *(_cut, _delete, _repeat, _swap, _wrap, _add),
)
