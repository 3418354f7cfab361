"""What one look at this computer found."""

from dataclasses import dataclass

OK, WARN, FAIL, SKIP = "ok", "warn", "fail", "skip"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. *what_to_do*: None where nothing is to be done.

    *status*: "ok"; "fail", when a command cannot work so; "warn", when some things do not work; or
    "skip". *paste*: commands or a file, ready to be pasted.
    """

    id: str
    title: str
    status: str
    detail: str
    what_to_do: str | None = None
    paste: str | None = None
