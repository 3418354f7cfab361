"""The JSON API of the page, on the unix binary: each path, each refusal, each header."""

import hashlib
import json
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import certificates
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from portal_server import Client, serving_page

_JSON = {"Content-Type": "application/json"}
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_ACTIONS = ("install", "remove", "renew", "new-key", "reset", "restart")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A program that talks to one board; wrong tokens delay it by 50 ms at most."""
    directory = tmp_path_factory.mktemp("api") / "identity"
    with serving_page(directory, "first_delay_ms=50", "longest_delay_ms=50") as client:
        yield client


@pytest.fixture
def signed_in(client: Client) -> Iterator[Client]:
    """A browser with a session."""
    browser = Client(client.port, client.directory)
    assert browser.api("session", {"token": client.token})[0] == 204
    yield browser
    browser.request("DELETE", "/api/session", headers=browser.origin)


def _pem(*identities: certificates.Identity) -> str:
    found = [x509.load_der_x509_certificate(identity.der) for identity in identities]
    return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in found)


def test_the_identity_is_told_to_anyone(client: Client) -> None:
    """What is told is what is served; the words are of the fingerprint."""
    report = json.loads(client.get("/api/identity"))
    digest = hashlib.sha256(client.served_certificate()).digest()
    assert report["fingerprint"] == digest.hex(":").upper()
    assert report["hostname"] == "kitchen" and report["source"] == "generated"
    assert report["days_left"] == 3650
    assert set(report["memory"]) == {"used_bytes", "free_bytes"}
    assert report["connections"]["accepted"] >= 1
    assert client.token not in json.dumps(report)


def test_the_certificate_can_be_fetched(client: Client) -> None:
    """DER, and PEM that openssl's parser takes."""
    der = client.get("/certificate.der")
    assert der == client.served_certificate()
    assert ssl.PEM_cert_to_DER_cert(client.get("/certificate.pem").decode()) == der
    response, _ = client.request("GET", "/certificate.pem")
    assert response.headers["Content-Disposition"] == 'attachment; filename="kitchen.crt.pem"'


def test_a_request_is_signed_by_the_boards_key(client: Client) -> None:
    """PEM and DER, for its names; with the token only."""
    bearer = {"Authorization": f"Bearer {client.token}"}
    for path, load in (
        ("/request.pem", x509.load_pem_x509_csr),
        ("/request.der", x509.load_der_x509_csr),
    ):
        response, content = client.request("GET", path, headers=bearer)
        csr = load(content)
        assert response.status == 200 and csr.is_signature_valid
        names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["kitchen.local", "localhost"]
        response, content = client.request("GET", path)
        assert response.status == 401 and b"CERTIFICATE" not in content


