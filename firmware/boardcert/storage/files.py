"""Names of files in the board's directory that are needed while it serves."""

GENERATED = "generated"
INSTALLED = "installed"

WIPING = "wiping"
"""The file that exists while something is being deleted, see wiping."""

WISH = "wish"
"""The file with a task that was deferred until the next boot, see wishes."""

TOKEN_MARK = "mark.token"  # noqa: S105 (the name of a file)
"""An empty file that exists while there should be a token; marks_of names those of records."""
