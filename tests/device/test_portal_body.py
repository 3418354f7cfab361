"""The fields of forms and JSON objects, wherever the network has split them."""

from boardcert.page.body import Form
from boardcert.page.fields import FIELDS, FieldsError
from boardcert.page.http import HTTPError, text
from boardcert.page.json_fields import JSON
from boardcert.page.texts import lines

_PEM = "-----BEGIN X-----\r\nAAEC+/8=\r\n-----END X-----\r\n"


def _read(reader, body, size):
    """Return the fields in *body*, which arrives in pieces of *size*, as bytes."""
    for start in range(0, len(body), size):
        reader.feed(body[start : start + size])
    fields = reader.end()
    return {name: fields[name] and b"".join(fields[name]) for name in fields}


def _is_refused(reader, body, size):
    try:
        _read(reader, body, size)
    except ValueError:
        return True
    return False


def test_a_form_is_read_in_pieces_of_any_size():
    """A form's escapes and names may be split anywhere; unknown fields are skipped."""
    body = b"action=install&x=%zzz&chain=%2d%2D-+a%0D%0Ab%25&key=&token&x%3Dy=1&hostname=a%26b=c"
    body = body.replace(b"%zzz", b"1")
    expected = {"action": b"install", "chain": b"--- a\r\nb%", "key": b"", "token": b""}
    expected["hostname"] = b"a&b=c"
    for size in range(1, len(body) + 1):
        found = _read(Form(), body, size)
        assert {name: found[name] or b"" for name in found} == expected, size


def test_what_is_no_form_is_refused():
    """An escape without its digits, in the middle or at the end, is refused."""
    for body in (b"action=%zz", b"action=%", b"action=%4", b"%=1", b"action=%4&key=1"):
        for size in range(1, len(body) + 1):
            assert _is_refused(Form(), body, size), (body, size)
    assert _read(Form(), b"", 1) == {}


def test_an_object_is_read_in_pieces_of_any_size():
    """An object may have any escape, null, spaces and other members; the last duplicate counts."""
    body = (
        b' {"action" : "x", "token":"a\\"b\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9",\r\n"x":"1",'
        b'"key":null,"chain":"--\\u002d\\ud83d", "action":"y" } '
    )
    expected = {"action": b"y", "token": b'a"b\\/\x08\x0c\n\r\tA\xc3\xa9', "key": []}
    expected["chain"] = b"---?"
    for size in range(1, len(body) + 1):
        assert _read(JSON(), body, size) == expected, size
    assert _read(JSON(), b"{}", 1) == _read(JSON(), b" { } ", 2) == {}


def test_what_is_no_object_is_refused():
    """An object that is truncated, continued, or of another shape is refused."""
    whole = b'{"chain": "a\\u0041", "key": null}'
    for end in range(len(whole)):
        assert _is_refused(JSON(), whole[:end], 3), end
    bodies = [b"[]", b"null", b"5", b'"a"', b"{}{}", b"{} x", b"{,}", b'{"a"}', b'{"a":}', b"{a:1}"]
    bodies += [b'{"a":"b",}', b'{"a" "b"}', b'{"a":nul}', b'{"a":"\\x"}', b'{"a":"\\u00g0"}']
    bodies += [b"\xff\xfe", b'{"a":null null}', b'{"a":nullx}', b'{"a":"b" "c"}']
    for body in bodies:
        for size in (1, 2, len(body)):
            assert _is_refused(JSON(), body, size), (body, size)


def test_values_that_are_no_texts_are_to_blame():
    """The error for a value that is not a text names its field."""
    for value in (b"5", b"-1", b"true", b"false", b"[1]", b'{"a": 1}'):
        try:
            _read(JSON(), b'{"key": ' + value + b"}", 3)
        except FieldsError as error:
            assert (error.status, error.field) == (422, "key")
        else:
            raise AssertionError(value)


def test_a_text_is_short_and_in_utf_8():
    """A text is short and UTF-8; a missing one is empty."""
    values = {"token": [b"\xc3", b"\xa9"], "form": [b"x" * 200, b"y" * 57], "action": [b"\xff"]}
    assert text(values, "token") == "\u00e9" and text(values, "hostname") == ""
    for name, status in (("form", 422), ("action", 400)):
        try:
            text(values, name)
        except HTTPError as error:
            assert (error.status, error.field) == (status, name)
        else:
            raise AssertionError(name)


def test_the_lines_of_a_text_in_pieces():
    """Lines are unchanged, bytes that are not UTF-8 become "?", and a long line is split."""
    data = _PEM.encode() + b"\xff\xff"
    expected = _PEM.split("\n")[:-1] + ["?"]
    for size in range(1, len(data)):
        pieces = [data[start : start + size] for start in range(0, len(data), size)]
        assert list(lines(pieces)) == expected
    assert list(lines([])) == [""]
    parts = list(lines([b"a" * 200, b"b" * 200, b"c" * 50]))
    assert "".join(parts) == "a" * 200 + "b" * 200 + "c" * 50
    assert max([len(part) for part in parts]) == 79


def test_every_field_of_the_page_is_known():
    """Field names are unique, and unknown members are dropped."""
    assert len(set(FIELDS)) == len(FIELDS)
    assert _read(JSON(), b'{"' + b"a" * 999 + b'": "b"}', 100) == {}
