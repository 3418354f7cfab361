"""What `boardcert install` rejects before it contacts a board: nothing listens in these tests."""

import json

import pytest
import unusual
from boardcert_host.board import installable, tokens
from boardcert_host.cli import main
from boardcert_host.trust import pins
from certificates import make_ca, rewrite
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import AuthorityInformationAccessOID
from issued import issue, pem, write
from servers import refusing_port

_CLEAR = NoEncryption()


@pytest.fixture
def install(tmp_path, capsys, monkeypatch):
    """Return a function that installs PEM or DER on a board that does not answer."""
    host = f"localhost:{refusing_port()}"
    pins.add_pin(host, {"public_key_pin": "sha256//x", "fingerprint": "AB"})
    tokens.keep_token(host, "sha256//x", "abcdefghijklmnopqrstuvwx27")
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    def run(chain, key=None, *more):
        words = ["install", host, str(write(tmp_path / "chain", chain))]
        words += [str(write(tmp_path / "key", key))] if key else []
        code = main([*words, *more, "--json"])
        output = capsys.readouterr()
        return code, json.loads(output.out)["error"]["message"], output.err

    return run


def test_what_is_right_goes_to_the_board(install):
    """Valid files of every form are sent to the board, which is not there: that is the error."""
    ca, key = make_ca(), ec.generate_private_key(ec.SECP384R1())
    leaf = issue(ca, key)
    forms = [(Encoding.PEM, PrivateFormat.PKCS8), (Encoding.DER, PrivateFormat.PKCS8)]
    forms += [(one, PrivateFormat.TraditionalOpenSSL) for one in (Encoding.PEM, Encoding.DER)]
    chains = (pem(leaf), leaf.der, pem(leaf, ca), b"subject=/CN=x\n" + pem(leaf), pem(leaf, leaf))
    for chain in chains:
        code, message, _ = install(chain)
        assert (code, "refused the connection" in message) == (3, True), message
    for form in forms:
        code, message, _ = install(leaf.der, key.private_bytes(*form, _CLEAR))
        assert (code, "refused the connection" in message) == (3, True), message


def test_a_key_goes_to_the_board_in_the_forms_that_it_reads(tmp_path):
    """A key is converted to SEC 1 or PKCS#1 for the board; its repr shows nothing of it."""
    heads = {"EC": ec.generate_private_key(ec.SECP256R1())}
    heads["RSA"] = rsa.generate_private_key(65537, 2048)
    for head, key in heads.items():
        chain = write(tmp_path / "chain", pem(issue(make_ca(), key)))
        data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _CLEAR)
        files = installable.read_installable(chain, write(tmp_path / "key", data), str)
        assert files.key_pem.startswith(f"-----BEGIN {head} PRIVATE KEY-----")
        assert files.key_der == x509_body(files.key_pem)
        assert "PrivateKey" not in repr(files)


def x509_body(text):
    """Return the decoded content between the lines of PEM."""
    import base64

    return base64.b64decode("".join(text.splitlines()[1:-1]))


def test_a_pair_that_does_not_match_is_refused(install):
    """A key that does not match, or an unnamed one in the chain's own file, is refused."""
    leaf, other = issue(make_ca()), issue(make_ca())
    code, message, _ = install(pem(leaf), other.key_pem())
    assert (code, "the key is not that of" in message) == (1, True)
    code, message, err = install(pem(leaf) + leaf.key_pem())
    assert (code, "also holds a private key" in message) == (1, True)
    assert "name the file twice" in err


def test_a_chain_must_hold(install):
    """Each certificate must be signed by the next, by a CA that is valid today."""
    ca, other = make_ca(), make_ca()
    leaf = issue(ca)
    code, message, _ = install(pem(leaf, other))
    assert (code, message[-43:]) == (1, " did not issue the certificate of localhost")
    code, message, err = install(pem(ca, leaf))
    assert (code, message) == (1, "the certificate of Test CA, a CA, comes first")
    assert "the board's own certificate comes first" in err
    code, message, err = install(pem(ca))
    assert (code, message[19:]) == (1, "Test CA is a CA's, which clients refuse for a server")
    assert "-addext basicConstraints=critical,CA:FALSE" in err
    not_ca = issue(ca, name="hall.local")
    code, message, _ = install(pem(issue(not_ca), not_ca))
    assert (code, "hall.local is not a CA" in message) == (1, True)
    code, message, _ = install(pem(leaf, *[make_ca() for _ in range(3)]))
    assert (code, "a board keeps 3" in message) == (1, True)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"days": (-30, -1)}, "expired"),
        ({"days": (1, 30)}, "not valid before"),
        ({"name": "hall.local"}, "localhost is not among hall.local"),
        ({"key": ed25519.Ed25519PrivateKey.generate()}, "is not accepted by clients"),
        ({"key": rsa.generate_private_key(65537, 1024)}, "is not accepted"),  # noqa: S505
    ],
)
def test_what_no_client_would_take_is_refused(more, reason, install):
    """Dates, names and key types that no client accepts are refused."""
    code, message, _ = install(pem(issue(make_ca(), **more)))
    assert (code, reason in message) == (1, True), message


