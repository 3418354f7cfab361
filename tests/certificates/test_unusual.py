"""Certificates and keys as other programs write them are read and described."""

import base64
import hashlib
import subprocess
import sys

import pytest
import unusual
from boardcert_host.ca.store import Store
from boardcert_host.certificates import read_files
from boardcert_host.certificates.items import read_items
from boardcert_host.cli import main
from boardcert_host.errors import Error
from boardcert_host.show.describe import show_items
from boardcert_host.verify.checks import certificate_checks
from boardcert_host.verify.outcomes import Expected
from ca_cases import NOW, make_request, pem, private, run, show
from certificates import children, make, make_ca, rewrite, tlv
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec
from issued import issue
from servers import tls_server

_KEY = unusual.p384_key()
_CA = make_ca()
_LEAF = issue(_CA, _KEY)


def described(data):
    """Return what `show` prints for the first item in *data*: {title: words}."""
    return dict(show_items(read_items(data), NOW)[0].rows)


def armored(der, label):
    """Return PEM."""
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n".encode()


_FORMS = {
    "GnuTLS": unusual.gnutls_key(_KEY),
    "GnuTLS, PEM": armored(unusual.gnutls_key(_KEY), "EC PRIVATE KEY"),
    "python-ecdsa": unusual.python_ecdsa_key(_KEY),
    "python-ecdsa, PEM": armored(unusual.python_ecdsa_key(_KEY), "PRIVATE KEY"),
    "another label": unusual.with_other_label(_KEY),
}


@pytest.mark.parametrize("form", _FORMS)
def test_a_key_is_read_in_the_form_of_every_program(form, tmp_path):
    """show, install and the CA read a key in every program's form."""
    assert described(_FORMS[form])["public key pin"] == described(private(_KEY))["public key pin"]
    read = read_files.read_key(_FORMS[form], "key", str)
    assert read.private_numbers() == _KEY.private_numbers()
    store = Store(tmp_path)
    store.key_file.write_bytes(_FORMS[form])
    store.key_file.chmod(0o600)
    ca = make_ca(key=_KEY)
    store.certificate_file.write_bytes(pem(ca))
    assert store.load(str).key.private_numbers() == _KEY.private_numbers()


def test_a_key_without_its_first_zeros_is_read():
    """A scalar without its leading zeros is read, as old OpenSSL and Java write one in 256."""
    while True:
        key = ec.generate_private_key(ec.SECP384R1())
        if key.private_numbers().private_value >> 376 == 0:
            break
    read = read_files.read_key(unusual.short_key(key), "key", str)
    assert read.private_numbers() == key.private_numbers()


def test_what_only_looks_like_a_key_is_refused():
    """Too long a scalar, or an unknown version, is refused."""
    scalar = tlv(4, b"\1" + bytes(48))
    long = tlv(0x30, b"\2\1\1" + scalar + tlv(0xA0, bytes.fromhex("06052b81040022")))
    new = unusual.python_ecdsa_key(_KEY).replace(b"\2\1\1", b"\2\1\5", 1)
    for data in (long, new):
        with pytest.raises(Error, match="neither PEM, nor the DER"):
            read_files.read_key(data, "key", str)


def test_a_signature_algorithm_without_its_parameters_is_no_traceback(tmp_path, capsys):
    """show and verify handle a signature algorithm without parameters, as any server may send."""
    odd = unusual.pss_without_parameters()
    assert described(odd.der)["signed with"] == "RSA-PSS, 1.2.840.113549.1.1.10"
    checks = certificate_checks(
        x509.load_der_x509_certificate(odd.der), Expected("localhost", False, NOW)
    )
    failed = {check.id: check.detail for check in checks if check.status == "fail"}
    assert failed["signature_algorithm"] == "unknown algorithm 1.2.840.113549.1.1.10"
    with tls_server(odd, tmp_path) as port:
        assert show(capsys, f"127.0.0.1:{port}")[0] == 0
        assert main(["verify", f"127.0.0.1:{port}"]) == 1
        assert main(["pin", "add", f"127.0.0.1:{port}", "--yes"]) in (0, 1)
    assert "Traceback" not in capsys.readouterr().err


