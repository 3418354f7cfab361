"""The rooms of the device package, and the flat package that boards get from them."""

import pytest
from boardcert_host.build.rooms import flatten, module_paths, read_flat, room_names
from boardcert_host.directories import data_directory
from boardcert_host.errors import Error

_PACKAGE = data_directory("firmware") / "boardcert"
_ROOMS = ["asn1", "crypto", "page", "serving"]


@pytest.mark.parametrize(
    ("source", "room", "flat"),
    [
        ("from .. import board", "crypto", "from . import board"),
        ("from ..asn1 import der", "crypto", "from . import der"),
        ("from ..asn1.der import encode", "crypto", "from .der import encode"),
        ("from .ec import P384", "crypto", "from .ec import P384"),
        ("from . import ec as _ec", "crypto", "from . import ec as _ec"),
        ("from .asn1.der import encode", "", "from .der import encode"),
        ("from .board import name", "", "from .board import name"),
        ("from .serving.application import serve", "", "from .application import serve"),
        ("from . import server", "serving", "from . import server"),
        ("from .http import HTTPError", "page", "from .page_http import HTTPError"),
        ("from ..page.send import send", "startup", "from .page_send import send"),
        ("from . import send", "page", "from . import page_send as send"),
        ("from ..page import send as _send", "serving", "from . import page_send as _send"),
        ("from boardcert.page import http", "", "from boardcert import page_http as http"),
        ("from boardcert.page.http import text", "", "from boardcert.page_http import text"),
        ("from ..serving import http", "page", "from . import http"),
        ("from http import client", "page", "from http import client"),
        ("from boardcert.asn1 import der", "", "from boardcert import der"),
        ("from boardcert.asn1.der import encode", "", "from boardcert.der import encode"),
        ("from boardcert import Error", "", "from boardcert import Error"),
        ("from asn1 import der", "crypto", "from asn1 import der"),
        ("import asn1", "crypto", "import asn1"),
    ],
)
def test_an_import_loses_its_room(source: str, room: str, flat: str) -> None:
    """Imports within the package lose their room, and nothing else changes."""
    assert flatten(source, _ROOMS, room) == flat


def test_imports_that_follow_each_other_become_one() -> None:
    """Consecutive imports are merged and sorted, which saves bytes and leaves no trace of rooms."""
    source = (
        "if True:\n"
        "    from .. import LIMIT, Error, board\n"
        "    from ..asn1 import der\n"
        "    from ..asn1.pem import b\n"
        "    from .ec import a\n"
        "    print()\n"
        "    from . import ec\n"
    )
    assert flatten(source, _ROOMS, "crypto") == (
        "if True:\n"
        "    from . import LIMIT, Error, board, der\n"
        "    from .ec import a\n"
        "    from .pem import b\n"
        "    print()\n"
        "    from . import ec"
    )


def test_each_module_has_a_name_of_its_own(tmp_path) -> None:
    """Module names are unique, since they share one directory on a board."""
    for name in ("__init__.py", "one/__init__.py", "one/same.py", "two/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list(module_paths(tmp_path)) == ["__init__", "same"]
    (tmp_path / "two" / "same.py").touch()
    with pytest.raises(Error, match="two modules are called same"):
        module_paths(tmp_path)


def test_a_module_of_the_page_has_its_room_in_its_name(tmp_path) -> None:
    """Modules of the page get their room as a prefix, as others have names such as `send`, too."""
    for name in ("one/__init__.py", "one/send.py", "page/__init__.py", "page/send.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list(module_paths(tmp_path)) == ["page_send", "send"]
    (tmp_path / "one" / "page_send.py").touch()
    with pytest.raises(Error, match="two modules are called page_send"):
        module_paths(tmp_path)


def test_every_module_of_the_package_is_read() -> None:
    """Every module is read; each folder is a room, whose own file has a docstring only."""
    files = [
        path for path in _PACKAGE.rglob("*.py") if path.parent == _PACKAGE or path.stem[0] != "_"
    ]
    assert len(read_flat(_PACKAGE)) == len(files) > 100
    assert {path.parent.name for path in files} - {_PACKAGE.name} == set(room_names(_PACKAGE))
    for room in room_names(_PACKAGE):
        text = (_PACKAGE / room / "__init__.py").read_text()
        assert text.startswith('"""') and text.endswith('."""\n') and text.count("\n") == 1
