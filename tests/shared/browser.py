"""Chromium, operated by Playwright as by a person: with a mouse, or with a keyboard alone."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright
from portal_server import Client

_TIMEOUT_MS = 120_000
_MOST_TABS = 60
# Chromium logs this for each error response that a test provokes.
_REFUSED = "Failed to load resource: the server responded with a status of 4"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium; as root it runs only without its sandbox."""
    arguments = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=arguments, timeout=_TIMEOUT_MS
        )
        yield browser
        browser.close()


class Visit:
    """A visit to one board's page, with the browser's complaints and requests.

    A page arrives in pieces, and Playwright finds elements of a page that is still loading. So a
    test sends forms by `send` or `next_page`, which wait until the next page has loaded completely.
    """

    def __init__(self, page: Page, client: Client) -> None:
        self._page = page
        self.client = client
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        # Requested early: Playwright does not wait until Chromium intercepts file dialogs.
        page.on("filechooser", lambda _chooser: None)

    @property
    def page(self) -> Page:
        """The page, once it has loaded completely."""
        self._page.wait_for_load_state()
        return self._page

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"https://localhost:{self.client.port}/"

    def button(self, name: str) -> Locator:
        """Return the button with this name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def form(self, button: str) -> Locator:
        """Return the form of that button."""
        return self.page.locator("form", has=self.button(button))

    def send(self, button: str, hands: "Mouse | Keyboard | None" = None) -> None:
        """Press a form's button, with the mouse by default, and wait for the next page to load."""
        with self.next_page():
            (hands or Mouse()).press(self.button(button))

    @contextmanager
    def next_page(self) -> Iterator[None]:
        """Wait at the end of the block until the page that it leads to has loaded completely."""
        with self.page.expect_navigation(wait_until="load"):
            yield

    def offers(self, button: str) -> bool:
        """Return whether the page has this button."""
        return self.button(button).is_visible()

    def said(self) -> str:
        """Return the page's message about the last action."""
        return self._what_came().inner_text()

    def reported(self) -> str | None:
        """Return the role of that message: "status", or "alert" for an error."""
        return self._what_came().get_attribute("role")

    def _what_came(self) -> Locator:
        return self.page.locator("[role=status], [role=alert]")

    def shows(self, text: str) -> bool:
        """Return whether *text* is visible on the page."""
        return text in self.page.locator("body").inner_text()

    def shows_fingerprint(self, fingerprint: str) -> bool:
        """Return whether the page shows this fingerprint, in groups."""
        return fingerprint in "".join(self.page.locator("body").inner_text().split()).replace(
            ":", ""
        )


@contextmanager
def visiting(browser: Browser, client: Client, **options: object) -> Iterator[Visit]:
    """Open the page in a new context, in which only the board may be contacted.

    *options*: for Playwright's new_context. The browser's complaints about certificates are
    ignored: trust is tested elsewhere.
    """
    context = browser.new_context(ignore_https_errors=True, **options)
    context.set_default_timeout(_TIMEOUT_MS)
    visit = Visit(context.new_page(), client)
    try:
        visit.page.goto(visit.url)
        yield visit
        outside = [url for url in visit.requests if not url.startswith((visit.url, "data:,"))]
        assert outside == []
        assert [text for text in visit.complaints if not text.startswith(_REFUSED)] == []
    finally:
        context.close()


def slow_down(page: Page, bytes_per_s: int) -> None:
    """Load *page*'s requests at this rate."""
    rates = {"offline": False, "latency": 0, "downloadThroughput": bytes_per_s}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", {**rates, "uploadThroughput": -1})


class Mouse:
    """Point and click."""

    def fill(self, field: Locator, text: str) -> None:
        field.click()
        field.fill(text)

    def press(self, target: Locator) -> None:
        target.click()

    def choose(self, field: Locator, path: Path) -> None:
        _choose(field, path, field.click)


class Keyboard:
    """Tab, type, Enter, and Space for files: the focused element must show its focus."""

    def fill(self, field: Locator, text: str) -> None:
        self._reach(field)
        field.page.keyboard.press("Control+A")
        field.page.keyboard.press("Delete")
        field.page.keyboard.insert_text(text)

    def press(self, target: Locator) -> None:
        self._reach(target)
        target.page.keyboard.press("Enter")

    def choose(self, field: Locator, path: Path) -> None:
        self._reach(field)
        _choose(field, path, lambda: field.page.keyboard.press("Space"))

    def _reach(self, target: Locator) -> None:
        """Press Tab until *target* has the focus, visibly."""
        target.wait_for()
        for _ in range(_MOST_TABS):
            if target.evaluate("element => element === document.activeElement"):
                break
            target.page.keyboard.press("Tab")
        else:
            raise AssertionError("the keyboard does not reach it")
        style, width = target.evaluate(
            "element => [getComputedStyle(element).outlineStyle, "
            "parseFloat(getComputedStyle(element).outlineWidth)]"
        )
        assert (style, width) == ("solid", 3)


def _choose(field: Locator, path: Path, open_dialog: Callable[[], None]) -> None:
    with field.page.expect_file_chooser() as dialog:
        open_dialog()
    dialog.value.set_files(path)
