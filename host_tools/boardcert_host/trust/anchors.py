"""`boardcert ca trust` and `untrust`: make the programs on this computer trust a CA, or stop.

Three kinds of stores: the operating system's, NSS databases (Firefox, Chromium) and Java's. Each
says what became of it; whatever is not there, or not ours to change, is skipped with the reason.
"""

import contextlib
import hashlib
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ..ca.authorities import check_ca, common_name
from ..certificates.read_files import read_certificates
from ..errors import CHECKED_AND_BAD, Error
from ..files import read_small

DONE, KEPT, SKIPPED, FAILED = "done", "kept", "skipped", "failed"
_TIMEOUT_S = 120
_FOR_ADMINISTRATOR = "needs an administrator: "


@dataclass(frozen=True)
class Outcome:
    """The outcome for one store. *status*: "done", "kept" (no change), "skipped" or "failed"."""

    store: str
    status: str
    detail: str

    @property
    def is_for_administrator(self) -> bool:
        """Return whether *detail* is a command by which an administrator may do it."""
        return _FOR_ADMINISTRATOR in self.detail


@dataclass(frozen=True)
class Anchor:
    """A CA that is to be trusted, and the names that stores give it: one CA, one name."""

    certificate: x509.Certificate
    file: Path

    @property
    def der(self) -> bytes:
        """The certificate as bytes."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate as text; the file may hold more than it."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def slug(self) -> str:
        """A name for files and aliases."""
        return f"boardcert-{hashlib.sha256(self.der).hexdigest()[:16]}"

    @property
    def title(self) -> str:
        """A name that people read."""
        return f"{common_name(self.certificate)} {self.slug}"


class StoreError(Exception):
    """A program that changes a store has failed; the last line of its output."""


def read_anchor(path: Path) -> Anchor:
    """Return the CA in a file: the root, where it holds a chain. Raises Error if it is no CA."""
    try:
        found = read_certificates(read_small(path), str(path))
    except FileNotFoundError as error:
        hint = "`boardcert ca init` makes a CA; or name the file of another one"
        raise Error(f"no such file: {path}", hint) from error
    roots = [one for one in found if one.issuer == one.subject]
    if not roots:
        hint = "name the file of the root certificate, which is self-signed"
        raise Error(f"{path} contains no root certificate", hint, CHECKED_AND_BAD)
    check_ca(roots[0])
    return Anchor(roots[0], path.resolve())


def run(*command: str | Path, home: Path | None = None) -> str:
    """Run a program and return what it prints on stdout. Raises StoreError with its last words."""
    environment = {**os.environ, "LC_ALL": "C"} | ({"HOME": str(home)} if home else {})
    try:
        done = subprocess.run(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT_S,
            env=environment,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StoreError(str(error)) from error
    if done.returncode:
        lines = (done.stderr + done.stdout).strip().splitlines() or ["no message"]
        raise StoreError(f"{command[0]}: {lines[-1]}")
    return done.stdout


def succeeds(*command: str | Path) -> bool:
    """Return whether a program that changes nothing succeeds."""
    with contextlib.suppress(StoreError):
        run(*command)
        return True
    return False


def as_root(action: str, kind: str, anchor: Anchor) -> str:
    """Return the command that does the same with the rights of the administrator."""
    program = Path(sys.executable).with_name("boardcert")
    words = [str(program)] if program.exists() else [sys.executable, "-m", "boardcert_host"]
    command = shlex.join([*words, "ca", action, str(anchor.file), "--only", kind, "--yes"])
    return f"{_FOR_ADMINISTRATOR}{'sudo ' if os.name == 'posix' else ''}{command}"
