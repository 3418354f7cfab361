"""Names that only the package uses become the firmware's or short; nothing else changes."""

import ast
import asyncio
import builtins
import io
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import microdot
import pytest
from boardcert_host.build.fold import fold
from boardcert_host.build.kernels import KERNELS, NO_KERNELS, kernel_sources
from boardcert_host.build.load_plan import load_plan
from boardcert_host.build.new_names import Known, new_names
from boardcert_host.build.package import _known, _without_kernel, package_sources
from boardcert_host.build.rom_names import BY_NUMBER, NAMES, OF_MEMBERS, TAKEN
from boardcert_host.build.rooms import read_flat
from boardcert_host.build.shorten import shorten
from boardcert_host.directories import data_directory
from boardcert_host.flash.board_kinds import load_board
from boardcert_host.flash.firmware import firmware_image
from boardcert_host.flash.uf2 import read_uf2

_FIRMWARE = data_directory("firmware")
_FOR_PROGRAMS = ("company", "installing", "memory", "page", "programs", "reference", "settings")
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
    "inside": """
inner_limit = [3]
def through_text(): return "another.step_name"
def step_name(): return half_of(inner_limit[0])
def half_of(number): return number / 2
class InnerFailure(Exception): pass
class Inner:
    def own_step(self): return half_of(8)
    def open(self, size): return open(size)
def call_own_step(): return Inner().own_step()
""",
    "other": """
def _square_twice(number): return number ** 4
def fourth(number): return _square_twice(number)
""",
}


@pytest.fixture(scope="module")
def short():
    """Return the sources with short names."""
    return shorten(_SOURCES, Known(("face",), tested=("inner",), foreign=frozenset({"fourth"})))


def _run(sources):
    face, inner = {}, {}
    exec(sources["face"], face)  # noqa: S102
    source = sources["inner"].replace("from .face import Shape, count\n", "")
    inner.update(Shape=face["Shape"], count=face["count"])
    exec(source, inner)  # noqa: S102
    return face, inner


def test_the_results_are_the_same(short):
    """Calls by position, name and default, globals and global imports give the same results."""
    for sources in (_SOURCES, short):
        face, inner = _run(sources)
        assert inner["measure"](3) == 21
        assert inner["measure"](3, 2, more=1) == 40
        assert inner["nested"](5)[0]() == 5
        assert inner["engine"]() == "queue"
        assert face["count"](step=2) == 2 and face["count"](1) == 3


def test_private_names_are_the_firmwares_and_arguments_short(short):
    """Private names become the firmware's; arguments of functions that others call stay."""
    both = short["face"] + short["inner"]
    for name in ("_long_side", "_counter", "_square", "_handle"):
        assert name not in both
    assert "operand" not in short["face"] and "some_side" not in short["inner"]
    assert "def count(step)" in short["face"] and "(request)" in short["face"]
    assert "def __init__(self, side, depth=1)" in short["face"]


def test_public_names_that_only_the_package_uses_change(short):
    """Public names of modules and classes change; exceptions, builtins and names in texts stay."""
    words = set(re.findall(r"\w+", short["inside"]))
    assert not words & {"half_of", "own_step", "inner_limit", "call_own_step"}
    assert words >= {"step_name", "InnerFailure"}
    assert "def open(self" in short["inside"] and "return open(" in short["inside"]
    assert "def count(" in short["face"] and "def area(" in short["face"]
    assert "def fourth(" in short["other"] and "def measure(" in short["inner"]


def test_files_share_names_at_the_top_of_modules(short):
    """Names that only one module uses, and no object has, are reused in other modules."""
    functions = [set(re.findall(r"def (\w+)", short[name])) for name in ("face", "inside", "other")]
    assert set.intersection(*functions)


_MEMBERS = {
    "one": """
class One:
    def __init__(self): self._single = 1
    def _double(self): return 2 * self._single
    def reset(self): self._seen = self._double()
""",
    "two": """
class Two:
    def __init__(self): self._whole = 2
    def _half(self): return self._whole / 2
    def halve(self): self._halved = self._half()
class Base:
    def __init__(self): self._inherited = 3
""",
    "three": """
from .two import Base
class Derived(Base):
    def __init__(self): super().__init__(); self._additional = 4
def spoil(one): one._halved_by_all = 5; return one._seen
""",
}


