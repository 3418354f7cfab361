"""The id of a virtual board's flash chip, kept in the board's directory."""

import secrets
from pathlib import Path

from ..errors import Error

_BYTES = 8


def keep_unique_id(directory: Path, chosen: str | None) -> str:
    """Return *chosen*, else the id stored in *directory*, else a new one; and store it."""
    kept = directory / "unique_id"
    if chosen is None:
        chosen = kept.read_text() if kept.exists() else secrets.token_hex(_BYTES)
    if len(bytes.fromhex(chosen)) != _BYTES:
        raise Error(f"a unique id has {_BYTES} bytes as hex, not {chosen!r}")
    kept.write_text(chosen)
    return chosen
