"""A user with Chromium at the page of a board on Wi-Fi: every action, on one board."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import browser
import over_wifi
import page_actions
import pytest
from boardcert_host.virtual import VirtualBoard

pytestmark = pytest.mark.needs("chromium")

_TELL = "import boardcert; print(boardcert.identity().admin_token())"


class Client:
    """The board as page_actions expects it."""

    def __init__(self, board: VirtualBoard) -> None:
        self.board = board
        self.port = board.network.address(over_wifi.PAGE)[1]

    def served_certificate(self) -> bytes:
        """Return the DER certificate that a new connection gets."""
        connection = over_wifi.connect(self.board)
        connection.connect()
        try:
            return connection.sock.getpeercert(binary_form=True)
        finally:
            connection.close()


@pytest.fixture
def token(in_wifi: VirtualBoard) -> str:
    """Return the board's token, read over USB, which interrupts its program."""
    answer = in_wifi.exec(_TELL).strip()
    in_wifi.reset()
    in_wifi.network.wait_listening(over_wifi.PAGE, over_wifi.TIMEOUT_S)
    return answer


@pytest.fixture
def visit(in_wifi: VirtualBoard, token: str) -> Iterator[browser.Visit]:
    """Open the page; any complaint of the browser fails the test."""
    with (
        browser.chromium() as running,
        browser.visiting(running, Client(in_wifi)) as found,  # type: ignore[arg-type]
    ):
        yield found


def test_every_action(visit: browser.Visit, token: str, tmp_path: Path) -> None:
    """Sign in, read, download, install, remove, sign again, restart, new key, reset, sign out."""
    hands = browser.Mouse()
    _sign_in(visit, hands, token)
    assert page_actions.shows_what_is_served(visit)
    assert visit.shows(visit.client.board.network.wait_address())
    page_actions.download(visit, hands, tmp_path)
    page_actions.paste_and_remove(visit, hands)
    page_actions.sign_again(visit, hands)
    visit.send("Sign out", hands)
    assert visit.offers("Sign in")
    _sign_in(visit, hands, token)
    _restart(visit, lambda: page_actions.restart(visit, hands))
    _sign_in(visit, hands, token)
    _restart(visit, lambda: _save_settings(visit, hands))
    assert "pantry.example" in page_actions.names_served(visit)
    _sign_in(visit, hands, token)
    for button in ("Make a new key", "Reset"):
        page_actions.lose_key(visit, hands, button)
    page_actions.sign_in(visit, hands, token)
    assert visit.reported() == "alert"
    assert visit.said() == "wrong token"


def _sign_in(visit: browser.Visit, hands: page_actions.Hands, token: str) -> None:
    page_actions.sign_in(visit, hands, token)
    assert visit.offers("Sign out")


def _save_settings(visit: browser.Visit, hands: page_actions.Hands) -> None:
    """Save a wrong value, which is shown again with its error, then a valid one."""
    names = visit.page.get_by_label("More names and addresses")
    hands.fill(names, "pantry.example")
    hands.fill(visit.page.get_by_label("Validity of certificates"), "0")
    visit.send("Save and restart", hands)
    assert visit.reported() == "alert"
    assert names.input_value() == "pantry.example"
    hands.fill(visit.page.get_by_label("Validity of certificates"), "365")
    visit.send("Save and restart", hands)
    assert visit.reported() == "status"
    assert "are stored" in visit.said()


def _restart(visit: browser.Visit, act: Callable[[], None]) -> None:
    """Restart the board by *act*, and open the page again: the user is signed out."""
    board = visit.client.board
    boots = board.status()["boots"]
    act()
    deadline = time.monotonic() + over_wifi.TIMEOUT_S
    while board.status()["boots"] == boots:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    board.network.wait_listening(over_wifi.PAGE, over_wifi.TIMEOUT_S)
    visit.page.goto(visit.url)
    assert visit.offers("Sign in")
