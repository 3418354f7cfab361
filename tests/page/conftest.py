"""A browser."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Give a running Chromium; not for longer: its event loop would run in other tests, too."""
    import browser

    with browser.chromium() as running:
        yield running
