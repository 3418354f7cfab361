"""A browser installs certificates in the states that users reach, and the page stays available."""

import concurrent.futures
import contextlib
import http.client
import os
import time
import urllib.parse

import certificates
import over_wifi
import pytest
from boardcert_host.virtual import VirtualBoard
from cryptography.hazmat.primitives.asymmetric import rsa
from issued import pem
from page_browser import FORM, Reader

_ROUNDS = int(os.environ.get("BOARDCERT_INSTALL_ROUNDS", "1"))
"""Of each form in each state; 20 is what was asked for."""
_RESTART_S = 0.5


class _Admin:
    """A browser signed in to *board*: one kept connection, and a new one for everything else."""

    def __init__(self, board: VirtualBoard, token: str) -> None:
        self._board = board
        self._token = token
        self._cookie = ""
        self.page = ""

    def request(
        self,
        method: str,
        fields: dict[str, str] | None = None,
        kept: http.client.HTTPSConnection | None = None,
    ) -> int:
        """Send a request to the page over the kept connection; return the status."""
        connection = kept or over_wifi.connect(self._board)
        headers = {"Host": "kitchen.local", "Cookie": self._cookie}
        headers |= {} if kept else {"Connection": "close"}
        headers |= {**FORM, "Origin": "https://kitchen.local"} if fields else {}
        try:
            connection.request(method, "/", urllib.parse.urlencode(fields or {}), headers)
            with connection.getresponse() as answer:
                self._keep(answer)
                return answer.status
        finally:
            if not kept:
                connection.close()

    def _keep(self, answer: http.client.HTTPResponse) -> None:
        self._cookie = (answer.headers["Set-Cookie"] or self._cookie).partition(";")[0]
        self.page = answer.read().decode()
        assert answer.headers["Content-Type"] is None or "html" in answer.headers["Content-Type"]

    def sign_in(self) -> None:
        """Sign in, and read the page."""
        self._cookie = ""
        with contextlib.closing(over_wifi.connect(self._board)) as kept:
            assert self.request("GET", kept=kept) == 200
            form = Reader(self.page).forms["sign-in"]
            assert self.request("POST", {**form, "token": self._token}, kept) == 303
            assert self.request("GET", kept=kept) == 200

    def submit(self, action: str, **values: str) -> int:
        """Send the form *action* of the last page; return the status."""
        return self.request("POST", {**Reader(self.page).forms[action], **values})


@pytest.fixture(scope="module")
def admin(in_wifi: VirtualBoard) -> _Admin:
    """Return a browser that has the token."""
    directory = "/boardcert-data/token"
    token = in_wifi.exec(f"print(open({directory!r}).read().split()[0])").strip()
    in_wifi.reset()
    in_wifi.network.wait_listening(over_wifi.PAGE, over_wifi.TIMEOUT_S)
    browser = _Admin(in_wifi, token)
    browser.sign_in()
    return browser


def _forms() -> dict[str, tuple[dict[str, str], bytes]]:
    """Return the fields of two forms, and the certificate that each of them installs."""
    small = certificates.make()
    key = rsa.generate_private_key(65537, 2048)
    authority = certificates.make_ca(key=rsa.generate_private_key(65537, 4096))
    large = certificates.make(issuer=authority, key=key)
    return {
        "small": ({"chain": pem(small).decode(), "key": small.key_pem().decode()}, small.der),
        "large": (
            {"chain": pem(large, authority).decode(), "key": large.key_pem().decode()},
            large.der,
        ),
    }


def _restart(admin: _Admin, in_wifi: VirtualBoard) -> None:
    boots = in_wifi.status()["boots"]
    assert admin.submit("restart") == 200
    deadline = time.monotonic() + over_wifi.TIMEOUT_S
    while in_wifi.status()["boots"] == boots:
        assert time.monotonic() < deadline
        time.sleep(_RESTART_S)
    in_wifi.network.wait_listening(over_wifi.PAGE, over_wifi.TIMEOUT_S)
    admin.sign_in()


@pytest.mark.timeout(900 * _ROUNDS)
def test_forms_are_installed_after_a_restart_and_after_one_another(
    in_wifi: VirtualBoard, admin: _Admin
) -> None:
    """Both forms work after a restart and in turn, below an issuer with a 4,096-bit RSA key."""
    forms = _forms()
    assert max(len(urllib.parse.urlencode(fields)) for fields, _ in forms.values()) > 4400
    for name, is_restarted in (("large", False), ("large", True), ("small", False)) * _ROUNDS:
        fields, der = forms[name]
        if is_restarted:
            _restart(admin, in_wifi)
        status = admin.submit("install", **fields)
        assert status == 200, admin.page
        connection = over_wifi.connect(in_wifi)
        connection.connect()
        assert connection.sock.getpeercert(binary_form=True) == der
        connection.close()


def test_two_read_the_page_at_once(in_wifi: VirtualBoard) -> None:
    """Two clients read the page at once while run() serves; stack was left at all times."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(over_wifi.get, in_wifi) for _ in range(2)]
        for answer in answers:
            status, content = answer.result()
            assert status == 200 and content.rstrip().endswith(b"</html>")
    assert in_wifi.stack["thread_left"] >= over_wifi.STACK_LEFT_BYTES
