"""A browser for tests of the page."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Yield a running Chromium, stopped after each test, as its event loop would run in others."""
    import browser

    with browser.chromium() as running:
        yield running
