"""Access to the page's API: tokens, sessions, origins; on the unix binary."""

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import certificates
import pytest
from boardcert.page.http import ACTIONS
from issued import pem
from portal_server import Client, serving_page

_JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Return a program's connection to one board; wrong tokens delay it by 50 ms at most."""
    directory = tmp_path_factory.mktemp("api") / "identity"
    with serving_page(directory, "first_delay_ms=50", "longest_delay_ms=50") as client:
        yield client


@pytest.fixture
def signed_in(client: Client) -> Iterator[Client]:
    """Return a browser with a session."""
    browser = Client(client.port, client.directory)
    assert browser.api("session", {"token": client.token})[0] == 204
    yield browser
    browser.request("DELETE", "/api/session", headers=browser.origin)


def test_nothing_is_done_without_the_token(client: Client) -> None:
    """Without a valid token or session, the answer is 401 and nothing changes."""
    before = client.files()
    for action in ACTIONS:
        for headers in (
            {},
            {"Authorization": "Bearer " + "a" * 26},
            {"Authorization": "Basic " + client.token},
            {"Authorization": client.token},
            {"Cookie": "__Host-session=" + "0" * 32, **client.origin},
            {"Cookie": "__Host-session=", **client.origin},
        ):
            time.sleep(0.06 if "Authorization" in headers else 0)
            response, content = client.request("POST", f"/api/{action}", "{}", {**_JSON, **headers})
            assert response.status == 401, (action, headers)
            assert response.headers["WWW-Authenticate"] == "Bearer"
            assert json.loads(content)["error"]["message"]
    assert client.files() == before
    time.sleep(0.06)


def test_a_wrong_token_delays_the_next_and_is_counted(client: Client) -> None:
    """A wrong token causes 429 with Retry-After for this client, except for reading."""
    counted = json.loads(client.get("/api/identity"))["wrong_tokens"]
    status, answer = client.api("session", {"token": "wrong"})
    assert (status, answer["error"]["field"]) == (401, "token")
    with serving_page(client.directory.with_name("other"), "first_delay_ms=60000") as slow:
        assert slow.api("session", {"token": "wrong"})[0] == 401
        bearer = {"Authorization": f"Bearer {slow.token}"}
        response, _ = slow.request("POST", "/api/renew", headers=bearer)
        assert response.status == 429 and 1 <= int(response.headers["Retry-After"]) <= 60
        assert slow.get("/api/identity")
        slow.source = "127.0.0.2"
        assert slow.request("GET", "/request.der", headers=bearer)[0].status == 200
        slow.source = None
        assert slow.request("GET", "/request.der", headers=bearer)[0].status == 429
    assert json.loads(client.get("/api/identity"))["wrong_tokens"] == counted + 1
    time.sleep(0.06)
    assert Client(client.port, client.directory).api("session", {"token": client.token})[0] == 204


def test_a_session_is_a_cookie_for_this_host_alone(client: Client) -> None:
    """A session cookie permits what the token does, until it is closed."""
    browser = Client(client.port, client.directory)
    body = json.dumps({"token": f" {client.token.upper()} "})
    response, content = browser.request("POST", "/api/session", body, _JSON)
    assert (response.status, content) == (204, b"")
    name, _, attributes = response.headers["Set-Cookie"].partition("; ")
    assert name.startswith("__Host-session=") and len(name) == 47
    assert attributes == "Path=/; Secure; HttpOnly; SameSite=Strict"
    assert browser.get("/request.der")
    cookie = browser.cookie
    response, _ = browser.request("DELETE", "/api/session", headers=browser.origin)
    assert response.status == 204 and browser.cookie == ""
    browser.cookie = cookie
    assert browser.request("GET", "/request.der")[0].status == 401
    bearer = {"Authorization": f"Bearer {client.token}"}
    assert client.request("DELETE", "/api/session", headers=bearer)[0].status == 400


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:{port}"},
        {"Origin": "https://localhost"},
        {"Origin": "https://localhost:{port}.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_another_sites_request_is_refused(signed_in: Client, headers: dict[str, str]) -> None:
    """Another site's request is refused, even with the cookie."""
    before = signed_in.files()
    headers = {name: value.format(port=signed_in.port) for name, value in headers.items()}
    for method, path in (("POST", "/api/renew"), ("DELETE", "/api/session")):
        response, content = signed_in.request(method, path, headers=headers)
        assert response.status == 403 and b"another site" in content
    assert signed_in.files() == before


def test_this_sites_requests_are_taken(signed_in: Client) -> None:
    """Requests of this site are known by Origin, or by Sec-Fetch-Site without it."""
    for headers in (signed_in.origin, {"Sec-Fetch-Site": "same-origin"}):
        assert signed_in.request("POST", "/api/renew", headers=headers)[0].status == 200


def test_another_site_cannot_sign_in(client: Client) -> None:
    """Another site cannot sign in, even with the right token."""
    body = json.dumps({"token": client.token})
    headers = {**_JSON, "Origin": "https://evil.example"}
    assert client.request("POST", "/api/session", body, headers)[0].status == 403


def test_a_reset_ends_every_session_and_token(tmp_path: Path) -> None:
    """A reset ends all sessions and the token, and serves a new identity at once."""
    with serving_page(tmp_path / "identity", "first_delay_ms=1") as client:
        leaf = certificates.make()
        key = leaf.key_pem().decode()
        assert client.api("session", {"token": client.token})[0] == 204
        assert client.api("install", {"chain": pem(leaf).decode(), "key": key})[0] == 200
        status, report = client.api("reset", {"hostname": "kitchen"})
        assert status == 200 and report["source"] == "generated" and report["wiped"]
        served = hashlib.sha256(client.served_certificate()).digest()
        assert served.hex(":").upper() == report["fingerprint"]
        assert client.api("renew")[0] == 401
        assert client.api("renew", {}, client.token)[0] == 401
        assert "installed" not in " ".join(client.files())


def test_two_sessions_at_most(client: Client) -> None:
    """A third session ends the first."""
    browsers = [Client(client.port, client.directory) for _ in range(3)]
    for browser in browsers:
        assert browser.api("session", {"token": client.token})[0] == 204
    statuses = [browser.request("GET", "/request.der")[0].status for browser in browsers]
    assert statuses == [401, 200, 200]


def test_over_plain_http_the_page_is_read_only(tmp_path: Path) -> None:
    """Over plain HTTP the page is read-only, as others could have read the token."""
    with serving_page(tmp_path / "identity", "plain") as client:
        assert b"read-only" in client.get("/") and b"<form" not in client.get("/")
        assert json.loads(client.get("/api/identity"))["hostname"] == "kitchen"
        before = client.files()
        for action in ("session", *ACTIONS):
            status, answer = client.api(action, {"token": client.token}, client.token)
            assert status == 403 and "encryption" in answer["error"]["message"]
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = f"action=sign-in&token={client.token}"
        response, _ = client.request("POST", "/", body, form)
        assert response.status == 403 and "Set-Cookie" not in response.headers
        assert client.files() == before
