"""IPv6 addresses as text and as the bytes of a certificate: few boards have one."""


def parse(text: str) -> bytes:
    """Parse the hexadecimal forms of RFC 4291, 2.2; no zone, no embedded IPv4 address."""
    halves = [half.split(":") if half else [] for half in text.split("::")]
    groups = halves[0] + (halves[1] if len(halves) == 2 else [])
    valid = len(groups) == 8 if len(halves) == 1 else len(halves) == 2 and len(groups) < 8
    if not valid or not all(_is_group(group) for group in groups):
        raise ValueError(f"not an IPv6 address: {text!r}")
    if len(halves) == 2:
        groups = halves[0] + ["0"] * (8 - len(groups)) + halves[1]
    return b"".join([int(group, 16).to_bytes(2, "big") for group in groups])


def _is_group(group: str) -> bool:
    return 1 <= len(group) <= 4 and all(digit in "0123456789abcdef" for digit in group.lower())


def as_text(address: bytes) -> str:
    """Return *address*, 16 bytes, as text (RFC 5952)."""
    groups = [int.from_bytes(address[i : i + 2], "big") for i in range(0, 16, 2)]
    start, length = _longest_zeros(groups)
    text = [f"{group:x}" for group in groups]
    if length < 2:
        return ":".join(text)
    return ":".join(text[:start]) + "::" + ":".join(text[start + length :])


def _longest_zeros(groups: list) -> tuple:
    """Return (start, length) of the first of the longest runs of zero groups."""
    best = (0, 0)
    start = None
    for i, group in enumerate(groups):
        if group:
            start = None
            continue
        if start is None:
            start = i
        if i - start + 1 > best[1]:
            best = (start, i - start + 1)
    return best
