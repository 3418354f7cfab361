"""`verify` of a company CA's certificate: the CA is trusted here, or must be given."""

import io
import json

import pytest
from boardcert_host.cli import main
from certificates import make, make_ca
from issued import issue, pem
from servers import tls_server


@pytest.fixture
def verify(tmp_path, monkeypatch, capsys):
    """Return a function that serves an identity and verifies it: (exit code, {check: outcome})."""
    monkeypatch.setenv("BOARDCERT_CA", str(tmp_path / "none"))

    def run(identity, trusted):
        # OpenSSL reads these instead of the system's own CAs.
        (tmp_path / "trusted.pem").write_bytes(pem(*trusted))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
        with tls_server(identity, tmp_path) as port:
            code = main(["verify", f"127.0.0.1:{port}", "--name", "localhost", "--json"])
        (host,) = json.loads(capsys.readouterr().out)["hosts"]
        return code, {check["id"]: (check["status"], check["detail"]) for check in host["checks"]}

    return run


def test_a_ca_that_this_computer_trusts_is_found(verify):
    """With a CA that this computer trusts, a company's or a public one, plain verify passes."""
    ca = make_ca()
    code, checks = verify(issue(ca), [ca])
    assert (code, checks["chain"]) == (0, ("pass", "trusted by this computer"))
    assert checks["self_signature"] == ("skip", "issued by CN=Test CA")


def test_another_ca_is_asked_for(verify):
    """Another CA needs --ca, and a CA of the same name does not replace it."""
    code, checks = verify(issue(make_ca()), [make_ca()])
    assert (code, checks["chain"][0]) == (1, "skip")
    assert checks["chain"][1].startswith("no --ca given, and this computer does not trust it: ")
    assert checks["self_signature"][0] == "fail"
    assert checks["self_signature"][1].endswith("not trusted here; --ca FILE names that CA")


def test_a_self_signed_certificate_is_not_looked_for_there(verify):
    """For a self-signed certificate there is no second handshake, which would cost time."""
    own = make()
    _, checks = verify(own, [own])
    assert checks["chain"] == ("skip", "no --ca given")


def test_another_ca_is_not_trusted_rather_than_a_bad_signature(tmp_path, monkeypatch, capsys):
    """Fleet summary and inventory call a company's CA "not trusted", as nothing was altered."""
    monkeypatch.setenv("BOARDCERT_INVENTORY", str(tmp_path / "inventory.db"))
    with tls_server(issue(make_ca()), tmp_path) as port:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"127.0.0.1:{port}\n"))
        assert main(["verify", "-", "--retries", "0"]) == 1
    found = capsys.readouterr()
    assert "not trusted" in found.out and "bad signature" not in found.out