def test_a_signature_with_sha1_is_not_called_false(tmp_path, capsys):
    """A SHA-1 signature is not called wrong: it may be correct, but proves nothing."""
    for one in (unusual.signed_with_sha1(make()), unusual.signed_with_sha1(_LEAF, _CA)):
        path = tmp_path / "sha1.pem"
        path.write_bytes(pem(one) + pem(_CA))
        code, items = show(capsys, path)
        assert (code, items[0]["signature"]) == (0, "unchecked")
        assert described(one.der)["signature"] == "not checked: SHA-1 is broken"


def test_a_ca_that_was_renewed_with_a_new_key_is_not_called_false():
    """A CA renewed with a new key is its own issuer by name, which is not called wrong."""
    key = ec.generate_private_key(ec.SECP384R1())
    renewed = make(
        key=key,
        issuer=_CA,
        common_name="Test CA",
        change=lambda extensions: extensions.pop("subject_alt_name"),
    )
    assert described(renewed.der)["signature"] == "not checked: its issuer is not among these"
    both = [dict(one.rows) for one in show_items(read_items(pem(renewed) + pem(_CA)), NOW)]
    assert both[0]["signature"] == "valid: made by certificate 2"
    parsed = x509.load_der_x509_certificate(renewed.der)
    checks = {check.id: check for check in certificate_checks(parsed, Expected("x", False, NOW))}
    assert "issued by CN=Test CA with another key" in checks["self_signature"].detail


def test_a_pin_is_of_the_bytes_in_the_certificate():
    """A pin is computed from the sent bytes, as in curl: compressed points, RSASSA-PSS keys."""
    for one, words in (
        (unusual.compressed(_LEAF, _CA), "ECC P-384 (secp384r1), compressed: not every client"),
        (unusual.for_pss_alone(_CA), "RSA-PSS, 2048 bits"),
    ):
        spki = children(unusual.contents(children(unusual.contents(one.der))[0]))[6]
        pin = "sha256//" + base64.b64encode(hashlib.sha256(spki).digest()).decode()
        shown = described(one.der)
        assert shown["public key pin"] == pin and shown["key"].startswith(words)
        parsed = x509.load_der_x509_certificate(one.der)
        checks = certificate_checks(parsed, Expected("localhost", True, NOW))
        assert [check.status for check in checks if check.id == "key_type"] == ["fail"]
    both = show_items(read_items(pem(unusual.compressed(_LEAF, _CA)) + private(_KEY)), NOW)
    assert dict(both[1].rows)["belongs to"] == "certificate 1"


def test_the_pin_of_a_key_file_is_that_of_the_certificate_made_from_it():
    """A key file's pin is that of a certificate made from it by openssl, which keeps its form."""
    compressed = described(unusual.compressed(_LEAF, _CA).der)
    pss = unusual.for_pss_alone(_CA)
    point = _KEY.public_key().public_bytes(unusual.DER, unusual.PublicFormat.SubjectPublicKeyInfo)
    spki = unusual.compressed_spki(_KEY)
    for shown, data in (
        (compressed, unusual.compressed_key(_KEY)),
        (compressed, unusual.in_pkcs8(unusual.compressed_key(_KEY))),
        (compressed, spki),
        (described(pss.der), unusual.pss_key(pss.key)),
    ):
        assert {row: described(data)[row] for row in ("key", "public key pin")} == {
            row: shown[row] for row in ("key", "public key pin")
        }
    assert described(point)["public key pin"] == described(private(_KEY))["public key pin"]
    both = show_items(read_items(unusual.pss_key(pss.key) + pss.der), NOW)
    assert dict(both[0].rows)["belongs to"] == "certificate 2"


@pytest.mark.needs("openssl")
def test_openssl_has_the_same_pin(tmp_path):
    """openssl computes the same pin from the SubjectPublicKeyInfo in the file."""
    path = tmp_path / "leaf.pem"
    path.write_bytes(pem(_LEAF))
    key = subprocess.run(
        ["openssl", "x509", "-in", path, "-noout", "-pubkey"], capture_output=True, check=True
    ).stdout
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, capture_output=True, check=True
    ).stdout
    pin = base64.b64encode(hashlib.sha256(der).digest()).decode()
    assert described(pem(_LEAF))["public key pin"] == f"sha256//{pin}"


