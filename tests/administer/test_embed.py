"""`boardcert embed`: a board serves the certificate that is compiled in."""

import json
import ssl
import stat
import subprocess
import sys
from pathlib import Path

import certificates
import micropython_server
import pytest
import unusual
from boardcert_host.cli import main
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from rsa_keys import rsa_2048

# The program serves the module whose path is argv[3].
_REPORT = """
import json, sys
sys.path.insert(0, sys.argv[2])
import boardcert
me = boardcert.identity(directory=sys.argv[1])
print(json.dumps([me.report(), [der.hex() for der in me.chain]]))
"""
_SERVE = """
import asyncio, sys
sys.path.insert(0, sys.argv[3])
import boardcert
from boardcert.serving.server import Server

async def handle(reader, writer):
    await reader.read(1)

me = boardcert.identity(directory=sys.argv[1])
asyncio.run(Server(me).run(handle, int(sys.argv[2]), "127.0.0.1"))
"""


@pytest.fixture
def directory(tmp_path, monkeypatch):
    """Work in an empty directory, without a passphrase in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOARDCERT_PASSPHRASE", raising=False)
    return tmp_path


def write(directory, identity, *chain, key=None, secret=None):
    """Write cert.pem and key.pem; return the arguments of embed."""
    lines = [ssl.DER_cert_to_PEM_cert(one.der) for one in (identity, *chain)]
    (directory / "cert.pem").write_text("".join(lines))
    encryption = BestAvailableEncryption(secret) if secret else NoEncryption()
    key = key or identity.key
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    (directory / "key.pem").write_bytes(pem)
    return ["embed", "cert.pem", "key.pem"]


def read_back(directory):
    """Return what a board with the module in *directory* reports, and the chain it serves."""
    store = directory / "board"
    output = micropython_server.run(_REPORT, str(store), str(directory))
    report, chain = json.loads(output)
    return report, [bytes.fromhex(der) for der in chain]


@pytest.mark.parametrize("option", [[], ["--mpy"]])
def test_a_board_serves_the_module(directory, capsys, option):
    """A board serves the module with its chain, from source or bytecode, and generates nothing."""
    ca = certificates.make_ca()
    leaf = certificates.make(issuer=ca)
    assert main([*write(directory, leaf, ca), *option]) == 0
    path = directory / ("boardcert_builtin.mpy" if option else "boardcert_builtin.py")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"{path.name}: kitchen.local" in capsys.readouterr().out
    report, chain = read_back(directory)
    assert report["source"] == "builtin" and not report["generated"] and report["notices"] == []
    assert chain == [leaf.der, ca.der]
    with micropython_server.serving(directory / "board", str(directory), code=_SERVE) as port:
        served = ssl.get_server_certificate(("127.0.0.1", port), timeout=60)
    assert ssl.PEM_cert_to_DER_cert(served) == leaf.der


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP521R1()),
        rsa_2048(),
    ],
)
def test_keys_of_other_types_are_read(directory, key):
    """A board reads embedded keys as SEC 1 and as PKCS#1."""
    assert main(write(directory, certificates.make(key=key))) == 0
    report, _ = read_back(directory)
    assert report["source"] == "builtin" and report["notices"] == []


def test_the_module_is_not_written_over(directory, capsys):
    """An existing module is overwritten with --force only, and only its owner can read it."""
    command = write(directory, certificates.make())
    path = directory / "boardcert_builtin.py"
    path.write_text("precious")
    path.chmod(0o644)
    assert main(command) == 3
    assert path.read_text() == "precious"
    assert main([*command, "--force"]) == 0
    assert "PRIVATE_KEY" in path.read_text() and stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_private_is_printed(directory, capsys):
    """The command prints the module's path and the next step, and nothing private."""
    identity = certificates.make()
    assert main(write(directory, identity)) == 0
    output = "".join(capsys.readouterr())
    scalar = identity.key.private_numbers().private_value.to_bytes(48, "big")
    assert scalar[:4].hex() not in output and "\\x" not in output
    assert "mpremote fs cp boardcert_builtin.py :/lib/boardcert_builtin.py" in output


def test_what_was_made_is_told_to_programs(directory, capsys):
    """The JSON output names the file and its contents except the key."""
    leaf = certificates.make()
    assert main([*write(directory, leaf), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["file"] == "boardcert_builtin.py"
    assert certificates.NAME in answer["certificate"]["names"]


def test_an_encrypted_key_is_opened(directory, capsys, monkeypatch):
    """An encrypted key is opened by the environment; a wrong passphrase is an error, not shown."""
    command = write(directory, certificates.make(), secret=b"correct horse")
    monkeypatch.setenv("BOARDCERT_PASSPHRASE", "battery staple")
    assert main(command) == 1
    error = capsys.readouterr().err
    assert "passphrase" in error and "battery" not in error
    monkeypatch.setenv("BOARDCERT_PASSPHRASE", "correct horse")
    assert main(command) == 0
    assert read_back(directory)[0]["source"] == "builtin"


def test_a_pkcs12_file_brings_its_key(directory, capsys, monkeypatch):
    """A PKCS#12 file provides its key; the error for a missing passphrase names the file."""
    identity = certificates.make()
    leaf = x509.load_der_x509_certificate(identity.der)
    secret = BestAvailableEncryption(b"correct horse")
    data = pkcs12.serialize_key_and_certificates(b"a", identity.key, leaf, None, secret)
    (directory / "kitchen.p12").write_bytes(data)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert main(["embed", "kitchen.p12"]) == 2
    assert "no passphrase of kitchen.p12" in capsys.readouterr().err
    monkeypatch.setenv("BOARDCERT_PASSPHRASE", "correct horse")
    assert main(["embed", "kitchen.p12"]) == 0
    assert read_back(directory)[0]["source"] == "builtin"


def test_a_certificate_alone_is_not_compiled_in(directory, capsys):
    """Embedding a certificate without a key is an error that asks for the key."""
    command = write(directory, certificates.make())
    assert main(command[:2]) == 2
    assert "the private key of cert.pem is needed" in capsys.readouterr().err


def test_the_boards_rules_hold_without_the_tests_around_them(directory):
    """The command as a program of its own applies the firmware's rules, too."""
    command = write(directory, unusual.signed_with_sha3(certificates.make()))
    program = [sys.executable, "-m", "boardcert_host", *command]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "a board refuses it: certificate 1 is signed" in done.stderr


_OTHER = ec.generate_private_key(ec.SECP384R1())


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda d: write(d, certificates.make(), key=_OTHER), "the key is not that of"),
        (lambda d: write(d, certificates.make(), certificates.make_ca()), "did not issue"),
        (lambda d: write(d, certificates.make(days=(-10, -1))), "expired on"),
        (
            lambda d: write(d, certificates.make(), *(certificates.make() for _ in range(3))),
            "4 certificates",
        ),
    ],
)
def test_what_no_board_could_serve_is_refused(directory, capsys, made, message):
    """A certificate that no board could serve is refused before it is compiled."""
    assert main(made(directory)) == 1
    assert message in capsys.readouterr().err
    assert not (directory / "boardcert_builtin.py").exists()


def test_the_file_is_named_for_what_is_in_it(directory, capsys):
    """The file name must match its content: source in .py, bytecode in .mpy."""
    command = write(directory, certificates.make())
    assert main([*command, "--mpy", "-o", "a.py"]) == 2
    assert main([*command, "-o", "a.mpy"]) == 2
    assert "has the wrong suffix for its contents" in capsys.readouterr().err
    assert main([*command, "-o", "build/one.py"]) == 0
    assert Path("build/one.py").exists()
