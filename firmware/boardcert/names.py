"""Check host names and IP addresses, and turn them into the bytes of a certificate and back."""

_LETTERS_DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"


def parse(name: str) -> tuple:
    """Return ("dns", bytes) or ("ip", 4 or 16 bytes) for *name*; ValueError when it is neither."""
    if not isinstance(name, str):
        raise ValueError(f"a name must be a string: {name!r}")
    if ":" in name:
        return "ip", _parse_ipv6(name)
    if "." in name and name.rsplit(".", 1)[1].isdigit():
        return "ip", _parse_ipv4(name)
    return "dns", normalize(name).encode()


def is_address(name: str) -> bool:
    """Tell whether *name*, a valid name, is an IP address."""
    return parse(name)[0] == "ip"


def normalize(name: str) -> str:
    """Return the DNS name *name* in lower case.

    RFC 1123, 2.1: labels of letters, digits and inner hyphens, 1 to 63 characters each, 253 in
    all. Other scripts must come in their ASCII form (xn--...). ValueError otherwise.
    """
    lower = name.lower()
    if len(lower) > 253 or not all(_is_label(label) for label in lower.split(".")):
        raise ValueError(f"not a host name or address: {name!r}")
    return lower


def _is_label(label: str) -> bool:
    if not 1 <= len(label) <= 63 or label[0] == "-" or label[-1] == "-":
        return False
    return all(character in _LETTERS_DIGITS + "-" for character in label)


def _parse_ipv4(text: str) -> bytes:
    parts = text.split(".")
    valid = len(parts) == 4
    for part in parts:
        # No leading zeros: some readers take them for octal.
        valid = valid and part.isdigit() and len(part) <= 3 and str(int(part)) == part
        valid = valid and int(part) <= 255
    if not valid:
        raise ValueError(f"not an IPv4 address: {text!r}")
    return bytes([int(part) for part in parts])


def _parse_ipv6(text: str) -> bytes:
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


def format_address(address: bytes) -> str:
    """Return *address*, 4 or 16 bytes, as text; IPv6 as RFC 5952 has it."""
    if len(address) == 4:
        return ".".join([str(byte) for byte in address])
    if len(address) != 16:
        raise ValueError("an IP address has 4 or 16 bytes")
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
