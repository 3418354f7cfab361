"""Java's own trust store, which all programs on a Java virtual machine use."""

import contextlib
import os
import re
import shutil
import ssl
import tempfile
from pathlib import Path

from .anchors import DONE, FAILED, KEPT, SKIPPED, Anchor, Outcome, StoreError, as_root, run

_NAME = "java"
# The password of every Java installation; it protects nothing, and is asked for all the same.
_PASSWORD = ("-storepass", "changeit")
_PLACES = ("lib/security/cacerts", "jre/lib/security/cacerts")
_ENTRY = re.compile(
    r"^Alias name: (?P<alias>[^\r\n]+)$.*?"
    r"(?P<pem>-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----)",
    re.DOTALL | re.MULTILINE,
)


def change_java(anchor: Anchor, trusted: bool) -> list[Outcome]:
    """Trust *anchor*, or no longer, in $JAVA_HOME, else in the Java that runs by default."""
    home = _java_home()
    if home is None:
        return [Outcome(_NAME, SKIPPED, "Java is not installed")]
    stores = [home / place for place in _PLACES if (home / place).exists()]
    if not stores:
        return [Outcome(_NAME, SKIPPED, f"no cacerts in {home}")]
    return [_change(home / "bin" / "keytool", stores[0], anchor, trusted)]


def is_in_java(anchor: Anchor) -> bool:
    """Return whether the Java that runs by default trusts *anchor*."""
    home = _java_home()
    stores = [home / place for place in _PLACES if (home / place).exists()] if home else []
    with contextlib.suppress(StoreError):
        return bool(home and stores and _aliases(home / "bin" / "keytool", stores[0], anchor))
    return False


def _java_home() -> Path | None:
    chosen = os.environ.get("JAVA_HOME")
    if chosen:
        return Path(chosen)
    found = shutil.which("keytool")
    return Path(found).resolve().parents[1] if found else None


def _change(keytool: Path, path: Path, anchor: Anchor, trusted: bool) -> Outcome:
    store, action = f"{_NAME}, {path}", "trust" if trusted else "untrust"
    # By its content: on Debian, the system's store passes its CAs on under names of its own.
    try:
        aliases = _aliases(keytool, path, anchor)
        if bool(aliases) == trusted:
            return Outcome(store, KEPT, "already trusted" if trusted else "it was not trusted")
        if not os.access(path, os.W_OK):
            return Outcome(store, SKIPPED, as_root(action, _NAME, anchor))
        if trusted:
            _add(keytool, path, anchor)
        for alias in aliases:
            run(keytool, "-delete", "-alias", alias, "-keystore", path, *_PASSWORD)
    except (OSError, StoreError) as error:
        return Outcome(store, FAILED, str(error))
    return Outcome(store, DONE, "added" if trusted else "removed")


def _aliases(keytool: Path, path: Path, anchor: Anchor) -> list[str]:
    """Return the names under which this very certificate is there."""
    english = "-J-Duser.language=en"
    listed = run(keytool, english, "-list", "-rfc", "-keystore", path, *_PASSWORD)
    return [
        match["alias"]
        for match in _ENTRY.finditer(listed)
        if ssl.PEM_cert_to_DER_cert(match["pem"]) == anchor.der
    ]


def _add(keytool: Path, path: Path, anchor: Anchor) -> None:
    with tempfile.TemporaryDirectory(prefix="boardcert-") as directory:
        file = Path(directory) / "ca.crt"
        file.write_bytes(anchor.pem)
        add = ("-importcert", "-noprompt", "-alias", anchor.slug, "-file", file)
        run(keytool, *add, "-keystore", path, *_PASSWORD)
