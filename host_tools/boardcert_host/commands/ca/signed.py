"""What `boardcert ca sign` prints: the certificate, where it is, and whether it is served."""

import argparse
from typing import TYPE_CHECKING, Any

from ...console import print_rows, results, say
from ...errors import CHECKED_AND_BAD, OK
from ...verify.printing import print_checks
from ..shared import print_json

if TYPE_CHECKING:
    from ...board.installable import Installable
    from ...verify.hosts import HostResult


def print_signed(
    issuer: str,
    files: "Installable",
    verified: "HostResult | None",
    arguments: argparse.Namespace,
) -> int:
    """Print what was signed, and what became of it; return the exit code."""
    from ...certificates.certificate import describe

    described, record = describe(files.chain[0]), arguments.record
    code = OK if verified is None or verified.ok else CHECKED_AND_BAD
    if arguments.json:
        verdict = {"verify": verified and verified.to_json()}
        print_json(record | {"certificate": described, "chain": files.chain_pem} | verdict)
        return code
    names = described["names"]
    print_rows(f"{names[0]}: signed by {issuer}", _rows(described, record))
    if verified:
        failed = [check for check in verified.checks if check.status == "fail"]
        verdict = "NOT VALID" if failed else "valid for clients that trust the CA"
        results().print(f"{verified.target}: {verdict}", markup=False)
        print_checks(results(), failed)
    elif arguments.install:
        say(f"next, once the board has restarted: {_verification(names[0], arguments)}")
    return code


def _rows(described: dict[str, Any], record: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what is to be known of the certificate, and where its files are."""
    rows = [
        ("names", ", ".join(described["names"])),
        ("valid until", described["not_after"][:10]),
        ("serial number", described["serial_number"]),
        ("fingerprint", described["fingerprint"]),
    ]
    if path := record.get("key_file"):
        rows.append(("private key", f"{path}, readable by you only"))
    for title, member in (("certificate", "file"), ("installed on", "installed")):
        if place := record.get(member):
            rows.append((title, place))
    return rows


def _verification(name: str, arguments: argparse.Namespace) -> str:
    """Return the command that verifies a board; for a known one, all but its name is known too."""
    from ...trust.look_up import place_of
    from ...trust.pins import port_of

    known = place_of(name).known
    place = name if known and port_of(known) else f"HOST:PORT --name {name}"
    ca = f" --ca {arguments.record['ca_file']}" if arguments.ca else ""
    return f"boardcert verify {place}{ca}"
