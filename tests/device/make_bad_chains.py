"""Make certificate chains and keys that must be refused; see make_chains."""

from collections.abc import Callable, Iterator

import unusual
from certificates import Identity, children, key_usage, make, rewrite, tlv
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from make_chains import (
    CA,
    DER,
    LEAF,
    PKCS8,
    ROOT,
    RSA_CA,
    RSA_LEAF,
    SEC1,
    SELF_SIGNED,
    Case,
    armored,
    authority,
    contents,
    ec_key_elements,
    encrypted,
    having,
    key_of,
    pem,
)


def refused() -> Iterator[Case]:
    """Yield what must be refused; the virtual board tries the first two only."""
    impostor = authority(ROOT, "Intermediate")
    chain = pem(LEAF, impostor)
    yield "another CA of that name", "chain", "certificate 1 was not", chain, key_of(LEAF)
    yield "the key of another", "key", "not that of", pem(LEAF, CA), key_of(SELF_SIGNED)
    yield from refused_texts()
    yield from refused_keys()
    yield from refused_leaves()
    yield from refused_fields()
    yield from refused_extensions()
    yield from refused_chains()


def refused_texts() -> Iterator[Case]:
    """Yield texts that cannot be read."""

    def bad(name: str, words: str, chain: bytes, key: bytes = b"") -> Case:
        return name, "chain", words, chain, key or key_of(LEAF)

    good = pem(LEAF, CA)
    yield bad("nothing", "neither PEM", b"")
    yield bad("text that is no PEM", "neither PEM", b"Dear board, please find attached")
    yield bad("zero bytes", "zero bytes", good[:200] + b"\0" + good[200:])
    yield bad("UTF-16 without its mark", "neither PEM", good.decode().encode("utf-16-le"))
    yield bad("not UTF-8", "not UTF-8", good + b"\xff\xfe")
    yield bad("cut off", "cut off", good[: len(good) // 4])
    yield bad("the end twice", "does not belong", good + b"-----END CERTIFICATE-----\n")
    yield bad("a line torn", "does not belong", good.replace(b"\n-----END", b"\n-----\n-----END"))
    yield bad("another end", "does not belong", good.replace(b"END CERT", b"END X509 CERT", 1))
    yield bad("a character too many", "not base64", good.replace(b"MII", b"MII!", 1))
    yield bad("a character too few", "not base64", good.replace(b"MII", b"MI", 1))
    yield bad("an empty block", "not base64", armored(b"CERTIFICATE", b""))
    yield bad("text in a block", "not base64", armored(b"CERTIFICATE", b"Proc-Type: none"))
    yield bad("another kind", "X509 CRL where", armored(b"X509 CRL", b"MAA="))
    yield bad("only a key", "PRIVATE KEY where CERTIFICATE", key_of(LEAF))
    yield bad("a key among them", "PRIVATE KEY where CERTIFICATE", good + key_of(LEAF))
    yield bad("no certificate", "cannot be read", armored(b"CERTIFICATE", b"MAA="))
    yield bad("bytes left over", "cannot be read: DER: bytes left over", LEAF.der + b"\0")
    yield bad("two in DER", "cannot be read: DER: bytes left over", LEAF.der + CA.der)
    yield bad("truncated", "cannot be read: DER: truncated", LEAF.der[:-1])
    p12, p7b = tlv(0x30, b"\2\1\3" + tlv(0x30, b"")), bytes.fromhex("300b06092a864886f70d010702")
    for name, data in (("PKCS#12", p12), ("PKCS#7", p7b)):
        yield bad(name, "not a certificate; for PKCS#12 and PKCS#7, use boardcert install", data)
    yield bad("four", "1 to 3", pem(LEAF, CA, ROOT, RSA_CA))
    yield bad("much text", "too many", good + b"x" * 24576)
    large = x509.SubjectAlternativeName([x509.DNSName(f"{i:050}.example") for i in range(70)])
    long = make(issuer=CA, change=having("subject_alt_name", large))
    yield bad("a long chain", "too long to be sent", pem(long, CA), key_of(long))


def refused_keys() -> Iterator[Case]:
    """Yield keys that cannot be read, or do not match."""

    def bad(name: str, words: str, key: bytes) -> Case:
        return name, "key", words, pem(LEAF, CA), key

    yield bad("no key, and not the board's", "private key is needed", b"")
    yield bad("a certificate", "CERTIFICATE where PRIVATE KEY", pem(LEAF))
    yield bad("two keys", "one private key is needed, not 2", key_of(LEAF) + key_of(LEAF))
    yield bad("encrypted", "is encrypted", encrypted(PKCS8))
    yield bad("encrypted as in old times", "is encrypted", encrypted(SEC1))
    yield bad("encrypted, in DER", "is encrypted", encrypted(PKCS8, DER))
    yield bad("OpenSSH's form", "OPENSSH PRIVATE KEY where", key_of(LEAF, PrivateFormat.OpenSSH))
    yield bad("Ed25519", "can use: 1.3.101.112", ed25519_key())
    for curve in (ec.SECP256K1(), ec.BrainpoolP384R1()):
        other = Identity(ec.generate_private_key(curve), b"")
        yield bad(curve.name, "not an EC private key on P-256, P-384 or P-521", key_of(other))
    yield bad(
        "P-256", "not that of", key_of(Identity(ec.generate_private_key(ec.SECP256R1()), b""))
    )
    yield bad("RSA", "not that of", key_of(RSA_LEAF))
    yield bad("bytes left over", "DER: bytes left over", key_of(LEAF, SEC1, DER) + b"\0")
    yield bad("truncated", "DER: truncated", key_of(LEAF, PKCS8, DER)[:-1])
    yield bad("another SEQUENCE", "not a private key in", tlv(0x30, tlv(2, b"\1") * 3))
    version, _, curve, point = ec_key_elements(LEAF)
    scalar = ec_key_elements(SELF_SIGNED)[1]
    mixed = tlv(0x30, version + scalar + curve + point)
    yield bad("halves of two keys", "does not match its public key", mixed)
    for name, content in (("zero", bytes(48)), ("n and more", b"\xff" * 48), ("short", b"\1")):
        changed = tlv(0x30, version + tlv(4, content) + curve + point)
        yield bad(f"the scalar {name}", "", changed)
    unbroken = key_of(LEAF, SEC1).replace(b"\n", b" ")
    yield bad("on one line", "lost its line breaks", unbroken)
    elements = contents(key_of(LEAF, PKCS8, DER))
    for name, more in (("an element", b"\5\0"), ("a key", children(elements)[2])):
        changed = tlv(0x30, elements + more)
        yield bad(f"{name} more in PKCS#8", "not a PKCS#8 key", changed)
    yield bad("the curve twice", "not a private key", tlv(0x30, version + scalar + curve * 2))


def ed25519_key() -> bytes:
    """Return an Ed25519 key."""
    return key_of(Identity(ed25519.Ed25519PrivateKey.generate(), b""))


def refused_leaves() -> Iterator[Case]:
    """Yield certificates that no client accepts for a server, or that cannot be served."""

    def bad(name: str, words: str, leaf: Identity, *chain: Identity) -> Case:
        return name, "chain", words, pem(leaf, *chain), key_of(leaf)

    yield bad("a CA", "must not be a CA's", ROOT)
    for curve in (ec.SECP256K1(), ec.BrainpoolP384R1(), ec.SECP224R1()):
        other = make(issuer=RSA_CA, key=ec.generate_private_key(curve))
        yield bad(curve.name, "cannot be served", other, RSA_CA)
    edwards = ed25519.Ed25519PrivateKey.generate()
    yield bad("Ed25519", "cannot be served", make(issuer=CA, key=edwards))
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505 (to be refused)
    yield bad("RSA of 1024 bits", "cannot be served: rsa1024", make(issuer=CA, key=short), CA)
    yield bad("expired", "certificate 1 has expired", make(issuer=CA, days=(-9, -1)), CA)
    yield bad("of tomorrow", "certificate 1 is not valid before", make(issuer=CA, days=(2, 9)), CA)
    empty = rewrite(SELF_SIGNED, lambda elements: elements.__setitem__(6, tlv(0x30, b"")))
    yield bad("no public key", "DER: truncated", empty)
    name = tlv(0x30, tlv(0x31, tlv(0x30, tlv(2, b"\1"))))
    odd = rewrite(SELF_SIGNED, lambda elements: elements.__setitem__(3, name))
    yield bad("a name that is none", "DER: tag 0x2 where 0x6 belongs", odd)
    version_1 = rewrite(SELF_SIGNED, lambda elements: (elements.pop(), elements.pop(0)))
    yield bad("version 1", "version 1, without names; with openssl", version_1)
    new = unusual.signed_with_sha3(SELF_SIGNED)
    yield bad("signed with SHA-3", "certificate 1 is signed with 2.16.840.1.101.3.4.3.10", new)
    yield bad("RSASSA-PSS", "is signed with RSASSA-PSS", unusual.pss_without_parameters())
    compressed = unusual.compressed(LEAF, CA)
    yield bad("a compressed point", "p384, compressed", compressed, CA)
    yield bad("for RSASSA-PSS alone", "cannot be served", unusual.for_pss_alone(CA))
    altered = Identity(SELF_SIGNED.key, SELF_SIGNED.der[:-1] + bytes([SELF_SIGNED.der[-1] ^ 1]))
    yield bad("its own signature altered", "certificate 1 was not signed", altered)


def refused_fields() -> Iterator[Case]:
    """Yield fields that the firmware would send and some or all clients cannot read."""

    def bad(name: str, words: str, at: int, element: bytes) -> Case:
        odd = rewrite(SELF_SIGNED, lambda elements: elements.__setitem__(at, element))
        return name, "chain", words, pem(odd), key_of(odd)

    def named(tag: int, text: bytes, *more: bytes) -> bytes:
        attribute = tlv(0x30, bytes.fromhex("0603550403") + tlv(tag, text))
        return tlv(0x30, tlv(0x31, attribute + b"".join(more)))

    for serial in (b"\xff", b"\0", b"\1" * 21, b"\0\1", b""):
        yield bad(f"the serial number {serial.hex()}", "", 1, tlv(2, serial))
    strings = [(0x1E, b"kitchen"), (0x1E, b"\xd8\0\0k"), (0x1C, b"kitchen"), (0x13, b"k@k")]
    strings += [(0x0C, b"\xc0\xbc"), (0x0C, b"k\0"), (0x0C, b"\xed\xa0\x80"), (0x0C, b"\x1b[2J")]
    strings += [(0x0C, b"\xc2"), (0x0C, b"\xf4\x90\x80\x80"), (0x0C, b""), (0x0C, b"k" * 257)]
    strings += [(0x16, b"\xe4"), (0x14, b"\xe4"), (0x12, b"k"), (4, b"k"), (2, b"\1")]
    for tag, text in strings:
        yield bad(f"the name {tag:#x} {text[:9].hex()}", "a name has", 5, named(tag, text))
    for tag, text in ((0x13, b"DEU"), (0x1E, b"DE"), (0x0C, b"\xc3\xa4"), (0x13, b"4 ")):
        attribute = tlv(0x30, bytes.fromhex("0603550406") + tlv(tag, text))
        name = tlv(0x30, tlv(0x31, attribute))
        yield bad(f"the country {tag:#x} {text.hex()}", "two letters", 5, name)
    yield bad("an empty part of a name", "part of a name is empty", 5, tlv(0x30, tlv(0x31, b"")))
    yield bad("no issuer", "its issuer has no name", 3, tlv(0x30, b""))
    dates = tlv(0x30, tlv(0x17, b"270101000000Z") + tlv(0x17, b"260101000000Z"))
    yield bad("the end before the begin", "", 4, dates)
    yield from refused_names()
    yield from refused_usages()


def refused_names() -> Iterator[Case]:
    """Yield subjectAltNames that clients cannot read, or read differently."""
    texts = (b"\xc0\xbc", b"a\0b", b"a b", b"<b>", b"\x1b[2J", b"", b"-a", b"a-", b"a..b", b"a.")
    texts += (b".a", b"a_b", b"*", b"*.", b"a.*", b"*.*.a", b"a" * 64, b"\xe2\x80\xae")
    values = [(text[:9].hex(), "not a host name", tlv(0x82, text)) for text in texts]
    values += [("an address as a name", "write IP:192.0.2.1", tlv(0x82, b"192.0.2.1"))]
    values += [("an address of 5 bytes", "", tlv(0x87, b"\1" * 5))]
    values += [("a long name", "a DNS name of 255", tlv(0x82, b"a." * 127 + b"a"))]
    values += [("no name", "an empty list", b"")]
    values += [("a URI with a space", "printable ASCII", tlv(0x86, b"http://a b"))]
    values += [("a name of an unknown kind", "not used (0xa5)", tlv(0xA5, b""))]
    halves = (("half a character", 0x1E, b"kitchen"), ("half a character", 0x1C, b"kitchen"))
    for title, tag, content in (*halves, ("a long number", 0x0A, b"\0\1")):
        own = tlv(0xA0, bytes.fromhex("06032a0304") + tlv(0xA0, tlv(tag, content)))
        values += [(f"{title} in a name of its own kind, {tag:#x}", "DER: ", own)]
    for title, words, names in values:
        odd = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, tlv(0x30, names))
        leaf = make(issuer=CA, change=having("subject_alt_name", odd))
        yield f"subjectAltName: {title}", "chain", words, pem(leaf, CA), key_of(leaf)


def refused_usages() -> Iterator[Case]:
    """Yield extensions that OpenSSL calls invalid, or that make no sense."""
    usage = x509.KeyUsage.oid
    values = [("a CA's use", usage, "keyCertSign", tlv(3, b"\2\x84"))]
    for bits in (b"\0", b"\x08\x80", b"\7\xc0", b"\1", b"\7\0", b"\0\x80\0\0", b"\0\x81"):
        values.append((bits.hex(), usage, "", tlv(3, bits)))
    values += [
        ("no purpose", x509.ExtendedKeyUsage.oid, "", tlv(0x30, b"")),
        ("no identifier", x509.SubjectKeyIdentifier.oid, "an empty identifier", tlv(4, b"")),
        ("half an issuer", x509.AuthorityKeyIdentifier.oid, "", tlv(0x30, tlv(0x82, b"\1"))),
        ("a policy twice", x509.CertificatePolicies.oid, "", tlv(0x30, tlv(0x30, b"\6\1\x2a") * 2)),
        ("two elements", ObjectIdentifier("1.3.6.1.5.5.7.1.99"), "not one element", b"\5\0\5\0"),
    ]
    for title, oid, words, value in values:
        odd = x509.UnrecognizedExtension(oid, value)
        leaf = make(issuer=CA, change=having(_NAMES.get(oid, title), odd))
        yield f"{oid.dotted_string}: {title}", "chain", words, pem(leaf, CA), key_of(leaf)


# The names of the replaced extensions in certificates.profile.
_NAMES = {
    x509.KeyUsage.oid: "key_usage",
    x509.ExtendedKeyUsage.oid: "extended_key_usage",
    x509.SubjectKeyIdentifier.oid: "subject_key_identifier",
    x509.AuthorityKeyIdentifier.oid: "authority_key_identifier",
}


def refused_extensions() -> Iterator[Case]:
    """Yield certificates with extensions that forbid serving, or cannot be read."""

    def bad(name: str, words: str, leaf: Identity) -> Case:
        return name, "chain", words, pem(leaf, CA), key_of(leaf)

    def changed(name: str, words: str, change: Callable) -> Case:
        return bad(name, words, make(issuer=CA, change=change))

    for_clients = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    yield changed("for clients", "serverAuth", having("extended_key_usage", for_clients))
    to_agree = key_usage(digital_signature=False, key_agreement=True)
    yield changed("to agree on keys", "digitalSignature", having("key_usage", to_agree, True))
    oid = ObjectIdentifier("1.3.6.1.4.1.55738.1")
    unknown = x509.UnrecognizedExtension(oid, b"\5\0")
    yield changed("critical", "1.3.6.1.4.1.55738.1", having("unknown", unknown, True))
    for value in (b"\1\1\1", b"\4\1\xff", b"\1\1\xff\4\1\0", b"\1\1\xff\2\1\0\5\0"):
        odd = x509.UnrecognizedExtension(x509.BasicConstraints.oid, tlv(0x30, value))
        change = having("basic_constraints", odd, True)
        yield changed(value.hex(), "certificate 1 cannot be read: basicConstraints", change)
    names = x509.SubjectAlternativeName([x509.DNSName(f"{i}.example") for i in range(65)])
    yield changed("many names", "65 names are too many", having("subject_alt_name", names))
    staple = x509.TLSFeature([x509.TLSFeatureType.status_request])
    yield changed("must-staple", "must-staple", having("tls_feature", staple))
    for number in (7, 8):
        oid = ObjectIdentifier(f"1.3.6.1.5.5.7.1.{number}")
        resources = having("resources", x509.UnrecognizedExtension(oid, tlv(0x30, b"")))
        yield changed(f"resources of routers, {number}", "RFC 3779", resources)

    def twice(elements: list[bytes]) -> None:
        extensions = contents(contents(elements[7]))
        elements[7] = tlv(0xA3, tlv(0x30, extensions + children(extensions)[0]))

    yield bad("an extension twice", "an extension twice", rewrite(SELF_SIGNED, twice))

    def long_oid(elements: list[bytes]) -> None:
        extension = tlv(0x30, tlv(6, b"\x2a" + b"\xff" * 3000 + b"\1") + b"\1\1\xff" + tlv(4, b""))
        elements[7] = tlv(0xA3, tlv(0x30, contents(contents(elements[7])) + extension))

    yield bad("a long OID", "identifier too long", rewrite(SELF_SIGNED, long_oid))


def refused_chains() -> Iterator[Case]:
    """Yield chains with a broken link."""

    def bad(name: str, words: str, *chain: Identity) -> Case:
        return name, "chain", words, pem(*chain), key_of(chain[0])

    narrow = x509.NameConstraints([x509.DNSName("kitchen.local")], None)
    narrow_ca = authority(ROOT, "Narrow", more={"name_constraints": (narrow, True)})
    leaf = make(issuer=narrow_ca)
    yield bad(
        "name constraints",
        "certificate 2 has a critical extension that the board's TLS cannot "
        "read: nameConstraints, 2.5.29.30",
        leaf,
        narrow_ca,
    )
    yield bad("the wrong way round", "the board's own certificate comes first", CA, LEAF)
    yield bad("CAs swapped", "after certificate 1 comes its issuer, Intermediate", LEAF, ROOT, CA)
    yield bad(
        "another CA", "issued by Intermediate, but certificate 2 belongs to RSA", LEAF, RSA_CA
    )
    yield bad("one missing", "but certificate 2 belongs to Root", LEAF, ROOT)
    yield bad("one too many", "belongs to RSA", SELF_SIGNED, RSA_CA)
    yield bad(
        "signed by a server", "not a CA's", make(issuer=SELF_SIGNED, common_name="x"), SELF_SIGNED
    )
    other = authority(usage=key_usage(crl_sign=True), name="Other")
    yield bad("a CA for lists", "not a CA's", make(issuer=other), other)
    for_clients = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    other = authority(ROOT, "Clients", purpose=for_clients)
    yield bad("a CA for clients", "not for servers", make(issuer=other), other)
    root = authority(path_length=0, name="Root 0")
    middle = authority(root, "Middle")
    yield bad("too deep", "allows 0 more CAs", make(issuer=middle), middle, root)
    old = authority(ROOT, "Old", days=(-9, -1))
    yield bad("an expired CA", "certificate 2 has expired", make(issuer=old), old)
    new = authority(ROOT, "New", days=(2, 9))
    yield bad("a CA of tomorrow", "certificate 2 is not valid before", make(issuer=new), new)
    impostor = authority(name="Root")
    yield bad("another root", "certificate 2 was not signed", LEAF, CA, impostor)
