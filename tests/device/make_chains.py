"""Make certificate chains and keys that can be installed; make_bad_chains has the others.

A case is (name, refused field: "chain", "key" or nothing, words of the message, chain, key or
nothing). All are made by cryptography; make_vectors writes them for vectors.py.
"""

import base64
import ipaddress
from collections.abc import Callable, Iterator

import unusual
from certificates import Identity, children, key_usage, make, tlv
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

Case = tuple[str, str, str, bytes, bytes]

PKCS8, SEC1 = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL
PKCS1 = SEC1
DER, PEM = Encoding.DER, Encoding.PEM


def pem(*identities: Identity) -> bytes:
    """Return their certificates."""
    texts = [base64.encodebytes(one.der).rstrip() for one in identities]
    return b"".join(armored(b"CERTIFICATE", text) for text in texts)


def armored(label: bytes, text: bytes) -> bytes:
    """Return *text* between the lines of PEM."""
    return b"-----BEGIN %b-----\n%b\n-----END %b-----\n" % (label, text, label)


def key_of(identity: Identity, form: PrivateFormat = PKCS8, encoding: Encoding = PEM) -> bytes:
    """Return its private key."""
    return identity.key.private_bytes(encoding, form, NoEncryption())


def encrypted(form: PrivateFormat, encoding: Encoding = PEM) -> bytes:
    """Return the key of LEAF, encrypted."""
    return LEAF.key.private_bytes(encoding, form, BestAvailableEncryption(b"secret"))


def authority(
    issuer: Identity | None = None,
    name: str = "Root",
    path_length: int | None = None,
    key: object = None,
    usage: x509.KeyUsage | None = None,
    days: tuple[float, float] = (-1, 3649),
    purpose: x509.ExtendedKeyUsage | None = None,
    more: dict[str, tuple[x509.ExtensionType, bool]] | None = None,
) -> Identity:
    """Make a CA, self-signed or signed by *issuer*, with *more* extensions."""

    def change(extensions: dict) -> None:
        usage_or_default = usage or key_usage(digital_signature=False, key_cert_sign=True)
        extensions["basic_constraints"] = (x509.BasicConstraints(True, path_length), True)
        extensions["key_usage"] = (usage_or_default, True)
        del extensions["extended_key_usage"], extensions["subject_alt_name"]
        if purpose:
            extensions["extended_key_usage"] = (purpose, False)
        extensions.update(more or {})

    return make(issuer=issuer, key=key, change=change, common_name=name, days=days)


def having(name: str, extension: x509.ExtensionType, critical: bool = False) -> Callable:
    """Return a change that sets this extension."""
    return lambda extensions: extensions.update({name: (extension, critical)})


def without(*names: str) -> Callable:
    """Return a change that removes these extensions."""
    return lambda extensions: [extensions.pop(name) for name in names]


def ec_key_elements(identity: Identity) -> list[bytes]:
    """Return the elements of its ECPrivateKey: version, scalar, curve, public key."""
    return children(contents(key_of(identity, SEC1, DER)))


def contents(element: bytes) -> bytes:
    """Return the content of a DER element."""
    return element[2 + (element[1] & 0x7F if element[1] & 0x80 else 0) :]


ROOT = authority()
CA = authority(ROOT, "Intermediate")
LEAF = make(issuer=CA)
SELF_SIGNED = make()
RSA_CA = authority(key=rsa.generate_private_key(65537, 2048), name="RSA")
RSA_LEAF = make(issuer=RSA_CA, key=rsa.generate_private_key(65537, 2048))


