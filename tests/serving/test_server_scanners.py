"""TLS scanners at the device's server on the unix binary find nothing that could be turned off.

They miss TLS 1.3 and the extended master secret (RFC 7627), which stock MicroPython's mbedTLS is
built without.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import micropython_server
import pytest

_SERVER = """
import asyncio, sys
import boardcert

me = boardcert.identity(directory=sys.argv[1], names=["localhost", "127.0.0.1"])

async def handle(reader, writer):
    while await reader.readline() not in (b"\\r\\n", b""):
        pass
    writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok")

asyncio.run(boardcert.serve(handle, int(sys.argv[2]), "127.0.0.1", max_connections=40))
"""

_STRONG = {
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Yield a server with room for the scanners' simultaneous connections."""
    directory = tmp_path_factory.mktemp("scanned") / "identity"
    with micropython_server.serving(directory, code=_SERVER) as port:
        yield port


def _run(command: list[str], output: Path) -> Any:
    completed = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert output.exists(), completed.stdout + completed.stderr
    return json.loads(output.read_text())


@pytest.mark.needs("sslyze")
def test_sslyze_finds_nothing_to_turn_off(port: int, tmp_path: Path) -> None:
    """sslyze finds one protocol, two suites, and one weakness, which the firmware is built with."""
    output = tmp_path / "sslyze.json"
    found = _run(["sslyze", f"--json_out={output}", f"127.0.0.1:{port}"], output)
    (server,) = found["server_scan_results"]
    assert server["scan_status"] == "COMPLETED"
    results = {
        name: scan["result"]
        for name, scan in server["scan_result"].items()
        if scan["status"] == "COMPLETED"
    }
    accepted = {
        name.removesuffix("_cipher_suites"): {
            suite["cipher_suite"]["name"] for suite in results[name]["accepted_cipher_suites"]
        }
        for name in results
        if name.endswith("_cipher_suites")
    }
    assert accepted.pop("tls_1_2") == _STRONG
    none: set[str] = set()
    old = ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1")
    assert accepted == dict.fromkeys((*old, "tls_1_3"), none)
    assert results["robot"]["robot_result"] == "NOT_VULNERABLE_RSA_NOT_SUPPORTED"
    assert results["session_renegotiation"] == {
        "supports_secure_renegotiation": True,
        "is_vulnerable_to_client_renegotiation_dos": False,
        "client_renegotiations_success_count": 0,
    }
    for name, expected in {
        ("tls_compression", "supports_compression"): False,
        ("openssl_ccs_injection", "is_vulnerable_to_ccs_injection"): False,
        ("heartbleed", "is_vulnerable_to_heartbleed"): False,
        ("tls_fallback_scsv", "supports_fallback_scsv"): True,
        ("tls_extended_master_secret", "supports_ems_extension"): False,  # See the docstring above.
    }.items():
        assert results[name[0]][name[1]] is expected, name


@pytest.mark.needs("testssl")
def test_testssl_finds_nothing_to_turn_off(port: int, tmp_path: Path) -> None:
    """testssl.sh finds no weak protocol or suite; its slow tests for old faults are left out."""
    output = tmp_path / "testssl.json"
    command = ["testssl", "--quiet", "--color", "0", "--warnings", "off", "-p", "-s", "-f"]
    findings = _run([*command, "--jsonfile", str(output), f"127.0.0.1:{port}"], output)
    assert {finding["severity"] for finding in findings} <= {"OK", "INFO", "WARN"}
    found = {finding["id"]: finding["finding"] for finding in findings}
    protocols = ("SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2")
    assert [found[name] for name in protocols] == ["not offered"] * 4 + ["offered"]
    weak = ("NULL", "aNULL", "EXPORT", "LOW", "3DES_IDEA", "AVERAGE")
    assert {found["cipherlist_" + kind] for kind in weak} == {"not offered"}
    suites = found.get("FS_ciphers") or found["PFS_ciphers"]
    assert set(suites.split()) == {"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"}
