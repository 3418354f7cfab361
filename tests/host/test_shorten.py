"""Names that nobody outside uses become those of the firmware, or short; nothing else changes."""

import ast
import asyncio
import builtins
import io
from collections.abc import Iterable
from pathlib import Path

import microdot
import pytest
from boardcert_host.boards import data_directory
from boardcert_host.build_package import _FACES, _FIRST, Form, package_sources
from boardcert_host.fold import fold
from boardcert_host.rom_names import NAMES
from boardcert_host.rooms import read_flat
from boardcert_host.shorten import new_names, shorten

_FIRMWARE = data_directory("firmware")
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


def test_private_names_are_the_firmwares_and_arguments_short(short):
    """The same in all modules; arguments of functions that others call keep their names."""
    both = short["face"] + short["inner"]
    for name in ("_long_side", "_counter", "_square", "_handle"):
        assert name not in both
    assert "operand" not in short["face"] and "some_side" not in short["inner"]
    assert "def count(step)" in short["face"] and "(request)" in short["face"]
    assert "def __init__(self, side, depth=1)" in short["face"]


def test_names_that_others_use_stay(short):
    """Arguments that are given by name, other modules' private names, and those in texts."""
    assert "side=" in short["inner"]
    assert "._maxsize" in short["inner"] and "queue._elsewhere" in short["inner"]
    assert "doubled=" in short["face"] and "argument" in short["inner"]


def test_the_firmware_keeps_what_applications_name():
    """Of each public function of the modules that they import."""
    sources = package_sources("armv6m")
    assert "def __init__(self, directory=" in sources["__init__"].replace(": str", "")
    assert "def __init__(self, ca=None, pins=None)" in sources["mutual_tls"]
    assert "_io_queue" in sources["server"]
    assert "async def awrite(self" in sources["microdot_exchange"]  # By Microdot.


def _names(trees: Iterable[ast.AST]) -> set[str]:
    """Every name that is used, and every text that could be one."""
    fields = ("id", "attr", "arg", "name", "asname", "value")
    nodes = [node for tree in trees for node in ast.walk(tree)]
    found = {getattr(node, field, None) for node in nodes for field in fields}
    return {name for name in found if isinstance(name, str)}


@pytest.mark.parametrize("form", [Form.SHIPPED, Form.PORTABLE])
def test_no_new_name_means_anything_else(form):
    """Of the whole package: each is used by nobody else, and stands for one name alone."""
    sources = read_flat(_FIRMWARE / "boardcert") | {
        path.stem: path.read_text() for path in (_FIRMWARE / "kernels").glob("kernel_*.py")
    }
    if form is Form.PORTABLE:
        sources = {name: text for name, text in sources.items() if "kernel" not in name}
    trees = {name: ast.parse(source) for name, source in fold(sources).items()}
    names = new_names(trees, _FIRST)
    assert len(names) > 400 and len(set(names.values())) == len(names)
    assert all(name[0] == "_" and name[1] != "_" for name in names)
    assert not set(names.values()) & _names(trees.values())
    # Nor does a private one of ours stand for what another module has by that name.
    assert not {name for name in names if hasattr(asyncio.StreamReader, name)}


def test_names_of_the_firmware_are_looked_for_on_no_object():
    """Of Microdot, asyncio, and the built-in types, whose attributes ours would hide."""
    folder = Path(str(microdot.__file__)).parent
    foreign = _names(ast.parse(path.read_text()) for path in folder.glob("*.py"))
    types = [object, Exception, OSError, StopIteration, io.IOBase, io.BytesIO, io.StringIO]
    types += [bytes, bytearray, list, dict, str, set, tuple, int, memoryview]
    types += [asyncio.StreamReader, asyncio.StreamWriter, asyncio.Task, asyncio.Event, type(short)]
    foreign |= {name for one in types for name in dir(one)} | set(dir(builtins))
    foreign |= {"s", "e", "out_buf", "aclose", "awrite", "awritestr", "ph_key", "coro", "ioctl"}
    assert not set(NAMES) & foreign
    assert len(set(NAMES)) == len(NAMES)


def test_public_names_stay():
    """In the whole package as it is shipped."""
    shipped = _names(ast.parse(source) for source in package_sources("armv6m").values())
    sources = read_flat(_FIRMWARE / "boardcert")
    for name in _FACES:
        tree = ast.parse(sources[name])
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_":
                assert node.name in shipped
