"""Run `boardcert verify`, and look at what it found."""

from boardcert_host.certificates import certificate
from certificates import Identity
from run_command import run


def verify(capsys: object, *arguments: object) -> tuple[int, dict]:
    """Run `boardcert verify ... --json`, and return its exit code and its object."""
    return run(capsys, "verify", *arguments)[:2]


def outcome(answer: dict, id: str) -> tuple[str, str]:
    """Return status and detail of one check of the only host."""
    (host,) = answer["hosts"]
    (found,) = [check for check in host["checks"] if check["id"] == id]
    return found["status"], found["detail"]


def pins(identity: Identity) -> tuple[str, str]:
    """Return fingerprint and public-key pin."""
    parsed = certificate.parse(identity.der)
    return certificate.fingerprint(identity.der), certificate.public_key_pin(parsed)
