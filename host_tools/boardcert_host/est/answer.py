"""The answer of an EST server."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    """What a server has answered. *kind*: the content type, without parameters.

    *headers*: by names in lower case.
    """

    status: int
    reason: str
    kind: str
    headers: dict[str, str]
    data: bytes = field(repr=False)
