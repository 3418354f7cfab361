"""The package as boards get it: some modules joined into one file."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from boardcert_host import device
from boardcert_host.virtual import VirtualBoard

pytestmark = pytest.mark.xdist_group("virtual_board")

# What applications import, and what identity() does; other modules are parts of these.
_PUBLIC = ("ecdsa", "manage", "generate", "noise", "portal", "serial_line", "server", "store")
_PUBLIC += ("store_write", "tls")
_RESIDENT = {"boardcert", "boardcert.store"}


@pytest.fixture(scope="module")
def shipped(firmware: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualBoard]:
    """A board with the package."""
    with VirtualBoard(tmp_path_factory.mktemp("board"), firmware=firmware, pace="idle") as board:
        board.wait_ready()
        device.install(board.usb_port)
        device.install_microdot(board.usb_port)  # For the portal.
        yield board


@pytest.mark.parametrize("name", _PUBLIC)
def test_each_public_module_can_be_imported_first(name: str, shipped: VirtualBoard) -> None:
    """On a freshly started interpreter, whatever else it needs."""
    shipped.soft_reset()
    printed = shipped.exec(f"import boardcert.{name} as module; print(module.__name__)")
    assert printed.strip() == f"boardcert.{name}"


def test_only_the_quick_way_stays_in_memory(shipped: VirtualBoard) -> None:
    """After generating, after loading, and after a request."""
    for call in ("identity()", "identity(validity_days=9)", "identity().csr()"):
        shipped.soft_reset()
        code = f"import sys, boardcert; boardcert.{call}; print(*sys.modules)"
        modules = set(shipped.exec(code, timeout_s=60).split())
        assert {name for name in modules if name.startswith("boardcert")} == _RESIDENT