def accepted() -> Iterator[Case]:
    """Yield what can be installed; the virtual board tries the first two only."""

    def good(name: str, chain: bytes, key: bytes) -> Case:
        return name, "", "", chain, key

    yield good("two certificates, PKCS#8", pem(LEAF, CA), key_of(LEAF))
    yield good("by an RSA CA, SEC 1", pem(by_rsa := make(issuer=RSA_CA)), key_of(by_rsa, SEC1))
    yield good("with the root", pem(LEAF, CA, ROOT), key_of(LEAF))
    yield good("of an unknown CA", pem(LEAF), key_of(LEAF))
    yield good("self-signed, in DER", SELF_SIGNED.der, key_of(SELF_SIGNED, SEC1, DER))
    yield good("PKCS#8 in DER", pem(LEAF, CA), key_of(LEAF, PKCS8, DER))
    for curve in (ec.SECP256R1(), ec.SECP521R1()):
        other = make(issuer=RSA_CA, key=ec.generate_private_key(curve))
        yield good(f"{curve.name}, CA with RSA", pem(other, RSA_CA), key_of(other))
    yield good("RSA, PKCS#8", pem(RSA_LEAF, RSA_CA), key_of(RSA_LEAF))
    yield good("RSA, PKCS#1", pem(RSA_LEAF, RSA_CA), key_of(RSA_LEAF, PKCS1))
    noisy = (
        b"Certificate:\n    Data: 3\r\n" + pem(LEAF, CA).replace(b"\n", b"\r\n") + b"\r\nbye\r\n"
    )
    curve = armored(b"EC PARAMETERS", b"BgUrgQQAIg==")
    yield good("as openssl prints it", noisy.replace(b"\n", b"\r\n"), curve + key_of(LEAF, SEC1))
    version, scalar, curve, _ = ec_key_elements(LEAF)
    yield good("a key without its public half", pem(LEAF), tlv(0x30, version + scalar + curve))
    yield good("a key that is only a number", pem(LEAF), tlv(0x30, version + scalar))
    narrow = authority(ROOT, "Narrow", path_length=0)
    yield good("path length 0", pem(leaf := make(issuer=narrow), narrow), key_of(leaf))
    for oid in (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE):
        narrow = authority(ROOT, "Servers", purpose=x509.ExtendedKeyUsage([oid]))
        yield good(
            f"a CA for {oid.dotted_string}", pem(leaf := make(issuer=narrow), narrow), key_of(leaf)
        )
    for hash in (hashes.SHA256(), hashes.SHA512()):
        leaf = make(issuer=CA, hash=hash)
        yield good(f"signed with {hash.name}", pem(leaf, CA), key_of(leaf))
    leaf = make(issuer=CA, change=as_of_a_public_ca)
    yield good("with all that public CAs put in", pem(leaf, CA), key_of(leaf))
    leaf = make(issuer=CA, change=without("key_usage", "extended_key_usage", "basic_constraints"))
    yield good("without what is optional", pem(leaf, CA), key_of(leaf))
    for name, chain in texts():
        yield good(name, chain, key_of(LEAF))
    for name, key in keys():
        yield good(name, pem(LEAF, CA), key)
    weak = unusual.signed_with_sha1(LEAF, CA)
    yield good("signed with SHA-1", pem(weak), key_of(weak))
    yield good("signed with SHA-1, with its CA", pem(weak, CA), key_of(weak))
    renewed = authority(ROOT, "Root")
    leaf = make(issuer=renewed)
    yield good("by a CA with a new key and its old name", pem(leaf, renewed), key_of(leaf))


def texts() -> Iterator[tuple[str, bytes]]:
    """Yield (name, chain of LEAF and CA) as editors and programs write them."""
    text = pem(LEAF, CA)
    yield "a byte order mark", b"\xef\xbb\xbf" + text
    yield "two byte order marks", b"".join(b"\xef\xbb\xbf" + pem(one) for one in (LEAF, CA))
    windows = text.decode().replace("\n", "\r\n")
    yield "UTF-16", b"\xff\xfe" + windows.encode("utf-16-le")
    yield "UTF-16, the other way round", b"\xfe\xff" + windows.encode("utf-16-be")
    yield "blank lines", text.replace(b"\n", b"\n\n")
    yield "joined without a line break", pem(LEAF).rstrip() + pem(CA)
    yield "an older label", text.replace(b" CERTIFICATE", b" X509 CERTIFICATE")
    yield "the leaf twice", pem(LEAF, LEAF, CA)
    yield "the CA twice", pem(LEAF, CA, CA)


def keys() -> Iterator[tuple[str, bytes]]:
    """Yield (name, key of LEAF) as other programs write it."""
    yield "SEC 1 of GnuTLS", unusual.gnutls_key(LEAF.key)
    yield "PKCS#8 of python-ecdsa", unusual.python_ecdsa_key(LEAF.key)
    yield "PKCS#8 with the label of SEC 1", unusual.with_other_label(LEAF.key)
    yield "a compressed point", unusual.compressed_key(LEAF.key)
    yield "a key with a byte order mark", b"\xef\xbb\xbf" + key_of(LEAF)


def as_of_a_public_ca(extensions: dict) -> None:
    """Add the pointers, policies and SCTs that certificates of public CAs contain."""
    places = [x509.UniformResourceIdentifier("http://ca.example/1")]
    access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, places[0])
    notice = x509.UserNotice(x509.NoticeReference("CA", [1]), "K\u00f6ln")
    oid = x509.ObjectIdentifier("2.23.140.1.2.1")
    address = x509.IPAddress(ipaddress.ip_address("192.0.2.1"))
    names = [
        x509.DNSName(text) for text in ("a.example", "*.A.example", "xn--kln-sna", "192.0.2.1")
    ]
    more = {
        "subject_alt_name": x509.SubjectAlternativeName([*names, address, *places]),
        "access": x509.AuthorityInformationAccess([access]),
        "points": x509.CRLDistributionPoints([x509.DistributionPoint(places, None, None, None)]),
        "policies": x509.CertificatePolicies([x509.PolicyInformation(oid, ["http://a/", notice])]),
        "receipts": x509.UnrecognizedExtension(
            x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2"), tlv(4, b"\0\0")
        ),
    }
    extensions.update({name: (value, False) for name, value in more.items()})


def lines(cases: Iterator[Case]) -> Iterator[list[str]]:
    """Yield the fields of each case as hexadecimal."""
    for name, field, words, chain, key in cases:
        yield [part.hex() for part in (name.encode(), field.encode(), words.encode(), chain, key)]
