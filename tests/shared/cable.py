"""A board on a cable, simulated: the code sent to it runs on the MicroPython unix binary."""

from pathlib import Path

import micropython_server
from boardcert_host.board import interruptions

PORT = "/dev/null"

# Runs before the code that is sent: it loads the identity in the folder sys.argv[1].
IDENTITY = """
import sys, boardcert
boardcert.identity(directory=sys.argv[1], hostname="kitchen", names=["localhost"])
"""


class Cable:
    """A board on a cable. *starts*: how often its program was restarted."""

    def __init__(self, directory):
        self.directory = str(directory)
        self.starts = 0
        self._has_program = True

    def run(self, port, *words, timeout_s=60, resumes=False):
        """Act as mpremote: exec, run FILE, reset. The program ends unless *resumes*."""
        assert port == PORT
        if words == ("reset",):
            self.starts += 1
            self._has_program = True
            return ""
        command, code = words
        code = Path(code).read_text() if command == "run" else code
        self._has_program &= resumes
        loaded = IDENTITY if self._has_program else ""
        interruptions.note_stopped(port)
        if not resumes and interruptions.cleared(port) is None:
            interruptions.note_cleared(port)
        return micropython_server.run(loaded + code, self.directory)

    def tell(self, expression):
        """Return the value of an expression on the board."""
        code = f"{IDENTITY}\nme = boardcert.identity()\nprint({expression})"
        return micropython_server.run(code, self.directory).strip()