@pytest.mark.parametrize(
    "path", ["/", "/api/identity", "/certificate.pem", "/nothing", "/api/renew"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS"])
def test_every_answer_has_the_headers(client: Client, path: str, method: str) -> None:
    """Errors as well; and a length."""
    response, content = client.request(method, path)
    assert {name: response.headers[name] for name in _HEADERS} == _HEADERS
    policy = response.headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert part in policy
    assert "unsafe" not in policy
    if method != "HEAD":
        assert int(response.headers["Content-Length"]) == len(content)


def test_unknown_paths_and_methods_are_refused(client: Client) -> None:
    """404, and 405 with what is allowed; no path is read in two ways."""
    for path in ("/nothing", "/api/", "/api/nothing", "/certificateXpem", "//", "/../", "/%2e/"):
        response, content = client.request("GET", path)
        assert response.status == 404 and json.loads(content)["error"]["field"] is None, path
    for method, path, allowed in (
        ("PUT", "/", "GET, POST, HEAD"),
        ("GET", "/api/renew", "POST"),
        ("DELETE", "/api/install", "POST"),
        ("GET", "/api/session", "POST, DELETE"),
        ("POST", "/api/identity", "GET, HEAD"),
        ("OPTIONS", "/api/identity", "GET, HEAD"),
    ):
        response, _ = client.request(method, path)
        assert (response.status, response.headers["Allow"]) == (405, allowed)


def test_nothing_is_done_without_the_token(client: Client) -> None:
    """No token, no session, a wrong one of either, another scheme: 401, and nothing changes."""
    before = client.files()
    for action in _ACTIONS:
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
    """429 with Retry-After, for the right one too; reading goes on."""
    counted = json.loads(client.get("/api/identity"))["wrong_tokens"]
    status, answer = client.api("session", {"token": "wrong"})
    assert (status, answer["error"]["field"]) == (401, "token")
    with serving_page(client.directory.with_name("other")) as slow:
        assert slow.api("session", {"token": "wrong"})[0] == 401
        bearer = {"Authorization": f"Bearer {slow.token}"}
        response, _ = slow.request("POST", "/api/renew", headers=bearer)
        assert (response.status, response.headers["Retry-After"]) == (429, "1")
        assert slow.get("/api/identity")
        time.sleep(1.1)
        assert slow.api("session", {"token": slow.token})[0] == 204
    assert json.loads(client.get("/api/identity"))["wrong_tokens"] == counted + 1
    time.sleep(0.06)


def test_a_session_is_a_cookie_for_this_host_alone(client: Client) -> None:
    """It opens what the token does, until it is closed."""
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
    """Though it shows the cookie."""
    before = signed_in.files()
    headers = {name: value.format(port=signed_in.port) for name, value in headers.items()}
    for method, path in (("POST", "/api/renew"), ("DELETE", "/api/session")):
        response, content = signed_in.request(method, path, headers=headers)
        assert response.status == 403 and b"another site" in content
    assert signed_in.files() == before


def test_this_sites_requests_are_taken(signed_in: Client) -> None:
    """By Origin, or by Sec-Fetch-Site where a browser sends no Origin."""
    for headers in (signed_in.origin, {"Sec-Fetch-Site": "same-origin"}):
        assert signed_in.request("POST", "/api/renew", headers=headers)[0].status == 200


def test_another_site_cannot_sign_in(client: Client) -> None:
    """Not even with the right token."""
    body = json.dumps({"token": client.token})
    headers = {**_JSON, "Origin": "https://evil.example"}
    assert client.request("POST", "/api/session", body, headers)[0].status == 403


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {}, 415),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"chain=x", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b"{", _JSON, 400),
        (b"[]", _JSON, 400),
        (b"null", _JSON, 400),
        (b"\xff\xfe", _JSON, 400),
        (b"[" * 10_000, _JSON, 400),
        (b"{}", {"Content-Type": "application/json; charset=utf-8"}, 422),
        (b'{"chain": 5}', _JSON, 422),
        (b'{"chain": "x", "key": ["y"]}', _JSON, 422),
        (b" " * 16_385, _JSON, 413),
    ],
)
def test_bodies_that_are_no_json_object_are_refused(
    client: Client, body: bytes, headers: dict[str, str], status: int
) -> None:
    """Too large, of another kind, or of another shape."""
    before = client.files()
    headers = {"Authorization": f"Bearer {client.token}", **headers}
    response, _ = client.request("POST", "/api/install", body, headers)
    assert response.status == status
    assert client.files() == before


def test_a_certificate_of_a_ca_takes_over_at_once(client: Client) -> None:
    """With its chain; removing it brings the board's own back."""
    own = client.served_certificate()
    ca = certificates.make_ca()
    leaf = certificates.make(issuer=ca)
    key = leaf.key_pem().decode()
    status, report = client.api("install", {"chain": _pem(leaf, ca), "key": key}, client.token)
    assert (status, report["source"]) == (200, "installed")
    assert client.served_certificate() == leaf.der
    assert client.get("/certificate.pem").decode().count("BEGIN CERTIFICATE") == 2
    status, report = client.api("remove", {}, client.token)
    assert (status, report["source"]) == (200, "generated") and report["wiped"]
    assert client.served_certificate() == own


def test_a_certificate_for_the_request_needs_no_key(client: Client) -> None:
    """Signed by a CA for the key that never leaves the board."""
    bearer = {"Authorization": f"Bearer {client.token}"}
    csr = x509.load_der_x509_csr(client.request("GET", "/request.der", headers=bearer)[1])
    ca = certificates.make_ca()
    leaf = certificates.make(issuer=ca, key=SimpleNamespace(public_key=csr.public_key))
    for key in ({}, {"key": None}, {"key": ""}):
        status, report = client.api("install", {"chain": _pem(leaf), **key}, client.token)
        assert (status, report["source"]) == (200, "installed"), report
        assert client.served_certificate() == leaf.der
    assert client.api("remove", None, client.token)[0] == 200


