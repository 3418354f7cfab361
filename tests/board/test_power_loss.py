"""Power fails at every flash operation of a first boot, a renewal, an installation, a reset.

Each time the board boots with its old identity or the new one, never with a damaged one or none.
FAT and torn files are tested in tests/device/test_power_cut.py. Of the thousands of operations that
overwrite free flash, only a few are tried.
"""

import datetime
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from boardcert_host.ca import authorities, csr
from boardcert_host.virtual import VirtualBoard
from cryptography.hazmat.primitives.serialization import Encoding
from cut_boards import UNIQUE_ID, cut_everywhere
from prepared import AT_ONCE

NewBoard = Callable[..., VirtualBoard]

_MAKE = "import boardcert; boardcert.identity(hostname='old')"
_SIGN_AGAIN = "import boardcert; boardcert.identity(hostname='new')"
_RESET = "import boardcert; boardcert.identity(hostname='old').reset()"

_REQUEST = "import boardcert; print(boardcert.identity(hostname='old').csr().hex())"
_INSTALL = "import boardcert; boardcert.identity(hostname='old').install({chain!r})"
_REMOVE = "import boardcert; boardcert.identity(hostname='old').remove()"

_LOOK_AT_SOURCE = """
import boardcert, json
me = boardcert.identity(hostname="old")
print(json.dumps([me.source, me.public_key_pin, me.generated, me.notices]))
"""

# Print what is stored, read without repairing anything, and what is served after that.
_LOOK = """
import boardcert, json
from boardcert import store
damage = []
record = store.load(boardcert.DIRECTORY, "generated", damage)
stored = record and [record.facts["public_key_pin"], record.facts["hostname"]]
me = boardcert.identity(hostname={host_name!r})
again = boardcert.identity(hostname={host_name!r})
stays = not again.generated and again.certificate == me.certificate
print(json.dumps([damage, stored, [me.generated, me.public_key_pin, me.notices], stays]))
"""

_SIGNED_AGAIN = "the certificate was signed again with the same key: the names have changed"


@pytest.fixture(scope="module")
def flashes(
    firmware: Path, package_flash: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Return flashes with the package: "empty" before the first boot, "made" after it.

    "installed" also has a certificate from a CA for its key, which is in the file "chain".
    """
    directory = tmp_path_factory.mktemp("prepared")
    flashes = {name: directory / f"{name}.bin" for name in ("empty", "made", "installed")}
    shutil.copy(package_flash, flashes["empty"])
    (directory / "board").mkdir()
    shutil.copy(package_flash, directory / "board" / "flash.bin")
    for name in ("made", "installed"):
        settings = {"ring_oscillator": "seed:1", "unique_id": UNIQUE_ID, "pace": "free"} | AT_ONCE
        with VirtualBoard(directory / "board", firmware=firmware, **settings) as board:
            board.wait_ready()
            if name == "made":
                board.exec(_MAKE)
            else:
                flashes["chain"] = directory / "chain.pem"
                flashes["chain"].write_text(chain := _sign(board.exec(_REQUEST)))
                board.exec(_INSTALL.format(chain=chain))
        shutil.copy(directory / "board" / "flash.bin", flashes[name])
    return flashes


def _sign(request: str) -> str:
    """Return a certificate for a board's *request*, and the CA's certificate, in PEM."""
    now = datetime.datetime.now(datetime.timezone.utc)
    authority = authorities.create("Test CA", [], now)
    request_read = csr.read_request(bytes.fromhex(request))
    leaf = authority.issue(request_read, request_read.names, 100, now)
    chain = (leaf, authority.certificate)
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in chain)


def _look(board: VirtualBoard, host_name: str) -> tuple[list[str] | None, list[object]]:
    """Return what is stored, [pin, host name] or None, and what is served after that.

    The latter is [made in this boot, pin, notices], and stays. Nothing is ever damaged.
    """
    damage, stored, served, stays = json.loads(board.exec(_LOOK.format(host_name=host_name)))
    assert damage == [] and stays
    return stored, served


_FINISHED = "a deletion interrupted by a loss of power was finished: "
_OVERWRITTEN = "the free flash was overwritten"
_KEPT = "no key was removed"


def _tells_finishing_only(notices: list[str], how_far: str = _OVERWRITTEN) -> bool:
    """Return whether the only notice says that a deletion was finished, and *how_far* it went."""
    return all(notice.startswith(_FINISHED + how_far) for notice in notices)


def test_first_boot(new_board: NewBoard, flashes: dict[str, Path]) -> None:
    """Afterwards there is no identity or a whole one; without one, the board generates another."""
    found = []
    for board, is_complete in cut_everywhere(new_board, flashes["empty"], _MAKE):
        stored, (generated, pin, notices) = _look(board, "old")
        assert notices == []
        assert generated if stored is None else (generated, pin) == (False, stored[0])
        assert stored is not None or not is_complete
        found.append(stored is not None)
    assert found == sorted(found) and len(set(found)) == 2  # First none, then one.


def test_signing_again(new_board: NewBoard, flashes: dict[str, Path]) -> None:
    """The key is the same, under the old or the new name; the next boot has the new name."""
    names = []
    pins = set()
    for board, is_complete in cut_everywhere(new_board, flashes["made"], _SIGN_AGAIN):
        stored, served = _look(board, "new")
        assert stored is not None
        pin, name = stored
        assert served == [False, pin, [_SIGNED_AGAIN] if name == "old" else []]
        assert name == "new" or not is_complete
        pins.add(pin)
        names.append(name)
    assert len(pins) == 1
    assert names == sorted(names, reverse=True) and set(names) == {"old", "new"}


def test_reset(new_board: NewBoard, flashes: dict[str, Path]) -> None:
    """The board has either the old or the new key, and serves it."""
    pins = []
    for board, _ in cut_everywhere(new_board, flashes["made"], _RESET):
        stored, (generated, pin, notices) = _look(board, "old")
        assert stored is not None
        assert (generated, pin) == (False, stored[0]) and _tells_finishing_only(notices)
        pins.append(stored[0])
    is_new = [pin != pins[0] for pin in pins]
    assert is_new == sorted(is_new) and is_new[-1]


@pytest.mark.parametrize(
    ("flash", "code", "before", "after"),
    [
        ("made", _INSTALL, "generated", "installed"),
        ("installed", _REMOVE, "installed", "generated"),
    ],
)
def test_installing_and_removing(
    new_board: NewBoard, flashes: dict[str, Path], flash: str, code: str, before: str, after: str
) -> None:
    """What is served is intact, either the old or the new certificate, with the same key."""
    sources = []
    pins = set()
    code = code.format(chain=flashes["chain"].read_text())
    for board, is_complete in cut_everywhere(new_board, flashes[flash], code):
        source, pin, generated, notices = json.loads(board.exec(_LOOK_AT_SOURCE))
        assert not generated and _tells_finishing_only(notices, _KEPT)
        assert source == after if is_complete else source in (before, after)
        sources.append(source)
        pins.add(pin)
    assert len(pins) == 1
    assert sources == sorted(sources, reverse=before > after)
