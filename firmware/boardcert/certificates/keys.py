"""Private keys: generate, read from DER, compare. The EC ones; those of RSA are in rsa."""

from ..asn1 import der
from ..modules import borrowed

CURVES = {
    b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07": "p256",  # 1.2.840.10045.3.1.7
    b"\x06\x05\x2b\x81\x04\x00\x22": "p384",  # 1.3.132.0.34
    b"\x06\x05\x2b\x81\x04\x00\x23": "p521",  # 1.3.132.0.35
}
"""Key types, in the words of settings, by the parameters of an ecPublicKey (RFC 5480, 2.1.1)."""

EC_PUBLIC_KEY = b"\x2a\x86\x48\xce\x3d\x02\x01"  # 1.2.840.10045.2.1
RSA_ENCRYPTION = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"  # 1.2.840.113549.1.1.1
"""Contents of OBJECT IDENTIFIERs; crypto.rsa, which imports nothing from here, has its own."""
RSA_PARAMETERS = b"\x05\x00"
"""NULL, in DER."""

# 1.2.840.10045.4.3, and then 2, 3, 4: SHA-256, SHA-384, SHA-512 (RFC 5758, 3.2)
_OID_ECDSA_WITH_SHA2 = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03"
SCALAR_BYTES = {"p256": 32, "p384": 48, "p521": 66}
"""As many as the order n has, zeros in front included (RFC 5915, section 3)."""


