"""The fields of forms and of the API, and what refuses a body that is not of these."""

FIELDS = ("action", "form", "token", "hostname", "chain", "key", "time", "names", "prefix")
FIELDS += ("validity_days", "key_type", "portal_port", "https")
"""What the page and its API know; other fields are ignored."""


class FieldsError(Exception):
    """A body that is refused with a *status*. *field*: the one at fault, or None."""

    def __init__(self, status: int, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.field = field


def field_of(fields: dict, name: bytes) -> list:
    """Return the list for the pieces of the field *name*, in *fields* if that is known."""
    pieces = []
    for known in FIELDS:
        if known.encode() == name:
            fields[known] = pieces
    return pieces
