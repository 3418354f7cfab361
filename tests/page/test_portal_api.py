"""The page's JSON API, on the unix binary: each path, each refusal, each header."""

import hashlib
import json
import ssl
from collections.abc import Iterator

import certificates
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from issued import PublicKey, pem
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


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Return a program's connection to one board; wrong tokens delay it by 50 ms at most."""
    directory = tmp_path_factory.mktemp("api") / "identity"
    with serving_page(directory, "first_delay_ms=50", "longest_delay_ms=50") as client:
        yield client


def test_the_identity_is_told_to_anyone(client: Client) -> None:
    """Anyone can read the report, which matches the served certificate and its words."""
    report = json.loads(client.get("/api/identity"))
    digest = hashlib.sha256(client.served_certificate()).digest()
    assert report["fingerprint"] == digest.hex(":").upper()
    assert report["hostname"] == "kitchen" and report["source"] == "generated"
    assert report["days_left"] in (3650, 3649)  # After a midnight.
    assert set(report["memory"]) == {"used_bytes", "free_bytes"}
    assert report["connections"]["accepted"] >= 1
    assert client.token not in json.dumps(report)


def test_the_certificate_can_be_fetched(client: Client) -> None:
    """The certificate is available as DER and as PEM that openssl reads."""
    der = client.get("/certificate.der")
    assert der == client.served_certificate()
    assert ssl.PEM_cert_to_DER_cert(client.get("/certificate.pem").decode()) == der
    response, _ = client.request("GET", "/certificate.pem")
    assert response.headers["Content-Disposition"] == 'attachment; filename="kitchen.crt.pem"'


def test_a_request_is_signed_by_the_boards_key(client: Client) -> None:
    """A request in PEM or DER for the board's names needs the token."""
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


def test_a_request_for_other_names_is_for_a_public_ca(client: Client) -> None:
    """A request for other names has those alone and no subject; wrong or too many are refused."""
    bearer = {"Authorization": f"Bearer {client.token}"}
    wanted = "kitchen.example.org,*.example.org"
    _, content = client.request("GET", f"/request.pem?names={wanted}", headers=bearer)
    csr = x509.load_pem_x509_csr(content)
    names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == wanted.split(",")
    assert csr.is_signature_valid and not list(csr.subject)
    for wrong in ("a..b", "a%2eb", ",", ",".join(["a.b"] * 21)):
        response, content = client.request("GET", f"/request.pem?names={wrong}", headers=bearer)
        assert response.status == 422 and json.loads(content)["error"]["field"] == "names"