def test_members_of_classes_apart_share_names():
    """Members share a new name if their classes have nothing to do with each other."""
    names = new_names(
        {name: ast.parse(source) for name, source in _MEMBERS.items()},
        Known(("one", "two", "three")),
    )
    shared = {"_single", "_double", "_whole", "_half", "_halved"}
    alone = {"_seen", "_inherited", "_additional", "_halved_by_all"}
    assert names.keys() == shared | alone
    assert len({names[old] for old in shared}) == 3
    assert {names[old] for old in shared} <= set(OF_MEMBERS)
    assert len({names[old] for old in alone}) == len(alone)
    assert not {names[old] for old in alone} & set(BY_NUMBER)


def test_short_names_follow_when_the_firmware_has_no_more():
    """With more names than the firmware has, the last ones become short, each its own."""
    sources = {"many": "\n".join(f"box._number_{i} = {i}" for i in range(len(NAMES) + 60))}
    new = list(new_names({"many": ast.parse(sources["many"])}, Known()).values())
    assert set(new[: len(NAMES)]) == set(NAMES)
    assert new[len(NAMES) :][:2] == ["_a", "_b"] and new[-1] == "_ah"
    assert len(set(new)) == len(new)


def test_names_that_others_use_stay(short):
    """Keyword arguments, other modules' private names, and names in texts stay."""
    assert "side=" in short["inner"]
    assert "._maxsize" in short["inner"] and "queue._elsewhere" in short["inner"]
    assert "doubled=" in short["face"] and "argument" in short["inner"]


def test_the_firmware_keeps_what_applications_name():
    """Parameters of the functions that applications call keep their names."""
    sources = package_sources("armv6m")
    assert "def __init__(self, directory=" in sources["__init__"].replace(": str", "")
    assert "def __init__(self, ca=None, pins=None)" in sources["mutual_tls"]
    assert "_io_queue" in sources["server"]
    assert "async def awrite(self" in sources["microdot_exchange"]  # This one is used by Microdot.


def _names(trees: Iterable[ast.AST]) -> set[str]:
    """Return every name that is used, and every text that could be one."""
    fields = ("id", "attr", "arg", "name", "asname", "value")
    nodes = [node for tree in trees for node in ast.walk(tree)]
    found = {getattr(node, field, None) for node in nodes for field in fields}
    return {name for name in found if isinstance(name, str)}


@pytest.fixture(scope="module", params=["armv6m", "rv32imc", "xtensawin"])
def package(request):
    """Return the package's trees, the new names in each, and the files they are joined into."""
    kernels = KERNELS.get(request.param, NO_KERNELS)
    sources = read_flat(_FIRMWARE / "boardcert") | kernel_sources(kernels)
    for user in kernels.useless(load_plan().kernel_users):
        del sources[user]
    bundles = load_plan().bundles if kernels.are_certain else _without_kernel(sources)
    trees = {name: ast.parse(source) for name, source in fold(sources).items()}
    return trees, new_names(trees, _known(bundles)), bundles


def _modules_by_file(package) -> dict[str, list[ast.Module]]:
    """Return the trees of the modules in each file of the package."""
    trees, _, bundles = package
    files = {part: file for file, parts in bundles.items() for part in parts}
    found: dict[str, list[ast.Module]] = {}
    for module, tree in trees.items():
        found.setdefault(files.get(module, module), []).append(tree)
    return found


def test_no_new_name_means_anything_else(package):
    """A new name has one meaning in each file, and none but the built-in ones in the package."""
    trees, names, _ = package
    assert len(names) > 600 and sum(old[0] != "_" for old in names) > 150
    assert not set(names.values()) - set(BY_NUMBER) & _names(trees.values())
    assert not set(names.values()) & trees.keys()
    for inside in _modules_by_file(package).values():
        used = _names(inside)
        new = [names[old] for old in used if old in names]
        assert len(new) == len(set(new)) and not used & set(new)
    assert not any(old.startswith("__") for old in names)
    # A private name of ours does not hide what another module has by that name.
    assert not {name for name in names if hasattr(asyncio.StreamReader, name)}


