"""Defer tasks until the next boot, if memory is short beside TLS and the page: on esp32.

A wish is one file, WISH: a JSON object with the "task", what it needs, and an "id" if somebody
waits for the outcome. At the next boot, fulfil does it, before the server is loaded.
"""

import json
import os
from binascii import b2a_base64, hexlify

from .. import board
from ..storage import store
from ..storage.record import GENERATED, WISH
from ..storage.store_write import Writer, remove_file
from .report import read_outcome


def put_off(directory: str, task: str, brought: tuple | None = None, names=None) -> str:
    """Write a wish of an administrator, for the next boot; return its id.

    *brought*: what to install, (chain, key, today), in DER, see Identity.install; *names*: see
    Identity.csr. An earlier wish that has not been fulfilled is replaced.
    """
    chain, key, today = brought or ((), None, None)
    number = hexlify(os.urandom(8)).decode()
    head = _head(task)
    head["id"] = number
    if today:
        head["today"] = today
    if names:
        head["names"] = names
    Writer(directory, []).write_pieces(WISH, _pieces(head, chain, key))
    return number


def put_off_signing(directory: str, reason: str) -> str:
    """Write the wish that the certificate be signed again; return a notice about it."""
    Writer(directory, []).write_text(WISH, json.dumps(_head("sign")))
    return f"the certificate is signed again at the next boot: {reason}"


def withdraw(directory: str) -> None:
    """Remove a wish that is no longer needed."""
    remove_file(f"{directory}/{WISH}")


def stored_request(directory: str, names: list | None = None) -> str | None:
    """Return the certificate request (base64) of the last wish, if it is of the current key.

    *names*: see Identity.csr; the request must be for these.
    """
    found = read_outcome(directory) or {}
    record = store.load(directory, GENERATED, [])
    is_valid = record is not None and found.get("generation") == record.generation
    is_valid = is_valid and found.get("names") == names
    return found.get("request") if is_valid else None


def generated_pin(directory: str) -> str | None:
    """Return the pin of the board's own key, which is served when nothing is installed."""
    record = store.load(directory, GENERATED, [])
    return record and record.facts.get("public_key_pin")


def _head(task: str) -> dict:
    """Return the beginning of a wish, with what the board may not know at its next boot."""
    return {
        "task": task,
        "unique_id": board.unique_id().hex(),
        "addresses": board.addresses(),
        "now": board.utc_now(),
    }


def _pieces(head: dict, chain, key: bytes | None):
    """Yield the JSON of a wish, in pieces: memory is short."""
    yield json.dumps(head)[:-1].encode()
    if key:
        yield b', "key": "' + b2a_base64(key).rstrip() + b'"'
    separator = b', "chain": ["'
    for certificate in chain:
        yield separator + b2a_base64(certificate).rstrip()
        separator = b'", "'
    yield b'"]}' if chain else b"}"