def test_what_clients_may_dislike_is_said_and_left_to_the_issuer(install):
    """What some clients reject is reported and installed: a company's CA may have its reasons."""

    def change(extensions):
        names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        extensions["subject_alt_name"] = (names, False)
        del extensions["subject_key_identifier"]

    code, message, err = install(pem(issue(make_ca(), change=change)))
    assert (code, "refused the connection" in message) == (3, True)
    assert "note: subjectKeyIdentifier: missing" in err
    assert "some clients refuse it" not in err

    def change_more(extensions):
        change(extensions)
        del extensions["extended_key_usage"]

    _, _, err = install(pem(issue(make_ca(), change=change_more)))
    assert "some clients refuse it: extendedKeyUsage: missing: Apple's clients" in err


def test_a_certificate_without_names_is_left_to_the_issuer_as_by_a_board(install):
    """A certificate with the common name only is accepted, one with other names is refused."""
    code, message, err = install(
        pem(issue(make_ca(), change=lambda extensions: extensions.pop("subject_alt_name")))
    )
    assert (code, "refused the connection" in message) == (3, True), message
    assert "some clients refuse it: subjectAltName: missing: browsers refuse" in err


def test_what_the_board_cannot_read_is_told_before_it_is_asked(install):
    """The board's own rules are applied first: an algorithm, an extension, a field."""
    leaf = issue(make_ca())
    for chain, reason in (
        (pem(unusual.signed_with_sha3(leaf)), "is signed with 2.16.840.1.101.3.4.3.10"),
        (rewrite(leaf, lambda elements: elements.__setitem__(1, b"\2\1\0")).der, "serial number"),
    ):
        code, message, _ = install(chain)
        assert code == 1 and message.startswith("a board refuses it: certificate 1")
        assert reason in message


def test_an_intermediate_that_is_left_out_is_told(install, tmp_path):
    """A missing intermediate is reported unless --ca, or the user's own CA, makes it trusted."""
    ca = make_ca()
    leaf = issue(ca)
    _, _, err = install(pem(leaf))
    assert "clients must trust that CA itself, or its certificate belongs at the end" in err
    for words in ((pem(leaf, ca),), (pem(leaf), None, "--ca", write(tmp_path / "ca.pem", pem(ca)))):
        _, _, err = install(*words[:2], *map(str, words[2:]))
        assert "belongs at the end" not in err

    def change(extensions):
        names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        extensions["subject_alt_name"] = (names, False)
        place = x509.UniformResourceIdentifier("http://ca.example/intermediate.cer")
        access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, place)
        extensions["access"] = (x509.AuthorityInformationAccess([access]), False)

    _, _, err = install(pem(issue(ca, change=change)))
    assert "(it is at http://ca.example/intermediate.cer) belongs at the end" in err


def test_another_name_may_be_the_one_that_counts(install):
    """A name given by --name is checked, as when HOST is an address."""
    leaf = issue(make_ca(), name="kitchen.example.com")
    assert install(pem(leaf))[0] == 1
    code, message, _ = install(pem(leaf), None, "--name", "kitchen.example.com")
    assert (code, "refused the connection" in message) == (3, True)


def test_files_that_cannot_be_read_are_named(install, tmp_path, monkeypatch):
    """Missing and unreadable files are named, and nothing of a key is shown."""
    leaf = issue(make_ca())
    for chain in (b"", b"garbage", pem(leaf)[:-40], leaf.der[:-1], leaf.key_pem()):
        code, message, _ = install(chain)
        assert (code, f"{tmp_path / 'chain'} holds no readable certificate" in message) == (1, True)
    for key in (b"garbage", leaf.key_pem()[:-40], pem(leaf)):
        code, message, _ = install(pem(leaf), key)
        assert code == 1 and message.startswith(f"{tmp_path / 'key'} holds no readable private")
    other = ed25519.Ed25519PrivateKey.generate()
    data = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _CLEAR)
    assert "neither EC nor RSA" in install(pem(leaf), data)[1]
    assert main(["install", "localhost", str(tmp_path / "none")]) == 3


def test_an_encrypted_key_needs_its_passphrase(install, tmp_path, monkeypatch):
    """A passphrase comes from a file or the environment; a wrong one is an error, never shown."""
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = issue(make_ca(), key)
    secret = BestAvailableEncryption(b"correct horse")
    for encoding in (Encoding.PEM, Encoding.DER):
        data = key.private_bytes(encoding, PrivateFormat.PKCS8, secret)
        code, message, _ = install(pem(leaf), data)
        assert (code, f"no passphrase of {tmp_path / 'key'}" in message) == (2, True)
        monkeypatch.setenv("BOARDCERT_PASSPHRASE", "battery staple")
        code, message, err = install(pem(leaf), data)
        assert (code, "wrong passphrase" in message) == (1, True)
        assert "battery" not in message + err
        monkeypatch.setenv("BOARDCERT_PASSPHRASE", "correct horse")
        assert "refused the connection" in install(pem(leaf), data)[1]
        monkeypatch.delenv("BOARDCERT_PASSPHRASE")
