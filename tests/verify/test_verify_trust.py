"""`boardcert verify` with pins, CAs, and the board on the cable."""

import pytest
from boardcert_host.board import mpremote, usb_report
from boardcert_host.certificates.fingerprint import key_fingerprint
from certificates import NAME, make, make_ca
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from servers import serving, tls_server
from verified import outcome, pins, verify


@pytest.mark.parametrize(
    "written",
    [
        lambda fingerprint, pin: fingerprint,
        lambda fingerprint, pin: fingerprint.replace(":", "").lower(),
        lambda fingerprint, pin: key_fingerprint(pin),
        lambda fingerprint, pin: pin,
        lambda fingerprint, pin: pin.removeprefix("sha256//"),
        lambda fingerprint, pin: f"sha256 Fingerprint={fingerprint}",
        lambda fingerprint, pin: f"SHA256:{fingerprint}",
    ],
    ids=["colons", "hex", "key", "sha256//", "base64", "openssl", "SHA256:"],
)
def test_a_pin_may_be_written_in_seven_ways(written, tmp_path, capsys):
    """A fingerprint may have colons or not, and a key's pin its prefix or not."""
    identity = make()
    with tls_server(identity, tmp_path) as port:
        right, wrong = (written(*pins(one)) for one in (identity, make()))
        target = ("--name", NAME, f"127.0.0.1:{port}")
        code, answer = verify(capsys, *target, "--pin", right)
        assert (code, outcome(answer, "pin")[0]) == (0, "pass")
        code, answer = verify(capsys, *target, "--pin", wrong)
        assert (code, outcome(answer, "pin")[0]) == (1, "fail")


def test_the_key_pin_survives_a_new_certificate(tmp_path, capsys):
    """After a renewal with the same key, the fingerprint differs and the key's pin does not."""
    old = make()
    fingerprint, pin = pins(old)
    with tls_server(make(key=old.key), tmp_path) as port:
        target = ("--name", NAME, f"127.0.0.1:{port}")
        assert verify(capsys, *target, "--pin", pin)[0] == 0
        code, answer = verify(capsys, *target, "--pin", fingerprint)
    assert code == 1
    assert fingerprint in outcome(answer, "pin")[1]


@pytest.mark.parametrize("change", ["", "certificate", "key"])
def test_the_cable_decides_the_first_trust(change, tmp_path, capsys, monkeypatch):
    """The USB report is compared with TLS, and the board's program is restarted."""
    served = make()
    on_cable = {"": served, "certificate": make(key=served.key), "key": make()}[change]
    fingerprint, pin = pins(on_cable)
    report = {"fingerprint": fingerprint, "public_key_pin": pin}
    restarted = []
    monkeypatch.setattr(usb_report, "read_report", lambda port: report)
    monkeypatch.setattr(mpremote, "reset", restarted.append)
    with tls_server(served, tmp_path) as port:
        code, answer = verify(capsys, f"127.0.0.1:{port}", "--name", NAME, "--usb", "/dev/null")
    status, detail = outcome(answer, "usb")
    assert (code, status) == ((1, "fail") if change else (0, "pass"))
    assert f"another {change}" in detail or not change
    assert restarted == ["/dev/null"]


def test_a_certificate_of_a_company_ca_is_checked_against_it(tmp_path, capsys):
    """The chain, with its intermediate, needs the right CA file."""
    root = make_ca()
    path = tmp_path / "ca.pem"
    path.write_bytes(x509.load_der_x509_certificate(root.der).public_bytes(Encoding.PEM))
    with tls_server(make(issuer=root), tmp_path) as port:
        target = (f"127.0.0.1:{port}", "--name", NAME, "--ca", path)
        code, answer = verify(capsys, *target)
        assert (code, outcome(answer, "chain")[0]) == (0, "pass")
        assert outcome(answer, "self_signature")[0] == "skip"
        other = x509.load_der_x509_certificate(make_ca().der)
        path.write_bytes(other.public_bytes(Encoding.PEM))
        code, answer = verify(capsys, *target)
    assert (code, outcome(answer, "chain")[0]) == (1, "fail")


def test_name_constraints_of_a_ca_are_kept(tmp_path, capsys):
    """A CA limited to example.com is refused for another name."""
    constraints = x509.NameConstraints([x509.DNSName("example.com")], None)
    root = make_ca(more={"name_constraints": (constraints, True)})
    path = tmp_path / "ca.pem"
    path.write_bytes(x509.load_der_x509_certificate(root.der).public_bytes(Encoding.PEM))
    with tls_server(make(issuer=root), tmp_path) as port:
        code, answer = verify(capsys, f"127.0.0.1:{port}", "--name", NAME, "--ca", path)
    assert code == 1
    assert outcome(answer, "chain") == ("fail", "permitted subtree violation")


def test_a_boards_own_certificate_can_be_its_ca(tmp_path, capsys):
    """A saved self-signed certificate is a trust anchor for its board."""
    identity = make()
    path = tmp_path / "board.pem"
    path.write_bytes(x509.load_der_x509_certificate(identity.der).public_bytes(Encoding.PEM))
    with tls_server(identity, tmp_path) as port:
        code, answer = verify(capsys, f"127.0.0.1:{port}", "--name", NAME, "--ca", path)
    assert (code, outcome(answer, "chain")[0]) == (0, "pass")


def test_a_ca_file_that_cannot_be_read_is_a_usage_error(tmp_path, capsys):
    """A CA file that is missing or not PEM is named before any connection."""
    (tmp_path / "garbage.pem").write_text("no certificate")
    reached = []
    with serving(reached.append) as port:
        for name in ("missing.pem", "garbage.pem"):
            code, answer = verify(capsys, f"127.0.0.1:{port}", "--ca", tmp_path / name)
            assert code == 2
            assert name in answer["error"]["message"]
    assert reached == []
