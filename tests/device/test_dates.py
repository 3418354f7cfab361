"""The calendar: days are added correctly over months, leap years and centuries."""

from boardcert.certificates import fields


def test_adding_days():
    """Known pairs of dates agree, in both directions."""
    for start, days, end in (
        ((2026, 1, 1), 0, (2026, 1, 1)),
        ((2026, 1, 31), 1, (2026, 2, 1)),
        ((2026, 12, 31), 1, (2027, 1, 1)),
        ((2028, 2, 28), 1, (2028, 2, 29)),
        ((2027, 2, 28), 1, (2027, 3, 1)),
        ((2100, 2, 28), 1, (2100, 3, 1)),
        ((2000, 2, 28), 2, (2000, 3, 1)),
        ((2026, 1, 1), 3650, (2035, 12, 30)),
        ((1970, 1, 1), 20000, (2024, 10, 4)),
        ((2026, 11, 21), 36500, (2126, 10, 28)),
    ):
        assert fields.add_days(start + (1, 2, 3), days) == end + (1, 2, 3), (start, days)
        assert fields.add_days(end + (1, 2, 3), -days) == start + (1, 2, 3), (end, days)


def test_every_day_of_a_leap_cycle_follows_the_one_before():
    """No day is skipped or repeated from 2024 to 2028."""
    date = (2024, 1, 1, 0, 0, 0)
    for _ in range(4 * 365 + 1):
        following = fields.add_days(date, 1)
        assert following > date
        assert fields.is_valid_date(following)
        assert following[2] == date[2] + 1 or following[2] == 1
        date = following
    assert date == (2028, 1, 1, 0, 0, 0)


def test_dates_that_do_not_exist():
    """Dates outside the limits of the calendar and the clock are refused."""
    assert fields.is_valid_date((2024, 2, 29, 23, 59, 59))
    for date in (
        (2023, 2, 29, 0, 0, 0),
        (2100, 2, 29, 0, 0, 0),
        (2024, 4, 31, 0, 0, 0),
        (2024, 0, 1, 0, 0, 0),
        (2024, 13, 1, 0, 0, 0),
        (2024, 1, 0, 0, 0, 0),
        (0, 1, 1, 0, 0, 0),
        (10000, 1, 1, 0, 0, 0),
        (2024, 1, 1, 24, 0, 0),
        (2024, 1, 1, 0, 60, 0),
        (2024, 1, 1, 0, 0, 60),
    ):
        assert not fields.is_valid_date(date), date
