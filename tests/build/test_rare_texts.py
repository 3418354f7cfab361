"""Texts of errors and notices are moved to a separate file, and are still shown."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from boardcert_host.build.package import build_package, package_sources
from boardcert_host.build.rare_texts import FILE, take_texts

_MICROPYTHON = Path(sys.executable).with_name("micropython")
_MODULE = '''
"""A module."""
def check(value, notices):
    notices.append(f"{value!r} is {{strange}}, {value:#x} or {len(notices):4d}")
    notices.append(f"a format of its own: {value:{'4'}d}")
    notices.append("a sentence of its own")
    def _add_notices(more):
        notices.extend(more)
    _add_notices([f"a sentence in a list, {value}"])
    other = "no text of an error"
    if value > 2:
        raise ValueError("chain", "a sentence of its own")
    raise KeyError("short one", "oneword_that_is_long")
'''
_TWO_LINES = "def fail():\n    raise ValueError('one line\\nand another one')\n"


def _run(source: str, texts: list[str], value: int) -> tuple[list[str], tuple]:
    """Return the notices, and the arguments of the error, of `check`."""
    names = {"rare_text": texts.__getitem__}
    exec(source.replace("from .modules import rare_text\n", ""), names)  # noqa: S102
    notices: list[str] = []
    with pytest.raises((ValueError, KeyError)) as caught:
        names["check"](value, notices)
    return notices, caught.value.args


@pytest.mark.parametrize("value", [2, 26])
def test_nothing_else_is_said(value):
    """Braces, conversions, formats, and texts that are not sentences stay the same."""
    sources, text = take_texts({"some": _MODULE})
    texts = [line[1:] for line in text.splitlines()]
    assert len(texts) == 3  # One sentence occurs twice.
    assert "a sentence" not in sources["some"] and "a format" in sources["some"]
    assert "no text of an error" in sources["some"]
    assert _run(sources["some"], texts, value) == _run(_MODULE, [], value)


def test_reasons_are_taken_where_functions_return_them():
    """Functions whose names say so return the same reasons, and None, as before."""
    source = """
def stale_reason(now, end):
    if now > end:
        return "it had expired"
    return None
def other(now):
    return "it had expired"
"""
    sources, text = take_texts({"some": source})
    assert text == "#it had expired\n" and sources["some"].count("had expired") == 1
    names = {"rare_text": [text[1:-1]].__getitem__}
    exec(sources["some"].replace("from .modules import rare_text\n", ""), names)  # noqa: S102
    assert names["stale_reason"](2, 1) == names["other"](0) == "it had expired"
    assert names["stale_reason"](1, 2) is None


def test_a_module_without_such_texts_stays():
    """A module without such texts, or with texts of several lines, is not changed."""
    sources, text = take_texts({"some": "number = 1", "other": _TWO_LINES})
    assert text == "" and "modules" not in "".join(sources.values())
    assert "and another one" in sources["other"]


def test_the_package_has_its_texts_in_one_file():
    """The file is valid Python, each text a comment; hardly any text is left in a raise."""
    sources = package_sources("armv6m")
    lines = sources[FILE].splitlines()
    assert len(lines) > 200 and all(re.fullmatch("#.{12,}", line) for line in lines)
    assert "#not a date of a certificate" in lines and "a date of a" not in sources["certificate"]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_board_says_them(is_there, tmp_path):
    """Without the file, the error is the same with a number in place of the text."""
    build_package("x64", tmp_path / "boardcert")
    if not is_there:
        (tmp_path / "boardcert" / f"{FILE}.py").unlink()
    code = f"""
import boardcert
try:
    boardcert.identity(directory={str(tmp_path / "data")!r}, hostname="a b")
except ValueError as error:
    print(error)
"""
    environment = {**os.environ, "MICROPYPATH": f"{tmp_path}{os.pathsep}.frozen"}
    done = subprocess.run(
        [_MICROPYTHON, "-c", code], env=environment, capture_output=True, text=True, timeout=120
    )
    expected = "not a host name or address: 'a b'" if is_there else r"text \d+"
    assert re.fullmatch(expected, done.stdout.strip()), done.stdout + done.stderr
