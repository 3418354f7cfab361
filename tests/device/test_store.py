"""Identities in the file system: complete, newest first, never overwriting foreign files."""

import os

import scratch
from boardcert import DamagedError
from boardcert.storage.store import MAX_FILE_BYTES, Record, decode, load
from boardcert.storage.store_remove import Remover
from boardcert.storage.store_write import Writer, encode, read_text


def _record(text):
    return Record(b"key " + text, [b"leaf " + text, b"issuer"], {"clock": True})


class _Store:
    """Both halves, on one directory."""

    def __init__(self, directory, notices):
        self._directory = directory
        self._notices = notices
        self.writer = Remover(directory, notices)

    def load(self, name):
        return load(self._directory, name, self._notices)

    def save(self, name, record):
        self.writer.save(name, record)


def _store():
    return _Store(scratch.fresh_directory(), [])


def _refused(data):
    try:
        decode(data)
    except DamagedError:
        return True
    return False


def test_a_record_comes_back_as_it_was():
    """Key, chain and facts of a record are read back unchanged."""
    original = Record(b"k" * 167, [b"c" * 650, b"", b"i" * 300], {"a": [1, "b"], "clock": False})
    original.generation = 7
    copy = decode(b"".join(encode(original)))
    assert copy.private_key == original.private_key
    assert copy.chain == original.chain
    assert copy.facts == original.facts
    assert copy.generation == 7


def test_every_truncation_is_noticed():
    """Every truncation is detected."""
    data = b"".join(encode(_record(b"x")))
    assert not _refused(data)
    for length in range(len(data)):
        assert _refused(data[:length]), length
    assert _refused(data + b"\0")


def test_every_changed_byte_is_noticed():
    """Every changed byte is detected, for a flipped bit and for a zero byte."""
    data = b"".join(encode(_record(b"x")))
    for position in range(len(data)):
        for value in (data[position] ^ 1, data[position] ^ 0x80, 0):
            if value == data[position]:
                continue
            changed = bytearray(data)
            changed[position] = value
            assert _refused(bytes(changed)), (position, value)


def _with_records(records):
    """Return a file with a valid digest around these *records* bytes."""
    import hashlib
    import struct

    data = struct.pack(">4sBII", b"\x89BCI", 1, 1, len(records)) + records
    return data + hashlib.sha256(data).digest()


def test_a_right_digest_does_not_excuse_wrong_records():
    """Missing, repeated, unknown, disordered or overlong records are refused despite the digest."""
    key, leaf, facts = b"\x01\0\x01k", b"\x02\0\x01c", b"\x03\0\x02{}"
    assert decode(_with_records(key + leaf + facts)).chain == [b"c"]
    for records in (
        b"",
        key,
        key + facts,
        leaf + facts,
        key + leaf,
        leaf + key + facts,
        key + key + leaf + facts,
        key + leaf + facts + facts,
        key + leaf + b"\x04\0\x01x" + facts,
        key + leaf + b"\x03\0\x02[]",
        key + leaf + b"\x03\0\x01{",
        key + leaf + facts[:-1],
        key + leaf + facts + b"\0",
        key + leaf + b"\x03\xff\xff{}",
    ):
        assert _refused(_with_records(records)), records


def test_impossible_records_are_not_written():
    """A record without a certificate, with too many, or too large is not written."""
    for chain in ([], [b"c"] * 9, [b"c" * 4096] * 4):
        try:
            encode(Record(b"k", chain, {}))
            raise AssertionError(len(chain))
        except ValueError:
            pass


def test_save_and_load():
    """The newest identity is loaded; other names are not affected."""
    store = _store()
    assert store.load("generated") is None
    store.save("generated", _record(b"1"))
    store.save("installed", _record(b"2"))
    assert store.load("generated").private_key == b"key 1"
    store.save("generated", _record(b"3"))
    assert store.load("generated").private_key == b"key 3"
    assert store.load("generated").generation == 2
    assert store.load("installed").private_key == b"key 2"
    store.writer.remove("installed")
    assert store.load("installed") is None
    store.writer.remove("installed")
    assert store.load("generated").private_key == b"key 3"


def test_no_second_copy_is_left_after_a_save():
    """A replaced key does not remain in another file."""
    directory = scratch.fresh_directory()
    store = _Store(directory, [])
    store.save("generated", _record(b"1"))
    store.save("generated", _record(b"2"))
    assert os.listdir(directory) == ["generated.bin"]


def test_a_damaged_file_is_reported_and_not_used():
    """Each truncation that a file system could leave is reported with the file's name."""
    directory = scratch.fresh_directory()
    data = b"".join(encode(_record(b"1")))
    for damaged in (
        b"",
        data[:1],
        data[:-1],
        data + b"\0",
        b"x" * 100,
        b"x" * (MAX_FILE_BYTES + 1),
    ):
        notices = []
        scratch.write(directory + "/generated.bin", damaged)
        assert _Store(directory, notices).load("generated") is None
        assert len(notices) == 1 and "generated.bin" in notices[0], notices


def test_a_foreign_file_is_kept_aside():
    """Foreign files are kept aside, however often an identity is written."""
    directory = scratch.fresh_directory()
    for number, name in enumerate(
        ("generated.bin.bad", "generated.bin.2.bad", "generated.bin.3.bad")
    ):
        foreign = b"somebody's notes %d" % number
        notices = []
        scratch.write(directory + "/generated.bin", foreign)
        store = _Store(directory, notices)
        store.save("generated", _record(b"new"))
        assert scratch.read(directory + "/" + name) == foreign
        assert any(name in notice for notice in notices), notices
        assert store.load("generated").private_key == b"key new"


def test_small_text_files():
    """The mark is stored and read; a missing file is handled."""
    directory = scratch.fresh_directory()
    writer = Writer(directory, [])
    assert writer.read_mark() is None
    for text in ("sha256//abc", "sha256//def"):
        writer.write_mark(text)
        assert writer.read_mark() == text
    assert read_text(directory + "/config.json") is None
    scratch.write(directory + "/config.json", b"\xff\xfe")
    assert read_text(directory + "/config.json") is None
