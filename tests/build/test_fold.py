"""The build evaluates what is known in advance, and changes nothing else."""

import pytest
from boardcert_host.build.fold import fold
from boardcert_host.errors import Error

_SOURCES = {
    "tags": """
from micropython import const
SET = const(0x31)
_PRIVATE = const(2)
WORD = "word"
def own(): return SET + _PRIVATE
""",
    "user": """
from . import tags, tags as marks
from .tags import SET as GROUP, WORD
try:
    from .fast import work
except (ImportError, ValueError):
    from .slow import work
def total(): return tags.SET + marks.SET + GROUP
def text(): return f"{WORD} {tags.SET}"
""",
    "slow": "def work(): return 'slow'",
    "fast": "def work(): return 'fast'",
}


def _without(name: str) -> dict[str, str]:
    return {module: source for module, source in _SOURCES.items() if module != name}


def test_constants_become_numbers():
    """Constants become numbers in every module and text, and their names disappear."""
    folded = fold(_SOURCES)
    assert "SET" not in folded["user"] + folded["tags"] and "GROUP" not in folded["user"]
    assert "return 49 + _PRIVATE" in folded["tags"] and "_PRIVATE = const(2)" in folded["tags"]
    assert "return 49 + 49 + 49" in folded["user"] and "f'{WORD} {49}'" in folded["user"]
    assert "micropython" not in folded["tags"]


def test_other_values_stay():
    """Values other than numbers keep their names."""
    folded = fold(_SOURCES)
    assert "WORD = 'word'" in folded["tags"] and "from .tags import WORD" in folded["user"]


@pytest.mark.parametrize(("missing", "there"), [("fast", "slow"), ("slow", "fast")])
def test_the_module_that_there_is_is_imported(missing, there):
    """The module that exists is imported directly, without the attempt to import the other."""
    source = fold(_without(missing))["user"]
    assert f"\nfrom .{there} import work" in source
    assert "try" not in source and missing not in source


_ASKING = """
def is_fast():
    try:
        from . import fast
    except ({caught}):
        return False
    return True
"""


def test_without_the_module_what_is_done_without_it_remains():
    """Only the branch without the module remains, even if it is not an import."""
    asking = _ASKING.format(caught="ImportError, ValueError")
    folded = fold({**_without("fast"), "user": asking})["user"]
    assert "try" not in folded and "fast\n" not in folded and "return False" in folded
    assert "try" in fold({**_SOURCES, "user": asking})["user"]


def test_what_does_not_catch_a_missing_module_is_left():
    """An import that no except clause guards still raises on the board."""
    asking = _ASKING.format(caught="ValueError, MemoryError")
    assert "from . import fast" in fold({**_without("fast"), "user": asking})["user"]


def test_with_both_modules_the_board_decides():
    """If both modules exist, the board decides as written."""
    source = fold(_SOURCES)["user"]
    assert "try:" in source and "from .fast" in source and "from .slow" in source


def test_what_must_be_done_in_the_end_is_done():
    """The finally clause of a try statement is kept."""
    source = "def f():\n try:\n  from .slow import work\n  return work()\n finally:\n  print(1)"
    folded = fold({**_SOURCES, "user": source})["user"]
    assert "finally:" in folded and "print(1)" in folded


@pytest.mark.parametrize(
    "use",
    [
        "def a():\n from .one import N\n return N\ndef b():\n from .two import N\n return N",
        "try:\n from . import one as m\nexcept ImportError:\n from . import two as m\nm.N",
    ],
)
def test_a_name_for_two_numbers_is_refused(use):
    """A name with two values fails the build, in any scope, so that no board uses the wrong one."""
    with pytest.raises(Error, match="N is"):
        fold({"one": "N = const(1)", "two": "N = const(2)", "user": use})
