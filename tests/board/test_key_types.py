"""First boot with each curve on the official image: its duration, and that it is served."""

import base64
import hashlib
import json
import ssl
import subprocess
from pathlib import Path

import pytest
from boardcert_host.virtual import VirtualBoard
from uart_client import Program

_REPORT = """
import json, boardcert
print(json.dumps(boardcert.identity(directory="/{key_type}", key_type="{key_type}").report()))
"""
_SERVE = """
import boardcert
context = boardcert.identity(directory="/{key_type}", key_type="{key_type}").server_context()
wait_for_client()
stream = context.wrap_socket(uart, server_side=True)
stream.write(b"answer to " + stream.readline())
"""


@pytest.mark.needs("openssl")
def test_each_curve_is_made_and_served(package_board: VirtualBoard, tmp_path: Path) -> None:
    """Each curve takes seconds of simulated time; openssl verifies the certificate as an anchor."""
    for key_type, limit_ms in (("p256", 2000), ("p521", 8000)):
        report = json.loads(package_board.exec(_REPORT.format(key_type=key_type), timeout_s=120))
        assert report["key_type"] == key_type and report["notices"] == []
        assert report["timings_ms"]["total"] <= limit_ms
        certificate = base64.b64decode(report["certificate"])
        fingerprint = hashlib.sha256(certificate).hexdigest()
        assert report["fingerprint"].replace(":", "").lower() == fingerprint
        trusted = tmp_path / f"{key_type}.pem"
        trusted.write_text(ssl.DER_cert_to_PEM_cert(certificate))
        package_board.reset()
        with Program(package_board, _SERVE.format(key_type=key_type)):
            output = _s_client(package_board.uart_address, trusted)
        assert "Verify return code: 0 (ok)" in output
        assert "Peer signature type: ECDSA" in output
        assert "answer to question" in output


def _s_client(address: tuple[str, int], trusted: Path) -> str:
    connect = ["openssl", "s_client", "-connect", f"{address[0]}:{address[1]}", "-tls1_2"]
    completed = subprocess.run(
        [*connect, "-x509_strict", "-CAfile", str(trusted), "-ign_eof"],
        input=b"question\n",
        capture_output=True,
        timeout=60,
    )
    return completed.stdout.decode()