def test_what_is_refused_changes_nothing_and_says_why(client: Client) -> None:
    """422, at the field that is to blame."""
    before = client.files()
    ca, leaf = certificates.make_ca(), certificates.make()
    other = ec.generate_private_key(ec.SECP384R1())
    other_pem = certificates.Identity(other, b"").key_pem().decode()
    for values, field in (
        ({}, "chain"),
        ({"chain": "garbage"}, "chain"),
        ({"chain": _pem(leaf)[:-40]}, "chain"),
        ({"chain": _pem(ca), "key": ca.key_pem().decode()}, "chain"),
        ({"chain": _pem(leaf, ca), "key": leaf.key_pem().decode()}, "chain"),
        ({"chain": _pem(leaf)}, "key"),
        ({"chain": _pem(leaf), "key": other_pem}, "key"),
        ({"chain": _pem(leaf), "key": "garbage"}, "key"),
    ):
        status, answer = client.api("install", values, client.token)
        assert (status, answer["error"]["field"]) == (422, field), answer
        assert len(answer["error"]["message"]) > 10
        assert "PRIVATE KEY" not in json.dumps(answer)
    assert client.files() == before


def test_renewing_keeps_the_key(client: Client) -> None:
    """Another certificate, the same pin."""
    before = json.loads(client.get("/api/identity"))
    status, report = client.api("renew", {}, client.token)
    assert status == 200 and report["public_key_pin"] == before["public_key_pin"]
    assert report["fingerprint"] != before["fingerprint"]
    assert (
        hashlib.sha256(client.served_certificate()).digest().hex(":").upper()
        == (report["fingerprint"])
    )


def test_a_new_key_and_a_reset_need_the_host_name(client: Client) -> None:
    """Typed as it is; anything else changes nothing."""
    before = client.files()
    for action in ("new-key", "reset"):
        for values in ({}, {"hostname": ""}, {"hostname": "kitchen.local"}, {"hostname": None}):
            status, answer = client.api(action, values, client.token)
            assert (status, answer["error"]["field"]) == (422, "hostname")
        assert client.api(action, {"hostname": 5}, client.token)[0] == 422
    assert client.files() == before


def test_a_new_key_is_new(client: Client) -> None:
    """The token stays."""
    before = json.loads(client.get("/api/identity"))
    status, report = client.api("new-key", {"hostname": "kitchen"}, client.token)
    assert status == 200 and report["public_key_pin"] != before["public_key_pin"]
    assert report["wiped"]
    assert client.api("renew", {}, client.token)[0] == 200


def test_a_reset_ends_every_session_and_token(tmp_path: Path) -> None:
    """A new identity, served at once; what was installed is gone."""
    with serving_page(tmp_path / "identity", "first_delay_ms=1") as client:
        leaf = certificates.make()
        key = leaf.key_pem().decode()
        assert client.api("session", {"token": client.token})[0] == 204
        assert client.api("install", {"chain": _pem(leaf), "key": key})[0] == 200
        status, report = client.api("reset", {"hostname": "kitchen"})
        assert status == 200 and report["source"] == "generated" and report["wiped"]
        served = hashlib.sha256(client.served_certificate()).digest()
        assert served.hex(":").upper() == report["fingerprint"]
        assert client.api("renew")[0] == 401
        assert client.api("renew", {}, client.token)[0] == 401
        assert "installed" not in " ".join(client.files())


def test_a_restart_is_answered_first(client: Client) -> None:
    """A moment later the board starts again; here, it says so."""
    restarted = client.directory.with_suffix(".restarted")
    status, report = client.api("restart", {}, client.token)
    assert status == 200 and report["hostname"] == "kitchen" and not restarted.exists()
    deadline = time.monotonic() + 5
    while not restarted.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_two_sessions_at_most(client: Client) -> None:
    """A third one ends the first."""
    browsers = [Client(client.port, client.directory) for _ in range(3)]
    for browser in browsers:
        assert browser.api("session", {"token": client.token})[0] == 204
    statuses = [browser.request("GET", "/request.der")[0].status for browser in browsers]
    assert statuses == [401, 200, 200]


def test_over_plain_http_the_page_is_read_only(tmp_path: Path) -> None:
    """Whatever token is sent: it would have been read by others."""
    with serving_page(tmp_path / "identity", "plain") as client:
        assert b"read only" in client.get("/") and b"<form" not in client.get("/")
        assert json.loads(client.get("/api/identity"))["hostname"] == "kitchen"
        before = client.files()
        for action in ("session", *_ACTIONS):
            status, answer = client.api(action, {"token": client.token}, client.token)
            assert status == 403 and "encryption" in answer["error"]["message"]
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = f"action=sign-in&token={client.token}"
        response, _ = client.request("POST", "/", body, form)
        assert response.status == 403 and "Set-Cookie" not in response.headers
        assert client.files() == before
