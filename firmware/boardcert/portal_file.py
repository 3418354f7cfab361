"""The lines of portal_template, from its file or, frozen into the firmware, from its bytes."""

# The stubs leave out what an io.BytesIO inherits.
# pyright: reportAttributeAccessIssue=false

import io

_NAME = "portal_template"
_BEGIN = b'TEMPLATE = b"""\n'
_END = b'"""\n'


def head_lines() -> list:
    """Return the header lines of every answer, without their ends."""
    file = _open()
    try:
        found = []
        while line := file.readline().strip():
            found.append(line)
        return found
    finally:
        file.close()


def page_lines():
    """Yield the lines of the page, as bytes."""
    file = _open()
    try:
        while file.readline().strip():
            pass
        while (line := file.readline()) not in (_END, b""):
            yield line
    finally:
        file.close()


def _open():
    """Return the template as a stream, at its first line."""
    try:
        file = open(__file__.rpartition("/")[0] + f"/{_NAME}.py", "rb")  # noqa: SIM115
    except OSError:
        from .portal_template import TEMPLATE

        file = io.BytesIO(TEMPLATE)
        file.readline()
        return file
    while (line := file.readline()) != _BEGIN:
        if not line:
            raise OSError(f"{_NAME}.py is damaged; install boardcert again")
    return file