def test_members_that_share_a_new_name_are_of_classes_apart(package):
    """Only its class, as self.NAME, uses a member whose new name another name has, too."""
    trees, names, _ = package
    groups = Counter(names.values())
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    sharing = {node.attr for node in attributes if groups[names.get(node.attr, "")] > 1}
    assert len(sharing) > 50
    classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
    related = {ast.unparse(base) for one in classes for base in one.bases}
    related |= {one.name for one in classes if one.bases}
    for one in classes:
        own = sharing & {node.attr for node in ast.walk(one) if isinstance(node, ast.Attribute)}
        assert not (own and one.name in related)
    for node in attributes:
        assert node.attr not in sharing or ast.unparse(node.value) == "self"


def test_no_name_is_left_for_a_board_to_keep(package):
    """Every new name is one that the firmware has: a board keeps no memory for it."""
    _, names, _ = package
    assert set(names.values()) <= {*NAMES, *BY_NUMBER}


def test_the_public_names_that_change_are_nobody_elses(package):
    """Changed public names are neither the firmware's, which objects may have, nor exceptions."""
    _, names, _ = package
    public = {old for old in names if old[0] != "_"}
    taken = set()
    for board in ("VIRTUAL_PICO_W", "ESP32_GENERIC", "ESP32_GENERIC_C3"):
        image = firmware_image(load_board(board))[0].read_bytes()
        if image[:4] == b"UF2\n":
            image = read_uf2(image, 0xE48BFF56, 0x10000000, 0x10200000).content
        assert not {name for name in public if name.encode() + b"\0" in image}
        taken |= {name for name in TAKEN if name.encode() + b"\0" in image}
    assert taken == TAKEN
    shown = [Path("README.md"), *(_FIRMWARE / "docs" / f"{name}.md" for name in _FOR_PROGRAMS)]
    code = {word for path in shown for text in _code(path) for word in re.findall(r"\w+", text)}
    assert not public & code


def _code(path: Path) -> list[str]:
    """Return the code in *path*."""
    text = path.read_text()
    return re.findall(r"```.*?```|(?<=\n\n)(?:    .*\n)+|`[^`]+`", text, re.DOTALL)


def test_names_of_the_firmware_are_looked_for_on_no_object():
    """Attributes of Microdot, asyncio and built-in types, which ours would hide, are avoided.

    On objects with members of ours, Microdot, asyncio and streams look for none of OF_MEMBERS.
    """
    folder = Path(str(microdot.__file__)).parent
    foreign = _names(ast.parse(path.read_text()) for path in folder.glob("*.py"))
    types = [object, io.IOBase]
    types += [asyncio.StreamReader, asyncio.StreamWriter, asyncio.Task, asyncio.Event, type(short)]
    foreign |= {name for one in types for name in dir(one)}
    foreign |= {"s", "e", "out_buf", "aclose", "awrite", "awritestr", "ph_key", "coro", "ioctl"}
    assert not set(OF_MEMBERS) & foreign
    types = [Exception, OSError, StopIteration, io.BytesIO, io.StringIO]
    types += [bytes, bytearray, list, dict, str, set, tuple, int, memoryview]
    foreign |= {name for one in types for name in dir(one)} | set(dir(builtins))
    assert not set(NAMES) & foreign
    assert not set(BY_NUMBER) & {*dir(builtins), *NAMES}  # Does one replace print?
    assert len(set(NAMES)) == len(NAMES)


def test_public_names_stay():
    """Public names stay as shipped, except those used by the package alone."""
    shipped = _names(ast.parse(source) for source in package_sources("armv6m").values())
    sources = read_flat(_FIRMWARE / "boardcert")
    for name in load_plan().faces:
        tree = ast.parse(sources[name])
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name[0] == "_":
                continue
            if node.name not in load_plan().inner:
                assert node.name in shipped


def test_no_attribute_is_looked_for_by_a_text_that_is_made():
    """Attributes are never looked up by computed names, which could differ on a board."""
    found = set()
    for module, source in read_flat(_FIRMWARE / "boardcert").items():
        for node in ast.walk(ast.parse(source)):
            function = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if function in ("getattr", "setattr", "hasattr", "delattr"):
                name = node.args[1]
                if not isinstance(name, ast.Constant):
                    found.add((module, ast.unparse(name)))
    assert found == {
        ("board", "interface"),
        ("change_settings", "name"),
        ("modules", "short"),
        ("page_portal", "function"),
        ("page_facts", "name"),
        ("programs", "attribute"),
        ("server", "name"),
    }
