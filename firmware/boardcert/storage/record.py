"""An identity as it is stored, and whether a file exists: the part of store that stays loaded."""

import os


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
