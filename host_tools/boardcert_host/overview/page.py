"""The page of `boardcert report`: one file that needs no other, and no script to be read."""

import base64
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from .. import __version__, clock
from ..console import neutral
from ..inventory import telling
from .state import STATES, Overview, Row, look, worst

if TYPE_CHECKING:
    import datetime

    from jinja2 import Environment

MARK = b'<meta name="generator" content="boardcert report '
"""By this, near its beginning, a page of ours is known."""
_BEGINNING_BYTES = 4096

MOST_BOARDS = 10_000
"""In the table, the worst first: more, and a browser takes seconds to sort it."""
MOST_CHANGES = 200
_MOST_LINES = 30_000
"""Of the boards' histories together; each is a line of some 150 bytes."""
_LEAST_OF_A_BOARD, _MOST_OF_A_BOARD = 3, 30
_MOST_VALUES = 12
_PART = 100
"""Boards that a browser lays out together: parts that are not on the screen cost it nothing."""


def is_ours(path: Path) -> bool:
    """Return whether a file is a page that `boardcert report` made. Raises OSError."""
    with path.open("rb") as file:
        return MARK in file.read(_BEGINNING_BYTES)


def render(
    connection: sa.Connection, since: "datetime.datetime | None", inventory: str
) -> tuple[str, Overview]:
    """Return the page, and what is on it. *since*: when the last one was made."""
    overview = look(connection, since, MOST_CHANGES)
    shown = min(overview.count, MOST_BOARDS)
    lines = _MOST_LINES // max(shown, 1)
    lines = min(max(lines, _LEAST_OF_A_BOARD), _MOST_OF_A_BOARD)
    environment = _environment()
    style, script = _text("page.css"), _text("page.js")
    parts = environment.get_template("page.html").generate(
        version=__version__,
        inventory=inventory,
        overview=overview,
        states=list(STATES),
        largest=max((count for _, count in overview.ends), default=0),
        shown=shown,
        most_values=_MOST_VALUES,
        boards=_boards(connection, lines),
        part_size=_PART,
        style=style,
        script=script,
        policy=_policy(style, script),
    )
    return "".join(parts), overview


def _boards(connection: sa.Connection, lines: int) -> Iterator[tuple[Row, list[Any], int]]:
    """Yield each board with its newest changes, and how many older ones there are."""
    for rows in worst(connection, MOST_BOARDS):
        found = telling.of_boards(connection, [row.number for row in rows], lines)
        for row in rows:
            changes, count = found[row.number]
            yield row, changes, count - len(changes)


def _policy(style: str, script: str) -> str:
    """Return the content security policy: this style, this script, and nothing from anywhere."""
    policy = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
    return policy + "base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _text(name: str) -> str:
    """Return a file of this folder, as it stands between its tags."""
    return Path(__file__).with_name(name).read_text("utf-8")


@functools.lru_cache(maxsize=1)
def _environment() -> "Environment":
    """Return what fills in the template: all values are escaped, as text that cannot turn lines."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_plain,
    )
    environment.filters["day"] = lambda at: clock.as_text(at)[:10] if at else ""
    environment.filters["minute"] = clock.as_minute
    environment.filters["kind"] = lambda state: state.replace(" ", "-")
    return environment


def _plain(value: Any) -> Any:
    """Return a text with escapes in place of what turns its direction; markup as it is."""
    return neutral(value) if type(value) is str else value
