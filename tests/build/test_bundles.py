"""Modules joined into one file behave as they do when separate."""

import sys
import types

import pytest
from boardcert_host.build.bundles import join
from boardcert_host.errors import Error

_SOURCES = {
    "shape": """'''A docstring.'''
import math
SIDES = 4
def area(side): return side ** 2
class Oddity(Exception): pass
""",
    "paint": """
import math
from . import shape
from .shape import SIDES, area as surface
try:
    from .shape import Oddity
except ImportError:
    from .missing import Oddity
def litres(side):
    from .shape import area
    assert area(side) == surface(side) == shape.area(side)
    return math.ceil(area(side) / SIDES)
""",
    "shop": """
from . import paint, shape as form
from .paint import litres
def buy(side): return paint.litres(side) + litres(side) + form.SIDES
""",
}
_BUNDLES = {"paint": ("shape", "paint")}


@pytest.fixture
def package(monkeypatch):
    """Return a function that imports joined sources, in their order, as the package `joined`."""

    def load(sources):
        package = types.ModuleType("joined")
        package.__path__ = []
        monkeypatch.setitem(sys.modules, "joined", package)
        for name, source in sources.items():
            module = types.ModuleType(f"joined.{name}")
            module.__package__ = "joined"
            monkeypatch.setitem(sys.modules, module.__name__, module)
            exec(source, module.__dict__)  # noqa: S102
            setattr(package, name, module)
        return package

    return load


@pytest.mark.parametrize("bundles", [{}, _BUNDLES, {"shop": ("shape", "paint", "shop")}])
def test_it_does_not_matter_how_modules_are_joined(bundles, package):
    """Names, modules and imports inside functions are found however modules are joined."""
    order = {name: _SOURCES[name] for name in ("shape", "paint", "shop")}
    joined = join(order, bundles)
    modules = package({name: joined[name] for name in order if name in joined})
    assert modules.shop.buy(5) == 7 + 7 + 4
    parts = {part for parts in bundles.values() for part in parts[:-1]}
    assert set(joined) == set(_SOURCES) - parts


def test_what_needs_not_be_imported_is_not():
    """The build removes imports within a bundle, repeated imports and docstrings."""
    source = join(_SOURCES, _BUNDLES)["paint"]
    assert source.count("import math") == 1
    assert "docstring" not in source and "missing" not in source
    assert "from .paint import area as surface" in source and "import SIDES" not in source


def test_parts_that_are_not_there_are_left_out():
    """Parts that a processor does not use are left out."""
    assert set(join({"shop": "x = 1"}, {"shop": ("paint", "shop")})) == {"shop"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("A = 1", "A = 2"),
        ("def a(): pass", "class a: pass"),
        ("from time import a", "a = 1"),
        ("from time import a", "from math import a"),
        ("import a", "from . import b as a"),
        ("try:\n    from time import a\nexcept ImportError:\n    a = 1", "a = 2"),
        ("try:\n    pass\nexcept OSError:\n    def a(): pass", "import a"),
        ("(a, b), c = (1, 2), 3", "b = 2"),
    ],
)
def test_one_name_with_two_meanings_is_an_error(first, second):
    """The parts share their global names: a clash is an error that says which name, and where."""
    with pytest.raises(Error, match=r"^bundle two: [aAb] is in one and in two$"):
        join({"one": first, "two": second}, {"two": ("one", "two")})


@pytest.mark.parametrize("same", ["import time", "from time import sleep as s", "from . import x"])
def test_a_repeated_import_is_no_clash(same):
    """A repeated import, or a name inside a function, does not clash."""
    sources = {"one": f"{same}\ndef f(): a = 1", "two": f"{same}\ndef g(): a = 2"}
    assert "def g" in join(sources, {"two": ("one", "two")})["two"]
