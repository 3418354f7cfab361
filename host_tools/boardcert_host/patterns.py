"""Texts that are filled in for each board by str.format: 'sensor-{n:03}', 'S/N {serial_number}'."""

import re
import string
from collections.abc import Mapping


def has_fields(text: str, allowed: Mapping[str, str]) -> bool:
    """Return whether there is something to fill in.

    *allowed*: the fields that there are, each with the regular expression of its format. Raises
    ValueError for others, and for braces that do not match; its text says why.
    """
    found = False
    for _, name, form, conversion in string.Formatter().parse(text):
        if name is None:
            continue
        found = True
        if name not in allowed:
            raise ValueError(f"there is no {{{name}}}")
        if conversion or not re.fullmatch(allowed[name], form or ""):
            raise ValueError(f"no such format of {{{name}}}")
    return found
