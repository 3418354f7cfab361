"""The demo's results: printed chapter by chapter, and kept for demo.json and demo-cert.pem."""

import json
import tempfile
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rich.console import Console

from .. import __version__
from ..certificates.fingerprint import to_compare
from ..console import in_groups
from ..errors import Error
from ..files import write_whole
from ..verify.outcomes import Check
from ..verify.printing import print_checks


class Record:
    """The demo's record; `data` grows with the story and becomes demo.json in *output*."""

    def __init__(self, output: Path, console: Console) -> None:
        self.certificate_file = output / "demo-cert.pem"
        self._file = output / "demo.json"
        self._console = console
        self.data: dict[str, Any] = {
            "boardcert": __version__,
            "ok": False,
            "fingerprint": {},
            "public_key_pin": {},
            "checks": [],
        }

    def prepare(self) -> None:
        """Remove old files, and check that files can be written, before two minutes of work."""
        output = self._file.parent
        try:
            output.mkdir(parents=True, exist_ok=True)
            for stale in (self._file, self.certificate_file):
                stale.unlink(missing_ok=True)
            with tempfile.TemporaryFile(dir=output):
                pass
        except OSError as error:
            raise Error(f"cannot write to {output}: {error.strerror or error}") from error

    def say(self, text: str) -> None:
        """Print the lines of *text*."""
        for line in text.splitlines():
            self._console.print(line, markup=False)

    def chapter(self, title: str) -> None:
        """Print the heading of a chapter."""
        self._console.print()
        self._console.print(title, style="bold", markup=False)

    def show_checks(self, when: str, checks: Collection[Check]) -> None:
        """Record *checks* under the time they belong to, and print those that are new."""
        known = {check["id"] for check in self.data["checks"] if check["status"] == "pass"}
        self.data["checks"] += [{"when": when, **asdict(check)} for check in checks]
        made = [check for check in checks if check.status != "skip"]
        again = [check for check in made if check.id in known and check.status == "pass"]
        if again:
            self.say(f"{len(again)} checks from above pass again.")
        print_checks(self._console, [check for check in made if check not in again])

    def keep_digests(self, when: str, facts: dict[str, Any]) -> None:
        """Keep the fingerprint and the pin that *facts* name."""
        for kind in ("fingerprint", "public_key_pin"):
            self.data[kind][when] = facts[kind]

    def save_certificate(self, der: bytes) -> None:
        """Write demo-cert.pem."""
        certificate = x509.load_der_x509_certificate(der)
        write_whole(self.certificate_file, certificate.public_bytes(Encoding.PEM))

    def finish(self) -> bool:
        """Show the result, and write it to demo.json; return whether all checks passed."""
        data = self.data
        data["ok"] = all(check["status"] != "fail" for check in data["checks"])
        data["certificate_file"] = str(self.certificate_file)
        write_whole(self._file, json.dumps(data, indent=2).encode() + b"\n")
        self.chapter("The certificate")
        certificate = data["certificate"]
        for title in ("subject", "names", "not_before", "not_after"):
            value = certificate[title]
            self.say(f"{title:<12}{', '.join(value) if isinstance(value, list) else value}")
        for number, line in enumerate(to_compare(certificate["public_key_pin"])):
            self.say(f"{'' if number else 'key':<12}{line}")
        for number, line in enumerate(in_groups(certificate["fingerprint"])):
            self.say(f"{'' if number else 'certificate':<12}{line}")
        used, free = data["memory"]["used_bytes"], data["memory"]["free_bytes"]
        self.say(
            f"First boot {data['first_boot_ms']} ms, later ones {data['load_ms']} ms; from power"
            f" on to the first HTTPS answer {data['first_https_ms'] / 1000:.1f} s, Wi-Fi included."
        )
        self.say(f"Memory while it serves: {used:,} bytes of {used + free:,}.")
        self.say(f"Left here: {self._file} and {self.certificate_file}")
        self.chapter("All checks passed." if data["ok"] else "NOT all checks passed.")
        return bool(data["ok"])
