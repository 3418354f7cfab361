"""A real step-ca on loopback: built from its Debian packages, with a JWK provisioner."""

import base64
import contextlib
import hashlib
import json
import os
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import issued
from certificates import Identity, key_usage, make, make_ca
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from micropython_server import wait_for
from servers import reserved_port

_SOURCE = Path(__file__).with_suffix(".go")
_PROGRAM = _SOURCE.parents[2] / "build" / "step-ca"
GO_PATH = Path("/usr/share/gocode")
PACKAGE = GO_PATH / "src/github.com/smallstep/certificates"
_BUILD_TIMEOUT_S = 500
_NAME = "operators"


def build() -> Path:
    """Return the program, built if necessary, which takes half a minute once."""
    if not _PROGRAM.exists() or _PROGRAM.stat().st_mtime < _SOURCE.stat().st_mtime:
        _PROGRAM.parent.mkdir(exist_ok=True)
        part = _PROGRAM.with_name(f"step-ca.{os.getpid()}")
        environment = os.environ | {"GO111MODULE": "off", "GOPATH": str(GO_PATH), "GOFLAGS": ""}
        environment["GOGC"] = "400"  # An eighth less time, for more memory.
        command = ["go", "build", "-o", str(part), str(_SOURCE)]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_BUILD_TIMEOUT_S
        )
        assert done.returncode == 0, done.stderr
        part.replace(_PROGRAM)
    return _PROGRAM


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class StepCA:
    """A running step-ca. *root*: its root; *key*: its provisioner's."""

    port: int
    root: Identity
    root_file: Path
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    kid: str = ""

    @property
    def url(self) -> str:
        """The CA's URL."""
        return f"https://localhost:{self.port}"

    def token(self, names: Sequence[str], **changes: object) -> str:
        """Return a token as `step ca token` makes it. *changes*: to its claims."""
        now = int(time.time())
        claims = {
            "aud": f"{self.url}/1.0/sign",
            "iss": _NAME,
            "sub": names[0],
            "sans": list(names),
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "jti": uuid.uuid4().hex,
            "sha": hashlib.sha256(self.root.der).hexdigest(),
        }
        head = {"alg": "ES256", "kid": self.kid, "typ": "JWT"}
        parts = [_base64url(json.dumps(one).encode()) for one in (head, claims | changes)]
        text = ".".join(parts)
        signature = self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
        raw = b"".join(one.to_bytes(32, "big") for one in decode_dss_signature(signature))
        return f"{text}.{_base64url(raw)}"


def _jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    """Return the public key as a JWK, with its thumbprint as identifier (RFC 7638)."""
    numbers = key.public_key().public_numbers()
    x, y = (_base64url(one.to_bytes(32, "big")) for one in (numbers.x, numbers.y))
    needed = {"crv": "P-256", "kty": "EC", "x": x, "y": y}
    digest = hashlib.sha256(json.dumps(needed, separators=(",", ":")).encode()).digest()
    return needed | {"use": "sig", "alg": "ES256", "kid": _base64url(digest)}


def _intermediate(root: Identity) -> Identity:
    def change(extensions: dict) -> None:
        extensions["basic_constraints"] = (x509.BasicConstraints(True, 0), True)
        extensions["key_usage"] = (key_usage(key_cert_sign=True, crl_sign=True), True)
        del extensions["extended_key_usage"], extensions["subject_alt_name"]

    return make(issuer=root, common_name="Smallstep intermediate", change=change)


@contextlib.contextmanager
def step_ca(directory: Path) -> Iterator[StepCA]:
    """Run a step-ca; its files are in *directory*."""
    program = build()
    root = make_ca()
    intermediate = _intermediate(root)
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = _jwk(key)
    port = reserved_port()
    config = {
        "root": str(issued.write(directory / "root.pem", issued.pem(root))),
        "crt": str(issued.write(directory / "intermediate.pem", issued.pem(intermediate))),
        "key": str(issued.write(directory / "intermediate.key", intermediate.key_pem())),
        "address": f"127.0.0.1:{port}",
        "dnsNames": ["localhost"],
        "db": {"type": "badgerv2", "dataSource": str(directory / "db")},
        "authority": {
            "provisioners": [
                {"type": "JWK", "name": _NAME, "key": jwk},
                {"type": "ACME", "name": "acme"},
            ]
        },
    }
    file = issued.write(directory / "ca.json", json.dumps(config).encode())
    log = directory / "step-ca.log"
    with (
        log.open("wb") as output,
        subprocess.Popen([program, file], stdout=output, stderr=output) as process,
    ):
        try:
            assert wait_for(port, lambda: process.poll() is None), log.read_text()
            yield StepCA(port, root, directory / "root.pem", key, jwk["kid"])
        finally:
            process.terminate()
