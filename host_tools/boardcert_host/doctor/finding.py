"""The result of one check of this computer."""

from dataclasses import dataclass

OK, WARN, FAIL, SKIP = "ok", "warn", "fail", "skip"


@dataclass(frozen=True)
class Finding:
    """One thing that was checked. *what_to_do*: None if nothing is to be done.

    *status*: "ok"; "fail" if a command cannot work; "warn" if some things do not work; or "skip".
    *paste*: commands or a file, ready to be pasted.
    """

    id: str
    title: str
    status: str
    detail: str
    what_to_do: str | None = None
    paste: str | None = None
