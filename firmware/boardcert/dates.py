"""Calendar dates as tuples (year, month, day, hour, minute, second) in UTC.

Tuples compare as dates do, and know nothing of the epoch, which differs between ports.
"""

def add_days(date: tuple, days: int) -> tuple:
    """Return *date* moved by *days*, which may be negative."""
    year, month, day = _from_day_number(_to_day_number(date[0], date[1], date[2]) + days)
    return (year, month, day) + date[3:]


def start_of_day(date: tuple) -> tuple:
    """Return midnight at the beginning of *date*."""
    return date[:3] + (0, 0, 0)


def is_valid(date: tuple) -> bool:
    """Tell whether *date* exists in the Gregorian calendar, years 1 to 9999."""
    year, month, day, hour, minute, second = date
    if not (1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= 31):
        return False
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59):
        return False
    return _from_day_number(_to_day_number(year, month, day)) == (year, month, day)


# Day numbers count from 0000-03-01, so that the leap day is the last of its year. In such a
# year, the days before month m (March is 0) are (153 * m + 2) // 5.


def _to_day_number(year: int, month: int, day: int) -> int:
    if month < 3:
        year -= 1
        month += 12
    days_before = (153 * (month - 3) + 2) // 5
    return 365 * year + year // 4 - year // 100 + year // 400 + days_before + day - 1


def _from_day_number(number: int) -> tuple:
    year = number * 400 // 146097  # At most one year from the right one.
    while _to_day_number(year, 3, 1) > number:
        year -= 1
    while _to_day_number(year + 1, 3, 1) <= number:
        year += 1
    rest = number - _to_day_number(year, 3, 1)
    month = (5 * rest + 2) // 153
    day = rest - (153 * month + 2) // 5 + 1
    return (year, month + 3, day) if month < 10 else (year + 1, month - 9, day)
