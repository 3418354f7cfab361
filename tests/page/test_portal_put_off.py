"""Actions that the page defers to a restart if memory is short: on esp32."""

import json
import time
from pathlib import Path

import certificates
import micropython_server
import portal_server
import pytest
from boardcert_host.ca.csr import read_request
from issued import pem
from page_browser import Browser
from portal_server import Client, serving_page

# The page of a board that lacks the memory to sign.
_SHORT = portal_server._SERVE.replace(
    "asyncio.run(", "type(me).lacks_memory = lambda me: True\nasyncio.run("
)
# The next boot.
_BOOT = """
import json, sys, boardcert
me = boardcert.identity(directory=sys.argv[1], hostname="kitchen", names=["localhost"])
print(json.dumps(me.report()))
"""


def _boot(client: Client) -> dict:
    """Return the report of the next boot."""
    return json.loads(micropython_server.run(_BOOT, str(client.directory)).splitlines()[-1])


def _wait_for_restart(client: Client) -> None:
    restarted = client.directory.with_suffix(".restarted")
    while not restarted.exists():
        time.sleep(0.1)
    restarted.unlink()


@pytest.fixture
def client(tmp_path: Path):
    """Return a client of such a board's page."""
    with serving_page(tmp_path / "identity", code=_SHORT) as client:
        yield client


def test_what_is_put_off_is_accepted_and_done_after_the_restart(client: Client) -> None:
    """A deferred action gets a number, and its outcome has it after the restart."""
    before = client.served_certificate()
    status, answer = client.api("renew", {}, client.token)
    assert status == 202 and "restarts" in answer["message"]
    assert client.served_certificate() == before
    _wait_for_restart(client)
    report = _boot(client)
    assert report["outcome"]["id"] == answer["put_off"] and report["outcome"]["error"] is None
    leaf = certificates.make()
    values = {"chain": pem(leaf).decode(), "key": leaf.key_pem().decode()}
    status, _ = client.api("install", values, client.token)
    assert status == 202 and _boot(client)["source"] == "installed"
    status, answer = client.api("remove", {}, client.token)
    after = _boot(client)
    assert status == 202 and after["source"] == "generated"
    assert answer["public_key_pin"] == after["public_key_pin"]


def test_a_request_is_there_after_the_restart(client: Client) -> None:
    """A deferred request is kept until the certificate is signed again."""
    token = {"Authorization": f"Bearer {client.token}"}
    response, content = client.request("GET", "/request.pem", None, token)
    assert response.status == 202 and response.headers["Retry-After"]
    assert _boot(client)["outcome"]["id"] == json.loads(content)["put_off"]
    for _ in range(2):
        response, content = client.request("GET", "/request.pem", None, token)
        assert response.status == 200
        read_request(content)
    response, _ = client.request("GET", "/request.pem?names=kitchen.example.org", None, token)
    assert response.status == 202


def test_a_form_is_answered_by_the_page(client: Client) -> None:
    """A deferred form is answered before the restart; an invalid certificate is refused at once."""
    browser = Browser(client.port, client.directory)
    browser.open()
    browser.submit("sign-in", token=client.token)
    browser.submit("install", chain="no certificate")
    assert browser.status == 422 and not (client.directory / "wish").exists()
    browser.submit("renew")
    assert browser.status == 200 and "The board restarts to do this" in browser.page
    assert (client.directory / "wish").exists()
    _wait_for_restart(client)


def test_another_key_is_made_over_usb_only(client: Client) -> None:
    """A new key is made over USB only, as the network could not show that it is this board's."""
    for action in ("new-key", "reset"):
        status, answer = client.api(action, {"hostname": "kitchen"}, client.token)
        assert status == 503 and "USB" in answer["error"]["message"]
    assert not (client.directory / "wish").exists()
