"""Functions that several device tests use."""

_calls = [0]


def raises(error, function, *arguments):
    """Return whether *function* raises *error*."""
    try:
        function(*arguments)
    except error:
        return True
    return False


def random_bytes(n):
    """Return *n* bytes that differ in each call; nothing in a test is secret."""
    _calls[0] += 1
    return bytes((i * 73 + _calls[0] * 151 ^ i * i * 29) & 0xFF for i in range(n))
