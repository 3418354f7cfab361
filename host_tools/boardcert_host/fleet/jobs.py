"""The servers to contact: from the inventory page by page, or from lines of text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TextIO

from ..errors import Error
from ..targets import Target, parse_host
from ..trust import look_up
from ..trust.location import find

if TYPE_CHECKING:
    from ..inventory.listing import Wanted

_PAGE = 500
# Longer than any host, and a remark: a file of something else is not read into memory.
_LONGEST_LINE = 1000


@dataclass(frozen=True)
class Job:
    """One server. *title*: what it is called here. *target*: where it is, or why nobody knows."""

    title: str
    target: Target | Error


def of_inventory(wanted: "Wanted") -> Iterator[list[Job]]:
    """Yield pages of the boards in the inventory, each by the first of its names.

    A page is read when it is wanted: what is forgotten meanwhile is left out.
    """
    from ..inventory import listing, store
    from ..inventory.place import is_absent

    last = 0
    while not is_absent():
        with store.reading() as connection:
            numbers = listing.numbers_after(connection, wanted, last, _PAGE)
            pins = look_up.first_names(connection, numbers)
        if not numbers:
            return
        last = numbers[-1]
        yield [Job(pin.host, find(pin.host, [pin]).target) for pin in pins]


def count_of(wanted: "Wanted") -> int:
    """Return how many boards `of_inventory` will yield."""
    from ..inventory import listing, store
    from ..inventory.place import is_absent

    if is_absent():
        return 0
    with store.reading() as connection:
        return listing.count(connection, wanted)


def of_lines(file: TextIO) -> Iterator[list[Job]]:
    """Yield pages of the hosts in *file*: one on each line; what follows a # is a remark."""
    texts = (text for line in _beginnings(file) if (text := line.partition("#")[0].strip()))
    while page := list(islice(texts, _PAGE)):
        yield of_hosts(page)


def _beginnings(file: TextIO) -> Iterator[str]:
    """Yield the lines of *file*, of a long one its beginning: the rest is not another host."""
    is_begun = False
    while part := file.readline(_LONGEST_LINE):
        if not is_begun:
            yield part
        is_begun = not part.endswith("\n")


def of_hosts(texts: Sequence[str]) -> list[Job]:
    """Return the servers that a person calls so, by the rule of `location.find`."""
    wrong: dict[str, Error] = {}
    for text in texts:
        try:
            parse_host(text)
        except Error as error:
            wrong[text] = error
    boards = look_up.about_all([(text, None) for text in texts if text not in wrong])
    return [Job(text, wrong.get(text) or find(text, boards).target) for text in texts]
