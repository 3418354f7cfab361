"""NSS databases, the trust stores of Firefox, and of Chromium on Linux."""

import contextlib
import re
import shutil
import ssl
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .anchors import DONE, FAILED, KEPT, SKIPPED, Anchor, Outcome, StoreError, run

_NAME = "nss"
# In the user's home: Chromium's own, those of packages, and every profile of Firefox.
_PLACES = (
    ".pki/nssdb",
    ".local/share/pki/nssdb",
    "snap/chromium/current/.pki/nssdb",
    ".var/app/org.chromium.Chromium/.pki/nssdb",
    ".mozilla/firefox/*",
    ".config/mozilla/firefox/*",
    "snap/firefox/common/.mozilla/firefox/*",
    ".var/app/org.mozilla.firefox/.mozilla/firefox/*",
    "Library/Application Support/Firefox/Profiles/*",
)
# Trusted to issue for TLS servers, and for nothing else.
_TRUST = "C,,"
# A line of what certutil lists: a name, and a C among what it is trusted for by TLS.
_TRUSTED = re.compile(r"^(?P<name>\S.*?)\s+\w*C\w*,\w*,\w*\s*$", re.MULTILINE)

_PEM = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def change_nss(anchor: Anchor, trusted: bool, home: Path | None = None) -> list[Outcome]:
    """Trust *anchor*, or no longer, in every database of this user."""
    if sys.platform == "win32":
        return [Outcome(_NAME, SKIPPED, "not needed on Windows: Firefox uses the system's store")]
    databases = list(_databases(home or Path.home()))
    if not databases:
        hint = "start Firefox or Chromium once"
        return [Outcome(_NAME, SKIPPED, f"no browser database yet: {hint}")]
    if shutil.which("certutil") is None:
        hint = "install libnss3-tools or nss-tools"
        return [
            Outcome(f"{_NAME}, {path}", SKIPPED, f"certutil is missing: {hint}")
            for path in databases
        ]
    return [_change(path, anchor, trusted) for path in databases]


def trusting_databases(anchor: Anchor, home: Path | None = None) -> dict[str, bool | None]:
    """Return for each database of this user whether it trusts *anchor*; None: it cannot be read."""
    found: dict[str, bool | None] = {}
    for path in _databases(home or Path.home()):
        try:
            found[str(path)] = bool(_nickname(f"sql:{path}", anchor))
        except StoreError:
            found[str(path)] = None
    return found


def _databases(home: Path) -> Iterator[Path]:
    for place in _PLACES:
        for path in sorted(home.glob(place)):
            if (path / "cert9.db").exists():
                yield path


def _change(path: Path, anchor: Anchor, trusted: bool) -> Outcome:
    store, database = f"{_NAME}, {path}", f"sql:{path}"
    try:
        nickname = _nickname(database, anchor)
        if bool(nickname) == trusted:
            return Outcome(store, KEPT, "already trusted" if trusted else "it was not trusted")
        if nickname:
            run("certutil", "-D", "-d", database, "-n", nickname)
        else:
            _add(database, anchor)
        if bool(_nickname(database, anchor)) != trusted:
            return Outcome(store, FAILED, "certutil failed without a message")
    except (OSError, StoreError) as error:
        return Outcome(store, FAILED, str(error))
    return Outcome(store, DONE, "added" if trusted else "removed")


def _add(database: str, anchor: Anchor) -> None:
    with tempfile.NamedTemporaryFile(suffix=".crt") as file:
        file.write(anchor.pem)
        file.flush()
        add = ("certutil", "-A", "-d", database, "-n", anchor.title)
        run(*add, "-t", _TRUST, "-i", file.name)


def _nickname(database: str, anchor: Anchor) -> str | None:
    """Return the name under which this very certificate is trusted: ours, or an older import's.

    For each name certutil prints all certificates with the same subject, as a board's earlier
    authority has: then only our own name tells which of them it is of.
    """
    listed = run("certutil", "-L", "-d", database)
    for match in _TRUSTED.finditer(listed):
        with contextlib.suppress(StoreError, ValueError):
            found = run("certutil", "-L", "-d", database, "-n", match["name"], "-a")
            same = [ssl.PEM_cert_to_DER_cert(one) for one in _PEM.findall(found.replace("\r", ""))]
            if anchor.der in same and (len(same) == 1 or match["name"] == anchor.title):
                return match["name"]
    return None
