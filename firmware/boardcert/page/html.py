"""The facts about certificate and board as HTML, all escaped."""

# An installed certificate may say anything: what is shown of it has limits.
_MOST_CHARACTERS = 300
_NAMES_CHARACTERS = 1200
_MOST_NOTICES = 5

_MARKS = b"&<>\"'"

_KEY_TYPES = {"p256": "EC, P-256", "p384": "EC, P-384", "p521": "EC, P-521"}

_ROWS = (
    ("public_key_pin", "Pin of the public key"),
    ("serial_number", "Serial number"),
    ("board", "Board"),
    ("unique_id", "Board number"),
    ("firmware", "Firmware"),
    ("version", "boardcert"),
)


def rows(status: dict):
    """Yield the rows of the list of facts, as HTML."""
    yield _row("Names", "<br>".join(_shown_names(status["names"])))
    if status.get("issuer"):
        yield _row("Issued by", escape(status["issuer"]))
    yield _row("Valid from", _date(status["not_before"]))
    yield _row("Valid until", _date(status["not_after"]) + _left(status))
    key_type = status["key_type"]
    yield _row("Key", _KEY_TYPES.get(key_type) or escape(str(key_type)))
    entropy = status["entropy"]
    if entropy:
        source, samples, bits = [
            escape(str(entropy.get(name))) for name in ("source", "samples", "credited_bits")
        ]
        yield _row("Randomness", f"{source}: {samples} samples, credited with {bits} bits")
    for name, label in _ROWS:
        text = str(status[name])
        # Of sys.version without the version of Python, which comes first.
        yield _row(label, escape(text.split("; ", 1)[-1] if name == "firmware" else text))
    memory = status["memory"]
    yield _row("Memory", f"{memory['used_bytes']} bytes used, {memory['free_bytes']} free")
    counters = status.get("connections")
    if counters:
        counts = [f"{counters[name]} {name}" for name in ("accepted", "refused", "failed")]
        yield _row("Connections", ", ".join(counts))
    for notice in status["notices"][-_MOST_NOTICES:]:
        yield _row("Note", escape(notice))


def _shown_names(names: list) -> list:
    """Return the first of *names*, as HTML, and how many there are more."""
    shown, left = [], _NAMES_CHARACTERS
    for name in names:
        shown.append(escape(name))
        left -= len(shown[-1]) + len("<br>")
        if left < 0:
            break
    more = len(names) - len(shown)
    return shown + [f"and {more} more"] if more else shown


def _date(text: str) -> str:
    """Return "2026-01-31T23:59:59Z" as people write it."""
    return escape(f"{text[:10]} {text[11:16]} UTC")


def _left(status: dict) -> str:
    days = status["days_left"]
    if days is None:
        return " (the board's clock is not set)"
    return f" ({days} days left)" if days >= 0 else " (it has expired)"


def _row(label: str, html: str) -> str:
    return f"<dt>{label}</dt><dd>{html}</dd>\n"


def escape(text: str) -> str:
    """Return *text* as harmless ASCII for HTML, shortened when it is very long.

    What is not printable ASCII is shown by its number: characters that reverse the order of
    those around them, and the like, are for deceiving the reader.
    """
    data = text.encode()
    if len(data) <= _MOST_CHARACTERS and all(map(_is_harmless, data)):
        return text
    shown = bytearray()
    for at in range(len(text)):
        # Not text[at]: such a text would stay in MicroPython's table of names for good.
        code = ord(text[at : at + 1])
        if _is_harmless(code):
            more = bytes((code,))
        else:
            more = (b"&#%d;" if code < 128 and code in _MARKS else b"\\u%04x") % code
        if len(shown) + len(more) > _MOST_CHARACTERS:
            shown.extend(b"...")
            break
        shown.extend(more)
    return shown.decode()


def _is_harmless(code: int) -> bool:
    return 32 <= code < 127 and code not in _MARKS
