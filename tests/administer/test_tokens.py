"""The key ring: which token belongs to which board, and who may read it."""

import json
import multiprocessing
import os
import stat

import pytest
from boardcert_host.board import tokens
from boardcert_host.board.tokens import (
    find_token,
    follow_key,
    forget_token,
    keep_token,
    tokens_file,
)
from boardcert_host.errors import Error

_TOKEN = "abcdefghijklmnopqrstuvwx27"  # noqa: S105 (made up)
_OTHER = "27abcdefghijklmnopqrstuvwx"
_KEY = "sha256//RkRNzHZNo2LdBLSMtNYwVXIHTDTBIUpdTRVRGxUtB9k="
_OTHER_KEY = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@pytest.fixture(autouse=True)
def own_directory(tmp_path, monkeypatch):
    """Store the file in a directory that does not exist yet."""
    monkeypatch.setenv("BOARDCERT_TOKENS", str(tmp_path / "more" / "tokens.json"))


def test_a_token_is_found_by_host_however_it_is_spelled():
    """A token is found by host in any spelling; the first name takes precedence."""
    assert find_token(["kitchen.local"], _KEY) is None
    assert keep_token("Kitchen.local.", _KEY, _TOKEN)
    assert not keep_token("kitchen.local", _KEY, _TOKEN)
    keep_token("kitchen.local:8443", _OTHER_KEY, _OTHER)
    assert find_token(["KITCHEN.local"]) == _TOKEN
    assert find_token(["kitchen.local:8443", "kitchen.local"]) == _OTHER
    assert find_token(["kitchen.local:20034", "kitchen.local"]) == _TOKEN
    assert find_token(["hall.local"]) is None


def test_a_token_is_found_by_the_key_of_its_board():
    """A token is found by the board's key, also at an address; a shared key finds none."""
    keep_token("kitchen.local", _KEY, _TOKEN)
    assert find_token(["192.168.4.1:20034"], _KEY) == _TOKEN
    assert find_token(["192.168.4.1:20034"], _OTHER_KEY) is None
    keep_token("kitchen", _KEY, _TOKEN)
    assert find_token(["192.168.4.1"], _KEY) == _TOKEN
    keep_token("hall.local", _KEY, _OTHER)
    assert find_token(["192.168.4.1"], _KEY) is None
    assert find_token(["hall.local"], _KEY) == _OTHER


def test_a_token_outlives_the_key_of_its_board_until_it_is_forgotten():
    """A token survives a new key, under every name of its board, until it is forgotten."""
    for host, token in (("kitchen.local", _TOKEN), ("10.0.0.1", _TOKEN), ("hall.local", _OTHER)):
        keep_token(host, _KEY, token)
    follow_key(_TOKEN, _OTHER_KEY)
    assert find_token(["unknown"], _OTHER_KEY) == _TOKEN
    assert find_token(["unknown"], _KEY) == _OTHER
    forget_token(_TOKEN)
    assert find_token(["kitchen.local", "10.0.0.1"], _OTHER_KEY) is None
    assert find_token(["hall.local"]) == _OTHER


def test_only_its_owner_can_read_the_file():
    """File and lock have mode 0600 whatever the umask, and no temporary file remains."""
    old = os.umask(0)
    try:
        keep_token("kitchen.local", _KEY, _TOKEN)
    finally:
        os.umask(old)
    left = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tokens_file().parent.iterdir()}
    assert left.pop("tokens.json") == 0o600
    assert set(left.values()) <= {0o600}
    assert set(left) <= {"tokens.json.lock"}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_can_read_or_write_is_refused(mode):
    """A file with other permissions is not used; the error contains the command that fixes them."""
    keep_token("kitchen.local", _KEY, _TOKEN)
    tokens_file().chmod(mode)
    before = tokens_file().read_bytes()
    uses = (
        lambda: find_token(["kitchen.local"]),
        lambda: keep_token("hall.local", _KEY, _OTHER),
        lambda: forget_token(_TOKEN),
    )
    for use in uses:
        with pytest.raises(Error, match="others can read the key ring") as caught:
            use()
        assert caught.value.hint == f"chmod 600 {tokens_file()}"
    assert tokens_file().read_bytes() == before


def test_a_place_that_cannot_hold_the_file_is_named_without_a_number(tmp_path, monkeypatch):
    """If the key ring's folder cannot be created, or is a file, the Error has path and reason."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("BOARDCERT_TOKENS", str(tmp_path / "file" / "tokens.json"))
    path = tmp_path / "file"
    with pytest.raises(Error) as caught:
        keep_token("kitchen.local", _KEY, _TOKEN)
    assert caught.value.message == f"cannot write the key ring: File exists: {path}"
    with pytest.raises(Error) as caught:
        find_token(["kitchen.local"])
    told = f"cannot read the key ring: Not a directory: {path}/tokens.json"
    assert caught.value.message == told
    assert caught.value.hint == "see `boardcert paths`"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"version": 2, "boards": []}',
        b'{"version": 1, "boards": [{"host": "kitchen.local"}]}',
        b'{"version": 1, "boards": [{"host": "h", "public_key_pin": "sha256//x", "token": "abc"}]}',
        b'{"version": 1, "boards": [{"host": "h", "public_key_pin": "x", "token": "%s"}]}'
        % _TOKEN.encode(),
        b'{"version": 1, "boards": [{"host": "a b", "public_key_pin": "sha256//", "token": "%s"}]}'
        % _TOKEN.encode(),
    ],
)
def test_a_damaged_file_is_an_error_and_is_kept(content):
    """A damaged file is kept, and neither the error nor its cause shows its contents."""
    tokens_file().parent.mkdir()
    tokens_file().write_bytes(content)
    tokens_file().chmod(0o600)
    for use in (lambda: find_token(["h"]), lambda: keep_token("h", _KEY, _TOKEN)):
        with pytest.raises(Error, match="is damaged") as caught:
            use()
        assert caught.value.__cause__ is None
        assert _TOKEN not in caught.value.message
    assert tokens_file().read_bytes() == content


@pytest.mark.parametrize(
    "text", ["", _TOKEN[:-1], _TOKEN + "a", _TOKEN.upper(), _TOKEN[:-1] + "1", _TOKEN + "\n"]
)
def test_an_invalid_token_is_not_stored(text):
    """A value that is not a token is neither stored nor shown."""
    with pytest.raises(Error, match=r"what kitchen\.local sent is not a token") as caught:
        keep_token("kitchen.local", _KEY, text)
    assert not text or text not in caught.value.message
    assert not tokens_file().exists()


def test_an_entry_does_not_show_its_token():
    """No representation of an entry shows its token."""
    assert _TOKEN not in repr(tokens.Entry("kitchen.local", _KEY, _TOKEN))


def test_the_file_is_plain_json():
    """The file's JSON fields are an interface."""
    keep_token("kitchen.local", _KEY, _TOKEN)
    content = json.loads(tokens_file().read_text())
    entry = {"host": "kitchen.local", "public_key_pin": _KEY, "token": _TOKEN}
    assert content == {"version": 1, "boards": [entry]}


def _keep_many(name):
    for number in range(10):
        keep_token(f"{name}-{number}", _KEY, _TOKEN)


def test_two_programs_lose_none_of_each_others_tokens():
    """Two programs lose no token, since each holds the lock from reading to writing."""
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_keep_many, args=(name,)) for name in ("a", "b")]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert len(json.loads(tokens_file().read_text())["boards"]) == 20
