"""What the page tells of certificate and board, all escaped."""

# An installed certificate may say anything: what is shown of it has limits.
_MOST_CHARACTERS = 300
_NAMES_CHARACTERS = 1200
_MOST_NOTICES = 5

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
        yield _row(label, escape(str(status[name])))
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
        return " (the board does not know the date of today)"
    return f" ({days} days left)" if days >= 0 else " (it has expired)"


def _row(label: str, html: str) -> str:
    return f"<dt>{label}</dt><dd>{html}</dd>\n"


def escape(text: str) -> str:
    """Return *text* as harmless ASCII for HTML, shortened when it is very long.

    What is not printable ASCII is shown by its number: characters that reverse the order of
    those around them, and the like, are for deceiving the reader.
    """
    shown, left = [], _MOST_CHARACTERS
    for character in text:
        code = ord(character)
        if character in "&<>\"'":
            character = f"&#{code};"
        elif not 32 <= code < 127:
            character = f"\\u{code:04x}"
        left -= len(character)
        if left < 0:
            shown.append("...")
            break
        shown.append(character)
    return "".join(shown)
