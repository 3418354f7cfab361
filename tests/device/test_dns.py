"""Answers of a name server; the queries are tested on a board in a network."""

from boardcert.startup.dns import address_in

_QUESTION = b"\x04time\x07example\x00\x00\x01\x00\x01"
_QUERY = b"\x12\x34\x01\x00\x00\x01" + bytes(6) + _QUESTION
_NAME = b"\xc0\x0c"  # A pointer to the question's name.
_LIFETIME = b"\x00\x00\x00\x3c"
_ALIAS = b"\x00\x05\x00\x01" + _LIFETIME + b"\x00\x06\x03ntp\xc0\x11"
_IPV6 = b"\x00\x1c\x00\x01" + _LIFETIME + b"\x00\x10" + bytes(16)
_IPV4 = b"\x00\x01\x00\x01" + _LIFETIME + b"\x00\x04\xc6\x12\x00\x07"


def _answer(*records, identification=b"\x12\x34"):
    return (
        identification
        + b"\x81\x80\x00\x01"
        + bytes([0, len(records)])
        + bytes(4)
        + _QUESTION
        + b"".join(records)
    )


def _refused(answer, kind):
    try:
        address_in(answer, _QUERY)
    except kind:
        return True
    return False


def test_the_first_ipv4_address_counts():
    """The first IPv4 address is returned, for names of pointers, labels, or both."""
    for records in (
        [_NAME + _IPV4],
        [b"\x04time\x07example\x00" + _IPV4],
        [b"\x03ntp\xc0\x11" + _IPV4, _NAME + _IPV4.replace(b"\x07", b"\x08")],
        [b"\x00" + _IPV6, _NAME + _ALIAS, b"\x03ntp\xc0\x11" + _IPV4],
    ):
        assert address_in(_answer(*records), _QUERY) == "198.18.0.7"


def test_an_answer_without_an_address_is_an_error():
    """An unknown name, or one with IPv6 addresses or aliases only, is an error."""
    for records in ([], [_NAME + _IPV6], [_NAME + _ALIAS]):
        assert _refused(_answer(*records), OSError)


def test_an_answer_to_another_question_is_an_error():
    """An answer with another identification is an error."""
    assert _refused(_answer(_NAME + _IPV4, identification=b"\x12\x35"), OSError)


def test_an_answer_that_is_cut_off_is_an_error():
    """An answer truncated anywhere is an error."""
    answer = _answer(_NAME + _ALIAS, _NAME + _IPV4)
    for length in range(len(answer)):
        assert _refused(answer[:length], (OSError, IndexError))
