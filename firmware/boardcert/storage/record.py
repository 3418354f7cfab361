"""An identity as it is stored, and names of files: the part of store that stays loaded."""

import os

GENERATED = "generated"
INSTALLED = "installed"

WIPING = "wiping"
"""The file that exists while something is being deleted, see wiping."""

WISH = "wish"
"""The file with a task that was deferred until the next boot, see wishes."""

TOKEN_MARK = "mark.token"  # noqa: S105 (the name of a file)
"""An empty file that exists while there should be a token; marks_of names those of records."""


class Record:
    """What one file holds. *private_key*: DER; *chain*: DER certificates, the leaf first."""

    authority_key: bytes | None = None
    """DER; set only while a board that is its own authority signs: while it serves, None."""

    def __init__(self, private_key: bytes, chain: list, facts: dict, generation: int = 0) -> None:
        self.private_key = private_key
        self.chain = chain
        self.facts = facts
        self.generation = generation


def exists(path: str) -> bool:
    """Return whether there is a file or directory at *path*."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True
