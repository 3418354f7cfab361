"""`show`, `verify`, `install` and `ca sign` on mutated files: messages, never a traceback.

    python tests/certificates/fuzz_reading.py FIRST COUNT

tries the mutations with these numbers of certificates, requests and keys of many kinds, some 60 a
second, and a sixth as many of PKCS#12; each kind of exception is printed once. `make test` tries
the first hundreds, see test_reading_fuzz.
"""

import contextlib
import datetime
import sys
import traceback
import warnings
from collections import Counter
from pathlib import Path

if __name__ == "__main__":
    _SHARED = Path(__file__).resolve().parents[1] / "shared"
    sys.path.append(str(_SHARED))

from boardcert_host.board.installable import Installable, check_installable, missing_issuer
from boardcert_host.ca import csr
from boardcert_host.certificates import certificate, items, read_files
from boardcert_host.certificates.unreadable import UNREADABLE
from boardcert_host.errors import Error
from boardcert_host.show import describe
from boardcert_host.verify import comparisons
from boardcert_host.verify.checks import certificate_checks
from boardcert_host.verify.outcomes import Expected
from certificate_mutations import KEY, mutants, seeds
from certificates import key_usage, name, profile, tlv
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)

_NOW = datetime.datetime(2026, 11, 21, 5, tzinfo=datetime.timezone.utc)
# Generated for this test, so that a mutation's number means the same bytes in every run.
_P = int(
    "d3656e69d7e0a68269a8ae6161196a0726fc61a69f241a0204251f252222818975dcc68a61153b18888e3900"
    "a0556a30c7006d2b27f5a68b59aafd342a13180d79f814ca93c96b9ceccdebf36db0f9295ad10895ad4c9b8a"
    "bfc6b178cdf1dd7964aaec9fde0998f0384febfe86f5b51dcf60d4898f3ff74d736620586f606811",
    16,
)
_Q = int(
    "c58bd46a59804034c2680e4a4482b8586c406c24220fa74a54b962dfc4df3a49c18d607b7187eb8256f682f9"
    "b9e059d7b215f0c83ae5bfea9eca06e594a578252650372971c93991131d7d50c2b9cdc1b94287758bd03e7f"
    "ac75032d509cd5d6ac94fb1039782924903846924338c677df7ef342f5802d26f1886d8e7ef6e4fb",
    16,
)
_RSA = rsa.RSAPrivateNumbers(
    _P,
    _Q,
    pow(65537, -1, (_P - 1) * (_Q - 1)),
    pow(65537, -1, _P - 1),
    pow(65537, -1, _Q - 1),
    rsa.rsa_crt_iqmp(_P, _Q),
    rsa.RSAPublicNumbers(65537, _P * _Q),
).private_key()
_EDWARDS = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
# Messages of cryptography about damage, meant for programmers.
_OF_THE_LIBRARY = ("ParseError", "deserialize", "parse", "b'", "OpenSSL", "must be", "Invalid")
_PBES2 = bytes.fromhex("06092a864886f70d01050d")


def files() -> list[bytes]:
    """Return one file of each kind, in DER: certificates, requests, keys, containers."""
    request = x509.CertificateSigningRequestBuilder(name())
    request = request.add_extension(key_usage(), True)
    request = request.add_extension(profile(KEY)["subject_alt_name"][0], False)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 0)  # Without a salt, nothing is random.
    builder = x509.CertificateBuilder(name(), name(), _RSA.public_key(), 1 << 100)
    builder = builder.not_valid_before(_NOW).not_valid_after(_NOW + datetime.timedelta(days=9))
    certificates = [
        builder.sign(_RSA, hashes.SHA256(), rsa_padding=pss),
        builder.sign(_RSA, hashes.SHA256()),
        builder.sign(_EDWARDS, None),
    ]
    requests = [
        request.sign(KEY, hashes.SHA384(), ecdsa_deterministic=True),
        request.sign(_RSA, hashes.SHA256(), rsa_padding=pss),
    ]
    forms = (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)
    keys = [
        key.private_bytes(Encoding.DER, form, NoEncryption())
        for key in (_RSA, KEY)
        for form in forms
    ]
    own = x509.load_der_x509_certificate(seeds()[0])
    return [
        *seeds(),
        *(one.public_bytes(Encoding.DER) for one in (*certificates, *requests)),
        *keys,
        tlv(0x30, tlv(0x30, _PBES2 + tlv(0x30, b"")) + tlv(4, bytes(48))),
        pkcs7.serialize_certificates([own, *certificates], Encoding.DER),
    ]


def pkcs12_file() -> bytes:
    """Return a PKCS#12 file without encryption, so that its mutations reach the contents."""
    own = x509.load_der_x509_certificate(seeds()[0])
    return pkcs12.serialize_key_and_certificates(b"a", KEY, own, None, NoEncryption())


def read(data: bytes) -> None:
    """Process *data* as the commands do; an Error is their message."""
    found = [*items.read_items(data, lambda: "secret"), *items.read_chain([data])]
    for item in found:
        if item.reason and any(word in item.reason for word in _OF_THE_LIBRARY):
            raise AssertionError(f"not for users: {item.reason}")
    describe.show_items(found, _NOW)
    for step in (read_files.read_certificates, lambda data, name: csr.read_request(data)):
        with contextlib.suppress(Error):
            step(data, "file")
    with contextlib.suppress(Error):
        read_files.key_of(found, "file")
    with contextlib.suppress(Error):
        chain = read_files.in_order(read_files.certificates_of(found, "file"))
        files = Installable(chain)
        missing_issuer(files, chain)
        check_installable(files, "kitchen.example", _NOW)
    _verify(data)


def _verify(data: bytes) -> None:
    """Check *data* as verify._judge checks a certificate that a server has sent."""
    try:
        found = certificate.parse(data)
    except ValueError:
        return
    for is_issued in (False, True):
        certificate_checks(found, Expected("kitchen.example", is_issued, _NOW))
    try:
        described = certificate.describe(found)
    except UNREADABLE:
        return
    known = comparisons.recognise("kitchen.example", (), "kitchen.example", described)
    comparisons.comparisons(described, None, known, None)


def main(first: int, count: int) -> int:
    """Print each kind of exception with its first mutation; return how many there were."""
    found: Counter[str] = Counter()
    warnings.simplefilter("ignore", UserWarning)
    containers = mutants(first, count // 6, [pkcs12_file()])
    numbered = enumerate((*mutants(first, count, files()), *containers), first)
    for number, data in numbered:
        try:
            read(data)
        except BaseException as error:  # This includes a panic in cryptography.
            if isinstance(error, KeyboardInterrupt):
                raise
            where = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}"
            if not found[kind]:
                print(f"{number}: {kind}: {error}\n{data.hex()}", flush=True)
                traceback.print_exception(error)
            found[kind] += 1
    print(f"{count} mutations, {found.total()} exceptions")
    return found.total()


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]), int(sys.argv[2]))))
