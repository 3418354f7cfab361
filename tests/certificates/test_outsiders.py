"""Boards' requests, and what a test CA signs for them, checked by other programs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from boardcert_host.cli import main
from cryptography import x509
from outsiders import Board, make_board

_KEYS = {"p256": "id-ecPublicKey", "p384": "id-ecPublicKey", "p521": "id-ecPublicKey"}
_KEYS["rsa2048"] = "rsaEncryption"
_NAMES = "pump.boards.example 127.0.0.1"


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a CA for this machine and two domains."""
    directory = tmp_path_factory.mktemp("ca") / "ca"
    permit = ["pump-7.local", "boards.example", "127.0.0.1/32"]
    options = [word for name in permit for word in ("--permit", name)]
    assert main(["ca", "init", str(directory), *options]) == 0
    return directory


@pytest.fixture(scope="module", params=_KEYS)
def board(request: pytest.FixtureRequest, ca: Path, tmp_path_factory: pytest.TempPathFactory):
    """Return a board for each key type."""
    return make_board(tmp_path_factory.mktemp(request.param), request.param, _NAMES, ca)


def run(*command: str | Path) -> str:
    """Run a program that must succeed; return its output."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.needs("openssl")
@pytest.mark.needs("certtool")
def test_the_request_is_read_by_others(board: Board) -> None:
    """OpenSSL, GnuTLS and cryptography read the request's key, signature and names."""
    answer = run("openssl", "req", "-inform", "DER", "-in", board.request, "-verify", "-text")
    assert "verify OK" in answer and _KEYS[board.key_type] in answer
    assert "DNS:pump-7.local, DNS:pump.boards.example, IP Address:127.0.0.1" in answer
    answer = run("certtool", "--crq-info", "--inder", "--infile", board.request)
    assert "Self signature: verified" in answer and "DNSname: pump-7.local" in answer
    request = x509.load_der_x509_csr(board.request.read_bytes())
    assert request.is_signature_valid


@pytest.mark.needs("openssl")
@pytest.mark.needs("certtool")
def test_the_chain_is_verified_by_others(board: Board) -> None:
    """OpenSSL in strict mode and GnuTLS accept the chain, and refuse another name."""
    verify = ["openssl", "verify", "-x509_strict", "-CAfile", board.ca]
    for purpose in ("sslserver", "sslclient"):
        run(*verify, "-purpose", purpose, board.certificate)
    run(*verify, "-verify_hostname", "pump.boards.example", board.certificate)
    run(*verify, "-verify_ip", "127.0.0.1", board.certificate)
    with pytest.raises(AssertionError, match="ostname mismatch"):
        run(*verify, "-verify_hostname", "other.boards.example", board.certificate)
    verify = ["certtool", "--verify", "--load-ca-certificate", board.ca]
    verify += ["--infile", board.certificate, "--verify-purpose", "1.3.6.1.5.5.7.3.1"]
    answer = run(*verify, "--verify-hostname", "pump-7.local")
    assert "The certificate is trusted" in answer
    answer = run("certtool", "-i", "--infile", board.certificate)
    assert "Subject Key Identifier" in answer and "Authority Key Identifier" in answer


def test_the_linter_finds_nothing(board: Board) -> None:
    """pkilint finds nothing in the board's certificate and in the limited CA's."""
    linter = Path(sys.executable).parent / "lint_pkix_cert"
    for path in (board.certificate, board.ca):
        command = [linter, "lint", "-s", "INFO", "-f", "JSON", path]
        done = subprocess.run(command, capture_output=True, timeout=60)
        found = [
            (finding["severity"], finding["code"])
            for result in json.loads(done.stdout)["results"]
            for finding in result["finding_descriptions"]
        ]
        assert {severity for severity, _ in found} <= {"INFO"}, found
        assert found