def test_every_algorithm_has_its_own_name():
    """Only RSA is called RSA: each algorithm has its own name."""
    builder = x509.CertificateBuilder(
        x509.Name([]), x509.Name([]), dsa.generate_private_key(2048).public_key(), 1 << 100
    )
    builder = builder.not_valid_before(NOW).not_valid_after(NOW)
    key = dsa.generate_private_key(2048)
    by_dsa = builder.sign(key, hashes.SHA256())
    request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA224())
    assert described(by_dsa.public_bytes(unusual.DER))["signed with"] == "DSA with SHA-256"
    assert described(request.public_bytes(unusual.DER))["signed with"] == "DSA with SHA-224"
    sha3 = unusual.signed_with_sha3(_LEAF, _CA)
    assert described(sha3.der)["signed with"] == "ECDSA with SHA3-256"
    odd = bytes.fromhex("300a06082a8648ce3d040309")
    unknown = rewrite(_LEAF, lambda elements: None, None, odd, _CA)
    assert described(unknown.der)["signed with"] == "ECDSA, 1.2.840.10045.4.3.9"
    ml_dsa = bytes.fromhex("300b0609608648016503040312")
    unknown = rewrite(_LEAF, lambda elements: None, None, ml_dsa, _CA)
    assert described(unknown.der)["signed with"] == "an unknown algorithm, 2.16.840.1.101.3.4.3.18"


def test_an_address_that_is_a_dns_name_is_told_so():
    """An address in a DNS name is reported, since clients ignore it."""
    names = x509.SubjectAlternativeName([x509.DNSName("192.168.1.20")])
    leaf = make(change=lambda extensions: extensions.update(subject_alt_name=(names, False)))
    parsed = x509.load_der_x509_certificate(leaf.der)
    for name, words in (
        ("192.168.1.20", "192.168.1.20 is there as a DNS name, not as an address"),
        ("192.168.1.21", "192.168.1.21 is not among 192.168.1.20"),
    ):
        checks = certificate_checks(parsed, Expected(name, False, NOW))
        (check,) = [check for check in checks if check.id == "subject_alt_name"]
        assert check.status == "fail" and check.detail.startswith(words)


def test_python_does_not_print_its_warnings(tmp_path):
    """Python's warnings, as for a serial number of zero, are messages or are not shown."""
    zero = rewrite(make(), lambda elements: elements.__setitem__(1, tlv(2, b"\0")))
    attribute = tlv(0x30, bytes.fromhex("0603550403") + tlv(0x0C, b"k" * 70))
    subject = tlv(0x30, tlv(0x31, attribute))
    long = rewrite(make(), lambda elements: elements.__setitem__(5, subject))
    with_null = bytes.fromhex("300c06082a8648ce3d0403030500")
    null = rewrite(make(), lambda elements: None, None, with_null)
    for data in (zero.der, long.der, null.der):
        path = tmp_path / "odd.der"
        path.write_bytes(data)
        for words in (["show", str(path)], ["install", "localhost:1", str(path)]):
            command = [sys.executable, "-m", "boardcert_host", *words]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
            assert all(line.startswith("boardcert: ") for line in done.stderr.splitlines()), (
                done.stderr
            )


def test_what_a_request_also_asks_for_is_told_when_it_is_signed(tmp_path, capsys, monkeypatch):
    """A request's extra extensions are reported in words and JSON; the CA issues its own."""
    monkeypatch.chdir(tmp_path)
    assert main(["ca", "init", "ca"]) == 0
    usage = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.16.840.1.113730.1.1"), b"\3\2\6@")
    names = x509.SubjectAlternativeName([x509.DNSName("kitchen.local")])
    (tmp_path / "a.csr").write_bytes(make_request(usage, names))
    capsys.readouterr()
    code, record = run(capsys, "ca", "sign", "a.csr", "--ca", "ca")
    assert code == 0 and record["left_out"] == ["extension nsCertType (2.16.840.1.113730.1.1)"]
    assert main(["ca", "sign", "a.csr", "--ca", "ca", "--force"]) == 0
    assert "note: left out of the certificate: extension nsCertType" in capsys.readouterr().err
