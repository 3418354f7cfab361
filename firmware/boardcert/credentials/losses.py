"""Notice what is no longer stored, or is older than it was, by marks beside the records.

A mark is an empty file whose name says what is stored: mark.installed.3 for the third generation
of the installed record, mark.token for the token.
"""

import os

from ..storage.record import GENERATED, INSTALLED, TOKEN_MARK
from ..storage.store import SLOTS
from ..storage.store_write import is_empty_file
from .loading import marks_of


def settle(directory: str, files: list, stored: dict) -> list:
    """Update the marks in *directory* to those of *stored*, {source: Record}, and of the token.

    *files*: the names there. Return a sentence for each loss, which a mark has revealed. A mark is
    empty: a loss of power leaves it whole or absent, without a name of its own before.
    """
    wanted = marks_of(stored.items(), files)
    notices = []
    for mark in [file for file in files if file[:5] == "mark." and file not in wanted]:
        notices += _losses(mark, stored, files)
        os.remove(f"{directory}/{mark}")
    for mark in wanted:
        if mark not in files:
            open(f"{directory}/{mark}", "wb").close()
    for slot in [source + suffix for source in (GENERATED, INSTALLED) for suffix in SLOTS]:
        if slot in files and is_empty_file(f"{directory}/{slot}"):
            os.remove(f"{directory}/{slot}")  # Left by a loss of power; there is a notice already.
    return notices


def _losses(mark: str, stored: dict, files: list) -> list:
    """Return what has been lost since *mark* was made."""
    if mark == TOKEN_MARK:
        return ["the token is lost; a new one is made when needed"]
    # There is a fourth part when power failed while an earlier version wrote it.
    _, source, generation, *torn = mark.split(".")
    if torn or source not in (GENERATED, INSTALLED):
        return []
    if source not in stored:
        has_file = any([source + suffix in files for suffix in SLOTS])
        why = "not valid" if has_file else "not there"
        return [f"the {source} certificate is lost: its file is {why}"]
    if int(generation) > stored[source].generation:
        return [f"the {source} certificate is older than the previous one"]
    return []