class PrivateKey:
    """An EC key pair. Its representation shows no secret."""

    def __init__(self, d: int, public_point: bytes, key_type: str = "p384") -> None:
        """*d*: the private scalar; *public_point*: Q uncompressed, 97 bytes for "p384"."""
        self.key_type = key_type
        self._d = d
        self._public_point = public_point

    def to_der(self) -> bytes:
        """Return the ECPrivateKey with its curve and public key (RFC 5915)."""
        return der.encode_sequence(
            der.encode_integer(1),
            der.encode_octet_string(self._d.to_bytes(SCALAR_BYTES[self.key_type], "big")),
            der.encode(der.context(0), self._encode_curve()),
            der.encode(der.context(1), der.encode_bit_string(self._public_point)),
        )

    @property
    def public_key_der(self) -> bytes:
        """The SubjectPublicKeyInfo (RFC 5480)."""
        return der.encode_sequence(
            der.encode_sequence(
                der.encode(der.OBJECT_IDENTIFIER, EC_PUBLIC_KEY), self._encode_curve()
            ),
            der.encode_bit_string(self._public_point),
        )

    @property
    def signature_algorithm(self) -> bytes:
        """The AlgorithmIdentifier of the signatures, in DER."""
        return der.encode_sequence(_OID_ECDSA_WITH_SHA2, bytes([self._digest_bytes() // 16]))

    def sign(self, data: bytes, random) -> bytes:
        """Return the DER ECDSA signature of *data* by the hash that goes with the curve."""
        from ..crypto import ecdsa

        curve = find_curve(self.key_type)
        lent = borrowed().begin()
        lent.at_once = False
        digest = ecdsa.hash_of_size(self._digest_bytes())[0](data)
        return ecdsa.encode_signature(ecdsa.sign(curve, self._d, digest, random, lent))

    def check(self, data: bytes, signature: bytes, random, signer=None) -> None:
        """Verify the key pair, and the DER *signature* of *data* by it, or by *signer*.

        *signer*: another key of the same curve, whose own pair was verified before.
        Raises InvalidSignature unless the signature fits, and the point is the scalar's (a wrong
        one on the curve goes unnoticed once in 2**30); ValueError when scalar or point is out of
        range, or the point not on the curve.
        """
        from ..crypto import ecdsa

        curve = find_curve(self.key_type)
        with borrowed() as lent:
            lent.at_once = False
            digest = ecdsa.hash_of_size(self._digest_bytes())[0](data)
        curve.check_scalar(self._d)
        key_pair = self._d, curve.decode_point(self._public_point)
        pair = ecdsa.decode_signature(signature)
        ecdsa.check_own(curve, key_pair, (digest, pair), random, signer and signer._d)

    def _digest_bytes(self) -> int:
        return min(SCALAR_BYTES[self.key_type], 64)

    def _encode_curve(self) -> bytes:
        for oid in CURVES:
            if CURVES[oid] == self.key_type:
                return oid
        raise ValueError("unknown key type")

    def __repr__(self) -> str:
        return f"<PrivateKey {self.key_type}>"


def signed(key, data: bytes, signature: bytes) -> bytes:
    """Return SEQUENCE { *data*, algorithm, signature }: a certificate, or a request, by *key*."""
    return der.encode_sequence(data, key.signature_algorithm, der.encode_bit_string(signature))


def generate(key_type: str, random, progress=None):
    """Return a new key pair of *key_type*, see settings: a PrivateKey or an rsa.RSAPrivateKey.

    d is a number of at least 64 bits more than n has, reduced to 1 .. n - 1 (FIPS 186-5 A.2.1).
    *progress* is called during the search for an RSA key. *random*: random(n) -> n bytes.
    """
    if key_type.startswith("rsa"):
        bits = int(key_type[3:])
        from ..crypto import rsa_generate

        return rsa_generate.generate(bits, random, progress)
    if key_type not in SCALAR_BYTES:
        raise ValueError("unknown key type")
    from ..crypto.drbg import random_nonzero

    curve = find_curve(key_type)
    d = random_nonzero(curve.n, curve.size_bytes, random)
    return PrivateKey(d, curve.encode_point(curve.multiply_base(d, random)), key_type)


def from_der(data: bytes):
    """Return the key pair of an ECPrivateKey with its curve and public key (RFC 5915).

    Or that of a PKCS#1 RSAPrivateKey (RFC 8017). Raises ValueError for anything else. That scalar
    and point belong together is not computed here: see check.
    """
    version, offset, content = _begin(data)
    if content[offset : offset + 1] == bytes((der.INTEGER,)):
        from ..crypto.rsa import RSAPrivateKey

        return RSAPrivateKey.from_der(data)
    scalar, offset = der.decode_next(content, der.OCTET_STRING, offset)
    curve, offset = der.decode_next(content, der.context(0), offset)
    public_key = der.decode_one(content[offset:], der.context(1))
    point = der.decode_bit_string(der.decode_one(public_key, der.BIT_STRING))
    key_type = CURVES.get(curve)
    if version != 1 or key_type is None or len(scalar) != SCALAR_BYTES[key_type]:
        raise ValueError("not an EC private key on P-256, P-384 or P-521")
    if len(point) != 2 * len(scalar) + 1 or point[0] != 4:
        raise ValueError("not an uncompressed point of the key's curve")
    return PrivateKey(int.from_bytes(scalar, "big"), point, key_type)


def key_matches(private_key: bytes, public_key_der: bytes) -> bool:
    """Return whether a private key, in one of from_der's forms, has this SubjectPublicKeyInfo.

    Compares the two without computing: that the pair belongs together was verified when the key was
    made. ValueError if the private key is of neither form.
    """
    version, offset, content = _begin(private_key)
    if content[offset : offset + 1] != bytes((der.INTEGER,)):
        return from_der(private_key).public_key_der == public_key_der
    _, end = der.decode_next(content, der.INTEGER, offset)
    _, end = der.decode_next(content, der.INTEGER, end)
    if version:
        raise ValueError("not an RSA private key")
    spki = der.encode_sequence(
        der.encode_sequence(der.encode(der.OBJECT_IDENTIFIER, RSA_ENCRYPTION), RSA_PARAMETERS),
        der.encode_bit_string(der.encode_sequence(content[offset:end])),
    )
    return spki == public_key_der


def _begin(data: bytes) -> tuple:
    """Return (the version, the offset after it, the content) of a private key."""
    content = der.decode_one(data, der.SEQUENCE)
    version, offset = der.decode_next(content, der.INTEGER, 0)
    return der.decode_integer(version), offset, content


def find_curve(key_type: str):
    """Return the ec.Curve of an EC *key_type*."""
    if key_type == "p384":
        from ..crypto.ec import P384

        return P384
    from ..crypto import curves

    # Named, not looked for by a text: names are others on a board, see shorten.
    return curves.P256 if key_type == "p256" else curves.P521
