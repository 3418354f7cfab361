"""Names of files in the board's directory: those that are needed as long as it serves."""

GENERATED = "generated"
INSTALLED = "installed"

WIPING = "wiping"
"""The file that is there while something is deleted, see wiping."""

WISH = "wish"
"""The file with what was put off until the next boot, see wishes."""

TOKEN_MARK = "mark.token"  # noqa: S105 (the name of a file)
"""An empty file as long as there should be a token; marks_of has those of the records, too."""
