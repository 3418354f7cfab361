"""Names that nobody outside uses become short, and nothing else changes."""

import pytest
from boardcert_host.build_package import package_sources
from boardcert_host.shorten import shorten

_SOURCES = {
    "face": """
_counter = 0
class Shape:
    def __init__(self, side, depth=1): self._long_side = side * depth
    def area(self, *, doubled=False): return _square(self._long_side) * (1 + doubled)
def count(step):
    global _counter
    _counter += step
    return _counter
def _square(operand): return operand * operand
async def _handle(request): return request
""",
    "inner": """
from .face import Shape, count
import queue
def measure(some_side, height=1, **others):
    made = Shape(side=some_side)
    return made.area(doubled=True) * height + made._long_side + len(others)
def nested(argument):
    return [lambda: argument]
_engine = None
def engine():
    global _engine
    import queue as _engine
    return _engine.__name__
def foreign(box): return box._maxsize if hasattr(box, "_maxsize") else queue._elsewhere
""",
}


@pytest.fixture(scope="module")
def short():
    """The sources with short names."""
    return shorten(_SOURCES, ("face",))


def _run(sources):
    face, inner = {}, {}
    exec(sources["face"], face)  # noqa: S102
    source = sources["inner"].replace("from .face import Shape, count\n", "")
    inner.update(Shape=face["Shape"], count=face["count"])
    exec(source, inner)  # noqa: S102
    return face, inner


def test_the_results_are_the_same(short):
    """By position, by name, with defaults, through globals, and of an import as a global."""
    for sources in (_SOURCES, short):
        face, inner = _run(sources)
        assert inner["measure"](3) == 21
        assert inner["measure"](3, 2, more=1) == 40
        assert inner["nested"](5)[0]() == 5
        assert inner["engine"]() == "queue"
        assert face["count"](step=2) == 2 and face["count"](1) == 3


def test_private_names_and_arguments_are_short(short):
    """The same in all modules; arguments of functions that others call keep their names."""
    both = short["face"] + short["inner"]
    assert "_long_side" not in both and "_counter" not in both
    assert "operand" not in short["face"] and "some_side" not in short["inner"]
    assert "def count(step)" in short["face"] and "async def _handle(request)" in short["face"]
    assert "def __init__(self, side, depth=1)" in short["face"]


def test_names_that_others_use_stay(short):
    """Functions for tracebacks, arguments that are given by name, other modules' private names."""
    assert "def _square(" in short["face"] and "side=" in short["inner"]
    assert "._maxsize" in short["inner"] and "queue._elsewhere" in short["inner"]
    assert "doubled=" in short["face"] and "argument" in short["inner"]


def test_the_firmware_keeps_what_applications_name():
    """Of each public function of the modules that they import."""
    sources = package_sources("armv6m")
    assert "def __init__(self, directory=" in sources["store"].replace(": str", "")
    assert "def __init__(self, ca=None, pins=None)" in sources["mutual_tls"]
    assert "_io_queue" in sources["server"]
    assert "async def awrite(self" in sources["microdot_exchange"]  # By Microdot.
