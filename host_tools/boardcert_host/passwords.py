"""Secrets that a user supplies: by a file, the environment or a prompt, never by arguments."""

import getpass
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from .errors import USAGE, Error

_LEAST_CHARACTERS = 8  # NIST SP 800-63B (revision 3), section 5.1.1.1


@dataclass(frozen=True)
class Password:
    """Where one secret comes from: *file* (by *option*), else the environment's *variable*.

    *what*: what messages call it, for example "passphrase of the CA". *alternative*: an option for
    those who have none.
    """

    what: str
    option: str
    variable: str
    file: Path | None = None
    alternative: str = ""

    def given(self) -> str | None:
        """Return the secret from the file or the environment, None if it is in neither."""
        place = f"file with the {self.what}" if self.file else self.variable
        try:
            if self.file:
                return self.file.read_bytes().decode().rstrip("\r\n")
            value = os.environ.get(self.variable)
            return None if value is None else os.fsencode(value).decode()
        except OSError as error:
            raise Error(f"cannot read the {self.what}: {error.strerror}: {self.file}") from error
        except UnicodeDecodeError:  # Not passed on: it holds the bytes.
            raise Error(f"the {place} is not UTF-8") from None

    def required(self) -> str:
        """Return the secret from the file or the environment. Raises Error if it is in neither."""
        given = self.given()
        if given is None:
            raise self._missing("nobody is asked for it now")
        return given

    def ask(self, prompt: str) -> str:
        """Ask a person. Raises Error, a usage error, when there is nobody to ask."""
        if not sys.stdin.isatty():
            raise self._missing("no terminal to ask for it")
        try:
            return getpass.getpass(f"{prompt}: ")
        except (EOFError, UnicodeDecodeError):
            raise Error(f"no {self.what} was given", None, USAGE) from None

    def get(self) -> str:
        """Return what was given, else what a person answers."""
        given = self.given()
        return self.ask(self.what[0].upper() + self.what[1:]) if given is None else given

    def _missing(self, why: str) -> Error:
        hint = f"{self.option} FILE, or {self.variable} in the environment"
        hint += f"; {self.alternative} if there is none" if self.alternative else ""
        return Error(f"no {self.what}, and {why}", hint, USAGE)

    def choose(self) -> str:
        """As get, for a new secret: a person types it twice. Raises Error when it is short."""
        chosen = self.given()
        if chosen is None:
            chosen = self.ask(f"New {self.what}")
            if self.ask("Repeat it") != chosen:
                raise Error(f"the two entries of the {self.what} differ", None, USAGE)
        if len(chosen) < _LEAST_CHARACTERS:
            reason = f"has fewer than {_LEAST_CHARACTERS} characters"
            raise Error(f"the {self.what} {reason}", None, USAGE)
        return chosen
