"""A factory reset leaves neither the old key nor the old token in the board's flash."""

import json
from collections.abc import Callable

from boardcert_host.virtual import VirtualBoard

_USE = """
import boardcert, json
from boardcert import store
me = boardcert.identity()
for _ in range(3):
    me.renew()
key = store.load(boardcert.DIRECTORY, "generated", []).private_key
print(json.dumps([key.hex(), me.admin_token()]))
"""
_RESET = """
import boardcert
steps = set()
print(boardcert.identity(progress=steps.add).reset(), "wipe" in steps)
"""
_SCALAR = slice(8, 56)  # Where SEC 1 has the scalar of a P-384 key.


def test_a_reset_overwrites_what_it_deletes(installed: Callable[..., VirtualBoard]) -> None:
    """Every copy is overwritten: of earlier renewals, and of the token in its directory's log."""
    board = installed()
    key, token = json.loads(board.exec(_USE))
    secrets = bytes.fromhex(key)[_SCALAR], token.encode()
    flash = board.directory / "flash.bin"
    found = [flash.read_bytes().count(secret) for secret in secrets]
    assert found[0] > 1 and found[1] >= 1
    answer = board.exec(_RESET)
    assert answer.startswith("the free flash was overwritten: ") and answer.endswith("True\n")
    assert "wifi.json" in answer
    assert [flash.read_bytes().count(secret) for secret in secrets] == [0, 0]
