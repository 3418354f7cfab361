"""A board's authority and leaves, checked by cryptography and OpenSSL, for each key type."""

import json
import subprocess
from datetime import timedelta
from pathlib import Path

import micropython_server
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

_SERVER, _CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
_MAKE = """
import json, sys
import boardcert
me = boardcert.identity(directory=sys.argv[1], key_type=sys.argv[2], hostname="pump-7",
    names=["pump.example", "192.168.4.1", "fe80::1"], chain="authority")
before = me.authority
me.renew()
assert me.authority == before
print(json.dumps([[one.hex() for one in me.chain], me.report()]))
"""
_ACCEPTED = ("-verify_hostname pump-7.local", "-verify_hostname pump.example")
_ACCEPTED += ("-verify_ip 192.168.4.1", "-verify_ip fe80::1")


class Pair:
    """What one board serves, signed once more: leaf, authority, report, and PEM files."""

    def __init__(self, directory: Path, key_type: str) -> None:
        output = micropython_server.run(_MAKE, str(directory / "identity"), key_type)
        chain, self.report = json.loads(output)
        self.leaf, self.authority = [
            x509.load_der_x509_certificate(bytes.fromhex(one)) for one in chain
        ]
        self.files = directory / "leaf.pem", directory / "authority.pem"
        for file, one in zip(self.files, (self.leaf, self.authority), strict=True):
            file.write_bytes(one.public_bytes(Encoding.PEM))


@pytest.fixture(scope="module", params=["p384", "p256", "p521", "rsa2048"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """Return the certificates of a board with a key of each type."""
    return Pair(tmp_path_factory.mktemp("pair"), request.param)


def test_the_authoritys_profile(pair: Pair) -> None:
    """The authority has P-384 for any leaf, ten years, and exactly these extensions."""
    authority = pair.authority
    key = authority.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP384R1)
    assert isinstance(authority.signature_hash_algorithm, hashes.SHA384)
    common_name, number = list(authority.subject)
    assert (common_name.oid, common_name.value) == (NameOID.COMMON_NAME, "pump-7 authority")
    assert (number.oid, number.value) == (NameOID.SERIAL_NUMBER, pair.report["unique_id"])
    lifetime = authority.not_valid_after_utc - authority.not_valid_before_utc
    assert timedelta(days=3651) <= lifetime < timedelta(days=3652)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key)
    flags = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment")
    flags += ("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    usage = {flag: flag == "key_cert_sign" for flag in flags}
    names = [x509.DNSName("pump-7.local"), x509.DNSName("pump.example")]
    assert [(one.critical, one.value) for one in authority.extensions] == [
        (True, x509.BasicConstraints(ca=True, path_length=0)),
        (True, x509.KeyUsage(**usage)),
        (False, x509.ExtendedKeyUsage([_SERVER, _CLIENT])),
        (False, x509.NameConstraints(permitted_subtrees=names, excluded_subtrees=None)),
        (False, identifier),
        (False, x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)),
    ]


def test_the_leaf_is_the_authoritys(pair: Pair) -> None:
    """The leaf is signed by the authority for 397 days, and otherwise like a self-signed one."""
    leaf, authority = pair.leaf, pair.authority
    leaf.verify_directly_issued_by(authority)
    authority.verify_directly_issued_by(authority)
    assert leaf.issuer == authority.subject != leaf.subject
    assert leaf.serial_number != authority.serial_number
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(days=397)
    assert leaf.not_valid_after_utc < authority.not_valid_after_utc
    found = {one.oid: one.value for one in leaf.extensions}
    own = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    named = found[x509.AuthorityKeyIdentifier.oid]
    assert named == x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
    subject = x509.SubjectKeyIdentifier.from_public_key(leaf.public_key())
    assert found[x509.SubjectKeyIdentifier.oid] == subject
    assert found[x509.BasicConstraints.oid] == x509.BasicConstraints(ca=False, path_length=None)


@pytest.mark.parametrize(("name", "is_inside"), [("pump.example", True), ("a.example", False)])
def test_cryptography_verifies_it(pair: Pair, name: str, is_inside: bool) -> None:
    """cryptography's own path validation, with name constraints, accepts the leaf."""
    store = Store([pair.authority])
    verifier = PolicyBuilder().store(store).build_server_verifier(x509.DNSName(name))
    if is_inside:
        assert verifier.verify(pair.leaf, []) == [pair.leaf, pair.authority]
    else:
        with pytest.raises(VerificationError):
            verifier.verify(pair.leaf, [])


@pytest.mark.parametrize("how", [*_ACCEPTED, "-verify_hostname other.example"])
def test_openssl_verifies_it_strictly(pair: Pair, how: str) -> None:
    """openssl accepts it by name and address with the authority as anchor; no other name."""
    leaf, authority = pair.files
    words = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", *how.split()]
    words += ["-no-CApath", "-CAfile", str(authority), str(leaf)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.returncode == 0) is (how in _ACCEPTED), done.stdout + done.stderr
