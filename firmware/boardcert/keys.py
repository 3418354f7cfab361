"""Private keys: generate, store as SEC 1 DER, sign."""

from micropython import const

from . import der

_VERSION = const(1)
_OID_EC_PUBLIC_KEY = "1.2.840.10045.2.1"
_OID_SECP384R1 = "1.3.132.0.34"
_SCALAR_BYTES = const(48)


class PrivateKey:
    """An ECC P-384 key pair. Its representation shows no secret."""

    key_type = "p384"

    def __init__(self, d: int, public_point: bytes) -> None:
        """*d*: the private scalar; *public_point*: Q as 97 bytes, uncompressed."""
        self._d = d
        self._public_point = public_point

    @classmethod
    def generate(cls, key_type: str, random, progress=None) -> "PrivateKey":
        """Return a new key pair of *key_type*, "p384".

        d is 448 random bits reduced to 1 .. n - 1 (FIPS 186-5 A.2.1). *progress*, a
        callback, is called with what is being done. *random*: random(n) -> n bytes.
        """
        if key_type != cls.key_type:
            raise ValueError("unknown key type")
        from .ec import P384, random_nonzero

        if progress:
            progress("generating the key")
        d = random_nonzero(P384.n, P384.size_bytes, random)
        return cls(d, P384.encode_point(P384.multiply_base(d, random)))

    @classmethod
    def from_der(cls, data: bytes) -> "PrivateKey":
        """Return the key pair of an ECPrivateKey with its curve and public key (RFC 5915).

        Raises ValueError for anything else. That scalar and point belong together is not
        computed here: see check.
        """
        content = der.decode_one(data, der.SEQUENCE)
        version, offset = der.decode_next(content, der.INTEGER, 0)
        scalar, offset = der.decode_next(content, der.OCTET_STRING, offset)
        parameters, offset = der.decode_next(content, der.context(0), offset)
        public_key = der.decode_one(content[offset:], der.context(1))
        if der.decode_integer(version) != _VERSION or len(scalar) != _SCALAR_BYTES:
            raise ValueError("not a P-384 private key")
        if der.decode_oid(der.decode_one(parameters, der.OBJECT_IDENTIFIER)) != _OID_SECP384R1:
            raise ValueError("not a P-384 private key")
        point = der.decode_bit_string(der.decode_one(public_key, der.BIT_STRING))
        if len(point) != 2 * _SCALAR_BYTES + 1 or point[0] != 4:
            raise ValueError("not an uncompressed P-384 point")
        return cls(int.from_bytes(scalar, "big"), point)

    def to_der(self) -> bytes:
        """Return the ECPrivateKey with its curve and public key (RFC 5915)."""
        return der.encode_sequence(
            der.encode_integer(_VERSION),
            der.encode_octet_string(self._d.to_bytes(_SCALAR_BYTES, "big")),
            der.encode(der.context(0), der.encode_oid(_OID_SECP384R1)),
            der.encode(der.context(1), der.encode_bit_string(self._public_point)),
        )

    @property
    def public_key_der(self) -> bytes:
        """The SubjectPublicKeyInfo (RFC 5480)."""
        return der.encode_sequence(
            der.encode_sequence(der.encode_oid(_OID_EC_PUBLIC_KEY), der.encode_oid(_OID_SECP384R1)),
            der.encode_bit_string(self._public_point),
        )

    def sign(self, data: bytes, random) -> bytes:
        """Return the DER ECDSA signature of SHA-384 of *data*."""
        from . import ecdsa
        from .ec import P384
        from .sha384 import sha384

        return ecdsa.encode_signature(*ecdsa.sign(P384, self._d, sha384(data), random))

    def check(self, data: bytes, signature: bytes, random) -> None:
        """Make sure of the key pair and of the DER *signature* of *data* by it.

        Raises InvalidSignature unless the signature fits, and the point is the scalar's (a wrong
        one on the curve goes unnoticed once in 2**30); ValueError when scalar or point is out of
        range, or the point not on the curve.
        """
        from . import ecdsa
        from .ec import P384
        from .sha384 import sha384

        P384.check_scalar(self._d)
        point = P384.decode_point(self._public_point)
        r, s = ecdsa.decode_signature(signature)
        ecdsa.check_own(P384, self._d, point, sha384(data), r, s, random)

    def __repr__(self) -> str:
        return f"<PrivateKey {self.key_type}>"
