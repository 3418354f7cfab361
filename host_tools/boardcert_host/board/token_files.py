"""Tokens for another person or computer: a file that is encrypted with a password.

JSON with a version, a salt, a nonce and what is sealed: AES-256-GCM (NIST SP 800-38D), with a key
by scrypt (RFC 7914) and the parameters of OWASP's Password Storage Cheat Sheet, which make a guess
cost 128 MB and some 0.4 s. The version is authenticated, too.
"""

import base64
import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ..errors import CHECKED_AND_BAD, Error
from ..files import read_small, write_output
from . import tokens
from .tokens import Entry

_HEAD, _VERSION = "boardcert_tokens", 1
_AUTHENTICATED = f"{_HEAD} {_VERSION}".encode()
_COST, _BLOCK_SIZE, _PARALLELISM = 1 << 17, 8, 1
_SALT_BYTES, _NONCE_BYTES, _KEY_BYTES = 16, 12, 32
_MOST_SHOWN = 5


def export_tokens(path: Path, password: str, is_forced: bool) -> int:
    """Write all tokens to *path*, for its owner only; return how many. Raises Error."""
    entries = tokens.load_tokens().values()
    if not entries:
        raise Error("there is no token on the key ring", "boardcert token HOST --usb PORT")
    write_output(path, _sealed(entries, password), is_forced, 0o600)
    return len(entries)


def import_tokens(path: Path, password: str, is_replacing: bool) -> tuple[int, int]:
    """Add the tokens in *path* to the key ring; return how many are new, and how many were known.

    All or, with an Error, none. A token that a host has here stays, and is that Error where it is
    another one than in *path*, unless *is_replacing*.
    """
    found = _opened(path, password)
    with tokens.changing_ring() as ring:
        known = ring.keys() & found.keys()
        others = sorted(host for host in known if ring[host].token != found[host].token)
        if others and not is_replacing:
            more = f" and {len(others) - _MOST_SHOWN} more" if len(others) > _MOST_SHOWN else ""
            raise Error(
                f"another token is on the key ring for {', '.join(others[:_MOST_SHOWN])}{more}",
                f"--replace takes that of {path}; nothing was changed",
                CHECKED_AND_BAD,
            )
        ring.update({host: found[host] for host in (found.keys() - known) | set(others)})
    new = len(found) - len(known) + len(others)
    return new, len(found) - new


def _sealed(entries: Iterable[Entry], password: str) -> bytes:
    content = json.dumps([asdict(entry) for entry in entries]).encode()
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(_key(password, salt)).encrypt(nonce, content, _AUTHENTICATED)
    parts = {"salt": salt, "nonce": nonce, "sealed": sealed}
    texts = {name: base64.b64encode(data).decode() for name, data in parts.items()}
    return json.dumps({_HEAD: _VERSION} | texts, indent=2).encode() + b"\n"


def _opened(path: Path, password: str) -> dict[str, Entry]:
    """Return what is in a file, by host. Raises Error that shows nothing of it."""
    try:
        content = json.loads(read_small(path))
        version = content[_HEAD]
        salt, nonce, sealed = (
            base64.b64decode(content[name], validate=True) for name in ("salt", "nonce", "sealed")
        )
        if version == _VERSION and (len(salt), len(nonce)) != (_SALT_BYTES, _NONCE_BYTES):
            raise ValueError
    except (ValueError, TypeError, KeyError, RecursionError):
        hint = "`boardcert token export FILE` writes them"
        raise Error(f"{path} is not a file of tokens, or is damaged", hint) from None
    if version != _VERSION:
        raise Error(f"{path} is of a newer boardcert (tokens {version!r})", "install that")
    try:
        plain = AESGCM(_key(password, salt)).decrypt(nonce, sealed, _AUTHENTICATED)
        return {entry.host: entry for entry in map(tokens.entry_of, json.loads(plain))}
    except InvalidTag:
        raise Error(f"wrong password, or {path} is damaged") from None
    except (Error, ValueError, TypeError, KeyError):
        raise Error(f"{path} contains something that is not a token", "write it anew") from None


def _key(password: str, salt: bytes) -> bytes:
    derivation = Scrypt(salt, _KEY_BYTES, _COST, _BLOCK_SIZE, _PARALLELISM)
    return derivation.derive(password.encode())
