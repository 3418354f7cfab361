"""The browser, started once for all tests of a worker."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Give a running Chromium."""
    import browser

    with browser.chromium() as running:
        yield running
