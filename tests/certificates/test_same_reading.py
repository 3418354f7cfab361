"""Host and board read the same files: the inputs of make_chains, which tests/device gives a board.

`boardcert install` reads and sends what a board would store from the same file.
"""

import datetime

import make_bad_chains
import make_chains
import pytest
from boardcert_host.board.installable import check_installable, read_installable
from boardcert_host.certificates.certificate import alternative_names
from boardcert_host.errors import Error
from cryptography.hazmat.primitives.serialization import Encoding

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

# The host opens, corrects or skips some of these, where a board reports why it cannot read them;
# others only the board can check.
_READ_BY_THE_HOST_ALONE = {"encrypted", "encrypted as in old times", "encrypted, in DER"}
_READ_BY_THE_HOST_ALONE |= {"on one line", "not UTF-8", "the end twice", "two in DER", "much text"}
_READ_BY_THE_HOST_ALONE |= {"a key among them", "no key, and not the board's"}


def _read(tmp_path, chain, key, now=None):
    """Return what install sends for these files, and check it as install does.

    *now*: the current time; by default one at which the certificates are valid.
    """
    paths = [tmp_path / "chain", tmp_path / "key"]
    for path, data in zip(paths, (chain, key), strict=True):
        path.write_bytes(data)
    files = read_installable(paths[0], paths[1] if key else None, lambda name: "secret")
    name, *_ = alternative_names(files.chain[0]) or [""]
    check_installable(files, name, now or max(one.not_valid_before_utc for one in files.chain))
    return files


_ACCEPTED = {name: (chain, key) for name, _, _, chain, key in make_chains.accepted()}


@pytest.mark.parametrize("name", _ACCEPTED)
def test_what_a_board_accepts_the_host_sends(name, tmp_path):
    """The host sends what a board accepts: the same certificates, each once, and the same key."""
    chain, key = _ACCEPTED[name]
    files = _read(tmp_path, chain, key)
    leaf = files.chain[0]
    assert files.key and files.key.public_key() == leaf.public_key()
    assert len(files.chain) == len({one.public_bytes(Encoding.DER) for one in files.chain})


def cases(*makers):
    """Return what these functions of make_bad_chains yield: {name: (chain, key)}."""
    return {name: (chain, key) for maker in makers for name, _, _, chain, key in maker()}


_UNREADABLE = cases(make_bad_chains.refused_texts, make_bad_chains.refused_keys)
# These certificates can be read, but no board accepts them.
_REFUSED = cases(
    make_bad_chains.refused_leaves,
    make_bad_chains.refused_fields,
    make_bad_chains.refused_extensions,
    make_bad_chains.refused_chains,
)


@pytest.mark.parametrize("name", _UNREADABLE)
def test_what_a_board_cannot_read_the_host_does_not_send(name, tmp_path):
    """The host corrects what a board cannot read, or does not send it."""
    chain, key = _UNREADABLE[name]
    try:
        _read(tmp_path, chain, key)
        is_read = True
    except Error:
        is_read = False
    assert is_read is (name in _READ_BY_THE_HOST_ALONE)


@pytest.mark.parametrize("name", _REFUSED)
def test_what_a_board_refuses_the_host_does_not_send(name, tmp_path):
    """The host applies the board's own rules before sending, as `embed` does."""
    with pytest.raises(Error) as caught:
        _read(tmp_path, *_REFUSED[name], datetime.datetime.now(datetime.timezone.utc))
    assert caught.value.code == 1
