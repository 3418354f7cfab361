"""Identities for tests: with another board's answers, and certificates from elsewhere."""

import scratch
from boardcert import board
from boardcert.certificates import issue, keys
from boardcert.credentials import lifecycle
from boardcert.storage.store import Record
from helpers import random_bytes

TODAY = (2026, 11, 21, 5, 0, 0)


class Replaced:
    """Replace attributes of *owner* inside a `with` block."""

    def __init__(self, owner, **values):
        self._owner = owner
        self._values = values
        self._original = {name: getattr(owner, name) for name in values}

    def __enter__(self):
        for name in self._values:
            setattr(self._owner, name, self._values[name])

    def __exit__(self, *details):
        for name in self._original:
            setattr(self._owner, name, self._original[name])


def on_board(now=TODAY, addresses=(), **answers):
    """Return a context in which the board's clock, addresses and so on have these values."""
    answers = {name: lambda value=answers[name]: value for name in answers}
    return Replaced(board, utc_now=lambda: now, addresses=lambda: list(addresses), **answers)


def raising(error):
    """Return a function that raises *error*."""

    def function(*arguments):
        raise error

    return function


def has_notice(me, words):
    """Return whether a notice of the identity *me* contains these *words*."""
    return any(words in notice for notice in me.notices)


def check_notice(me, words):
    """Check that a notice of the identity *me* contains these *words*; if not, show its notices."""
    assert has_notice(me, words), me.notices


def identity(directory=None, **arguments):
    """Return the Identity in *directory*, or in an empty one."""
    return lifecycle.Identity(directory=directory or scratch.fresh_directory(), **arguments)


def foreign_record(name="installed.example", key=None, until=(2027, 1, 1, 0, 0, 0)):
    """Return a record with a self-signed certificate for *key*, or for a new one."""
    key = key or keys.generate("p384", random_bytes)
    subject = issue.encode_subject("elsewhere", "00")
    serial = random_bytes(issue.SERIAL_BYTES)
    tbs = issue.tbs_certificate((subject, key), [name], (TODAY, until), serial)
    certificate = keys.signed(key, tbs, key.sign(tbs, random_bytes))
    return Record(key.to_der(), [certificate], {})


class Builtin:
    """A context in which the module boardcert_builtin exists, with these *values*."""

    def __init__(self, **values):
        self._values = values

    def __enter__(self):
        import sys

        class module:
            pass

        for name in self._values:
            setattr(module, name, self._values[name])
        sys.modules["boardcert_builtin"] = module

    def __exit__(self, *details):
        import sys

        del sys.modules["boardcert_builtin"]
