"""Certificates and key of a form, or of a request of the API: from PEM to DER, piece by piece."""

_LINE_BYTES = 79
"""Of a text without line breaks, read at once: each step copies it. Two borders that files were
joined by fit, and with what MicroPython adds, it fills blocks of the heap."""


async def read(_, __, action: str, values: dict) -> tuple:
    """Return the step that does *action* with blocks instead of texts: (label, [DER]).

    What has been read of a text is removed from it: memory is short.
    """
    # Not while this module is being loaded: two at a time take more beside the texts.
    from ..asn1.pem_blocks import CERTIFICATE, blocks, key_block

    field = "chain"
    try:
        chain = blocks(lines(values.get(field) or []), CERTIFICATE)
        field = "key"
        keys = [key_block(lines(values[field]))] if values.get(field) else []
        found = {"chain": _listed(chain), "key": _listed(keys), "time": values.get("time")}
        return "actions.act", action, found
    except ValueError as error:
        return "http.refuse", 422, str(error), field, (action, values)


def _listed(found: list) -> list:
    return [(label, [data]) for label, data in found]


def lines(pieces: list):
    """Yield the lines of a text that comes in *pieces*, as text; a long one in parts.

    A piece is taken out of the list when it is read.
    """
    data = b""
    while pieces:
        data += pieces.pop(0)
        at = 0
        while True:
            end = data.find(b"\n", at, at + _LINE_BYTES)
            if end < 0:
                end = at + _LINE_BYTES
                if end > len(data):
                    break
            yield _line(data[at:end])
            at = end + (data[end : end + 1] == b"\n")
        data = data[at:]
    yield _line(data)


def _line(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeError:
        return "?"  # Which has no part in PEM.