@pytest.mark.parametrize(
    "path", ["/", "/api/identity", "/certificate.pem", "/nothing", "/api/renew"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS"])
def test_every_answer_has_the_headers(client: Client, path: str, method: str) -> None:
    """Every answer, including errors, has the headers and a length."""
    response, content = client.request(method, path)
    assert {name: response.headers[name] for name in _HEADERS} == _HEADERS
    policy = response.headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert part in policy
    assert "unsafe" not in policy
    if method != "HEAD":
        assert int(response.headers["Content-Length"]) == len(content)


def test_unknown_paths_and_methods_are_refused(client: Client) -> None:
    """Unknown paths get 404, wrong methods 405 with those allowed; each path has one spelling."""
    for path in ("/nothing", "/api/", "/api/nothing", "/certificateXpem", "//", "/../", "/%2e/"):
        response, content = client.request("GET", path)
        assert response.status == 404 and json.loads(content)["error"]["field"] is None, path
    for method, path, allowed in (
        ("PUT", "/", "GET, POST, HEAD"),
        ("GET", "/api/renew", "POST"),
        ("DELETE", "/api/install", "POST"),
        ("GET", "/api/session", "DELETE, POST"),
        ("POST", "/api/identity", "GET, HEAD"),
        ("OPTIONS", "/api/identity", "GET, HEAD"),
    ):
        response, _ = client.request(method, path)
        assert (response.status, response.headers["Allow"]) == (405, allowed)


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
    """A body that is too large, of another type, or not a JSON object is refused."""
    before = client.files()
    headers = {"Authorization": f"Bearer {client.token}", **headers}
    response, _ = client.request("POST", "/api/install", body, headers)
    assert response.status == status
    assert client.files() == before


def test_a_certificate_of_a_ca_takes_over_at_once(client: Client) -> None:
    """A CA's certificate is served at once with its chain; removing it restores the board's own."""
    own = client.served_certificate()
    ca = certificates.make_ca()
    leaf = certificates.make(issuer=ca)
    key = leaf.key_pem().decode()
    status, report = client.api(
        "install", {"chain": pem(leaf, ca).decode(), "key": key}, client.token
    )
    assert (status, report["source"]) == (200, "installed")
    assert client.served_certificate() == leaf.der
    assert client.get("/certificate.pem").decode().count("BEGIN CERTIFICATE") == 2
    status, report = client.api("remove", {}, client.token)
    assert (status, report["source"]) == (200, "generated") and report["wiped"]
    assert client.served_certificate() == own


def test_a_certificate_for_the_request_needs_no_key(client: Client) -> None:
    """A certificate for the board's request needs no key."""
    bearer = {"Authorization": f"Bearer {client.token}"}
    csr = x509.load_der_x509_csr(client.request("GET", "/request.der", headers=bearer)[1])
    ca = certificates.make_ca()
    leaf = certificates.make(issuer=ca, key=PublicKey(csr.public_key()))
    for key in ({}, {"key": None}, {"key": ""}):
        status, report = client.api("install", {"chain": pem(leaf).decode(), **key}, client.token)
        assert (status, report["source"]) == (200, "installed"), report
        assert client.served_certificate() == leaf.der
    assert client.api("remove", None, client.token)[0] == 200


def test_what_is_refused_changes_nothing_and_says_why(client: Client) -> None:
    """A refusal is 422 at the wrong field, and changes nothing."""
    before = client.files()
    ca, leaf = certificates.make_ca(), certificates.make()
    other = ec.generate_private_key(ec.SECP384R1())
    other_pem = certificates.Identity(other, b"").key_pem().decode()
    for values, field in (
        ({}, "chain"),
        ({"chain": "garbage"}, "chain"),
        ({"chain": pem(leaf).decode()[:-40]}, "chain"),
        ({"chain": pem(ca).decode(), "key": ca.key_pem().decode()}, "chain"),
        ({"chain": pem(leaf, ca).decode(), "key": leaf.key_pem().decode()}, "chain"),
        ({"chain": pem(leaf).decode()}, "key"),
        ({"chain": pem(leaf).decode(), "key": other_pem}, "key"),
        ({"chain": pem(leaf).decode(), "key": "garbage"}, "key"),
    ):
        status, answer = client.api("install", values, client.token)
        assert (status, answer["error"]["field"]) == (422, field), answer
        assert len(answer["error"]["message"]) > 10
        assert "PRIVATE KEY" not in json.dumps(answer)
    assert client.files() == before


def test_renewing_keeps_the_key(client: Client) -> None:
    """Renewal makes another certificate with the same pin."""
    before = json.loads(client.get("/api/identity"))
    status, report = client.api("renew", {}, client.token)
    assert status == 200 and report["public_key_pin"] == before["public_key_pin"]
    assert report["fingerprint"] != before["fingerprint"]
    assert (
        hashlib.sha256(client.served_certificate()).digest().hex(":").upper()
        == (report["fingerprint"])
    )


def test_a_new_key_and_a_reset_need_the_host_name(client: Client) -> None:
    """A new key or a reset needs the exact host name; anything else changes nothing."""
    before = client.files()
    for action in ("new-key", "reset"):
        for values in ({}, {"hostname": ""}, {"hostname": "kitchen.local"}, {"hostname": None}):
            status, answer = client.api(action, values, client.token)
            assert (status, answer["error"]["field"]) == (422, "hostname")
        assert client.api(action, {"hostname": 5}, client.token)[0] == 422
    assert client.files() == before


def test_a_new_key_is_new(client: Client) -> None:
    """A new key keeps the token."""
    before = json.loads(client.get("/api/identity"))
    status, report = client.api("new-key", {"hostname": "kitchen"}, client.token)
    assert status == 200 and report["public_key_pin"] != before["public_key_pin"]
    assert report["wiped"]
    assert client.api("renew", {}, client.token)[0] == 200
