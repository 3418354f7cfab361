"""The package as boards get it, with some modules joined into one file."""

import pytest
from boardcert_host.virtual import VirtualBoard

# What applications import and identity() loads; other modules are parts of these.
_PUBLIC = ("ecdsa", "sources", "generate", "noise", "page_portal", "serial_line", "server", "store")
_PUBLIC += ("store_write", "tls")
_RESIDENT = {"boardcert"}


@pytest.mark.parametrize("name", _PUBLIC)
def test_each_public_module_can_be_imported_first(name: str, package_board: VirtualBoard) -> None:
    """Each public module can be imported first on a freshly started interpreter."""
    package_board.soft_reset()
    printed = package_board.exec(f"import boardcert.{name} as module; print(module.__name__)")
    assert printed.strip() == f"boardcert.{name}"


def test_only_the_quick_way_stays_in_memory(package_board: VirtualBoard) -> None:
    """Only the small resident modules stay in memory after generating, loading, and a request."""
    for call in ("identity()", "identity(validity_days=9)", "identity().csr()"):
        package_board.soft_reset()
        code = f"import sys, boardcert; boardcert.{call}; print(*sys.modules)"
        modules = set(package_board.exec(code, timeout_s=60).split())
        assert {name for name in modules if name.startswith("boardcert")} == _RESIDENT


def test_making_an_identity_leaves_stack_to_interrupts(package_board: VirtualBoard) -> None:
    """Generation leaves stack: of a Pico's 8 KB, `run` uses 1.2 KB, an mDNS interrupt 1.3 KB.

    Below the stack's end is the heap: an overflow has crashed a board.
    """
    package_board.soft_reset()
    used = package_board.exec(
        "import boardcert\n"
        "from micropython import stack_use\n"
        "used, before = [], stack_use()\n"
        "note = lambda step: used.append(stack_use() - before)\n"
        "boardcert.identity(directory='/deep', progress=note)\n"
        "print(*used)"
    )
    assert max(map(int, used.split())) < 3_000
