"""The identity of a board on a cable as its program has it, though that was interrupted.

Before a command asks for the identity, the board is reset softly, see `mpremote.run`. With the
program, its Identity is gone, and the settings that were the program's arguments: these are read
before the reset, and given to `boardcert.identity` after it.
"""

import json

from . import interruptions, mpremote

# Run on the board that was interrupted: it opens no file and loads no module of the package. The
# build renames private attributes, so the directory is the text that is neither of these, nor the
# token, 26 letters and digits. A relative one is relative to what a soft reset forgets.
_LOADED = """
import gc, json, os, sys
gc.collect()
found = {}
package = sys.modules.get("boardcert")
texts = ("source", "public_key_pin", "hostname", "https", "not_before", "not_after", "wish")
for me in [getattr(package, name) for name in dir(package)]:
    if type(me).__name__ == "Identity":
        for name, value in me.__dict__.items():
            if isinstance(value, dict) and name != "timings_ms":
                found.update(value)
            elif isinstance(value, str) and name not in texts and value != package.DIRECTORY:
                if value[:1] == "/":
                    found["directory"] = value
                elif len(value) != 26 or value.strip("abcdefghijklmnopqrstuvwxyz234567"):
                    found["directory"] = os.getcwd().rstrip("/") + "/" + value
print(json.dumps(found))
"""
_MOST_CHARACTERS = 32_768  # Far more than settings have; an argument of a program has a limit.
_LOAD = """
import json, boardcert
boardcert.identity(**json.loads({!r}))
"""


def identity_code(port: str) -> str:
    """Return the code after which `boardcert.identity()` is as the program at *port* loads it.

    It is empty if the program sets nothing, or had not loaded its identity yet. The program is
    interrupted; `mpremote.run` resets the board softly before it runs the code.
    """
    found = interruptions.cleared(port)
    if found is None:
        output = mpremote.run(port, "exec", _LOADED, resumes=True)
        found = mpremote.json_of(port, output)
        if not isinstance(found, dict) or len(output) > _MOST_CHARACTERS:
            raise mpremote.unreadable(port)
        interruptions.note_program(port, found)
    return _LOAD.format(json.dumps(found)) if found else ""
