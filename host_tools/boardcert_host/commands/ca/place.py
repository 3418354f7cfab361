"""What the actions of `boardcert ca` share: where the CA is, and how its key is decrypted."""

import argparse
from pathlib import Path

from ...ca.store import Store, default_store
from ...passwords import Password

_VARIABLE = "BOARDCERT_CA_PASSPHRASE"


def add_ca(parser: argparse.ArgumentParser) -> None:
    """Add --ca."""
    words = "the CA's directory, or its ca.crt (default: $BOARDCERT_CA, or your data directory)"
    parser.add_argument("--ca", type=_directory, metavar="DIRECTORY|FILE", help=words)


def _directory(text: str) -> Path:
    """Return the directory of the CA that --ca names by itself, or by a file in it."""
    path = Path(text)
    return path.parent if path.is_file() else path


def add_passphrase(parser: argparse.ArgumentParser) -> None:
    """Add --passphrase-file."""
    words = f"file with the passphrase of the CA's key (default: ${_VARIABLE}, or a prompt)"
    parser.add_argument("--passphrase-file", type=Path, metavar="FILE", help=words)


def passphrase_of(arguments: argparse.Namespace) -> Password:
    """Return where the passphrase comes from."""
    file = arguments.passphrase_file
    return Password("passphrase of the CA", "--passphrase-file", _VARIABLE, file)


def store_in(directory: Path | None) -> Store:
    """Return the CA's store in *directory*, else the user's own."""
    return Store(directory) if directory else default_store()
