"""Host names, IP addresses and dates of certificates, as other modules have them.

Names are text. Dates are tuples (year, month, day, hour, minute, second) in UTC, which compare as
dates do: the epoch differs between ports.
"""

_LETTERS_DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"


def parse_name(name: str) -> tuple:
    """Return ("dns", bytes) or ("ip", 4 or 16 bytes) for *name*; ValueError for neither."""
    if not isinstance(name, str):
        raise ValueError(f"a name must be a string: {name!r}")
    if ":" in name:
        from . import ipv6

        return "ip", ipv6.parse(name)
    if "." in name and name.rsplit(".", 1)[1].isdigit():
        return "ip", _parse_ipv4(name)
    return "dns", normalize(name).encode()


def is_address(name: str) -> bool:
    """Return whether *name*, a valid name, is an IP address."""
    return parse_name(name)[0] == "ip"


def normalize(name: str) -> str:
    """Return the DNS name *name* in lower case.

    RFC 1123, 2.1: labels of letters, digits and inner hyphens, 1 to 63 characters each, 253 in
    all. Other scripts come as xn--... ValueError otherwise.
    """
    lower = name.lower()
    valid = len(lower) <= 253
    for label in lower.split("."):  # No generator: it takes 0.6 KB of a Pico's stack.
        valid = valid and _is_label(label)
    if not valid:
        raise ValueError(f"not a host name or address: {name!r}")
    return lower


def _is_label(label: str) -> bool:
    if not 1 <= len(label) <= 63 or label[0] == "-" or label[-1] == "-":
        return False
    return not label.strip(_LETTERS_DIGITS + "-")


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


def format_address(address: bytes) -> str:
    """Return *address*, 4 or 16 bytes, as text; IPv6 as RFC 5952 has it."""
    if len(address) == 4:
        return ".".join([str(byte) for byte in address])
    if len(address) != 16:
        raise ValueError("an IP address has 4 or 16 bytes")
    from . import ipv6

    return ipv6.as_text(address)


def add_days(date: tuple, days: int) -> tuple:
    """Return *date* moved by *days*, which may be negative."""
    year, month, day = _from_day_number(day_number(date[0], date[1], date[2]) + days)
    return (year, month, day) + date[3:]


def is_valid_date(date: tuple) -> bool:
    """Return whether *date* exists in the Gregorian calendar, years 1 to 9999."""
    year, month, day, hour, minute, second = date
    if not (1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= 31):
        return False
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59):
        return False
    if month == 2:
        return day <= 28 + (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))
    return day <= 30 + (month + month // 8) % 2


# Day numbers count from 0000-03-01, so that the leap day is the last of its year. In such a
# year, the days before month m (March is 0) are (153 * m + 2) // 5.


def day_number(year: int, month: int, day: int) -> int:
    """Return the days from 0000-03-01 to this date: the difference of two is one in days."""
    if month < 3:
        year -= 1
        month += 12
    days_before = (153 * (month - 3) + 2) // 5
    return 365 * year + year // 4 - year // 100 + year // 400 + days_before + day - 1


def _from_day_number(number: int) -> tuple:
    year = number * 400 // 146097  # At most one year from the right one.
    while day_number(year, 3, 1) > number:
        year -= 1
    while day_number(year + 1, 3, 1) <= number:
        year += 1
    rest = number - day_number(year, 3, 1)
    month = (5 * rest + 2) // 153
    day = rest - (153 * month + 2) // 5 + 1
    return (year, month + 3, day) if month < 10 else (year + 1, month - 9, day)
