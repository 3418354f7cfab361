"""The page of a board that is its own authority: its files and texts, which others lack."""

import hashlib
import json
import plistlib
import socket
import ssl
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from portal_server import Client, serving_page

_FILES = ("/authority.crt", "/authority.mobileconfig")
_EXPOSED = "anyone on the way can have put another authority here"
_SETTING = '{"chain": "authority"}'


def _directory(path: Path, config: str) -> Path:
    path.mkdir()
    (path / "config.json").write_text(config)
    return path


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Return a browser for a board with that setting."""
    directory = _directory(tmp_path_factory.mktemp("authority") / "identity", _SETTING)
    with serving_page(directory) as client:
        yield client


def test_the_certificate_is_for_import(client: Client) -> None:
    """The authority is DER with the type that phones know, without a token, and signs the leaf."""
    response, content = client.request("GET", "/authority.crt")
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/x-x509-ca-cert"
    name = response.headers["Content-Disposition"]
    assert name == 'attachment; filename="kitchen.authority.crt"'
    authority = x509.load_der_x509_certificate(content)
    served = x509.load_der_x509_certificate(client.served_certificate())
    served.verify_directly_issued_by(authority)
    response, content = client.request("HEAD", "/authority.crt")
    assert response.status == 200 and content == b""


def test_a_client_that_imports_it_verifies_name_and_chain(client: Client) -> None:
    """Python, in strict mode too, verifies name and chain with it; another name fails."""
    pem = ssl.DER_cert_to_PEM_cert(client.get("/authority.crt"))
    context = ssl.create_default_context(cadata=pem)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    for name, is_accepted in (("localhost", True), ("kitchen.local", True), ("other", False)):
        with socket.create_connection(("127.0.0.1", client.port), timeout=60) as raw:
            if is_accepted:
                context.wrap_socket(raw, server_hostname=name).close()
            else:
                with pytest.raises(ssl.SSLCertVerificationError):
                    context.wrap_socket(raw, server_hostname=name)


def test_the_profile_holds_the_same_certificate(client: Client) -> None:
    """The profile contains the same certificate as a root, with valid and constant UUIDs."""
    response, content = client.request("GET", "/authority.mobileconfig")
    assert response.headers["Content-Type"] == "application/x-apple-aspen-config"
    assert response.headers["Content-Disposition"].endswith('"kitchen.mobileconfig"')
    profile = plistlib.loads(content, fmt=plistlib.FMT_XML)
    (payload,) = profile["PayloadContent"]
    assert payload["PayloadContent"] == client.get("/authority.crt")
    assert payload["PayloadType"] == "com.apple.security.root"
    assert profile["PayloadType"] == "Configuration"
    assert profile["PayloadRemovalDisallowed"] is False
    assert (profile["PayloadVersion"], payload["PayloadVersion"]) == (1, 1)
    found = [uuid.UUID(one["PayloadUUID"]) for one in (profile, payload)]
    assert len(set(found)) == 2
    assert all((one.version, one.variant) == (8, uuid.RFC_4122) for one in found)
    identifiers = {one["PayloadIdentifier"] for one in (profile, payload)}
    assert len(identifiers) == 2
    assert client.get("/authority.mobileconfig") == content


def test_page_and_report_tell_its_fingerprint(client: Client) -> None:
    """The page links both files, and shows the pin of the leaf, not of the authority."""
    authority = client.get("/authority.crt")
    fingerprint = hashlib.sha256(authority).digest().hex(":").upper()
    report = json.loads(client.get("/api/identity"))
    not_after = x509.load_der_x509_certificate(authority).not_valid_after_utc
    assert report["authority"] == {
        "fingerprint": fingerprint,
        "not_after": f"{not_after:%Y-%m-%dT%H:%M:%SZ}",
    }
    assert report["chain"] == 2 and report["days_left"] <= 397
    page = client.get("/").decode().replace("<br>", ":")
    assert f"<code>{fingerprint}</code>" in page and _EXPOSED not in page
    assert all(f'href="{path}"' in page for path in _FILES)
    chain = x509.load_pem_x509_certificates(client.get("/certificate.pem"))
    assert [one.public_bytes(Encoding.DER) for one in chain][1:] == [authority]


@pytest.mark.parametrize("path", _FILES)
def test_it_can_be_read_only(client: Client, path: str) -> None:
    """The files accept no form or upload."""
    response, _ = client.request("POST", path, b"")
    assert response.status == 405 and response.headers["Allow"] == "GET, HEAD"


def test_over_plain_http_it_is_there_too(tmp_path: Path) -> None:
    """Over plain HTTP the files are public, too, but nothing proves that the board sent them."""
    directory = _directory(tmp_path / "plain", _SETTING)
    with serving_page(directory, "plain") as client:
        x509.load_der_x509_certificate(client.get("/authority.crt"))
        assert plistlib.loads(client.get("/authority.mobileconfig"))
        page = client.get("/").decode()
        assert _EXPOSED in page and 'report()["authority"])</code>:</p>' in page
    with serving_page(_directory(tmp_path / "self", "{}"), "plain") as client:
        assert _EXPOSED not in client.get("/").decode()


def test_a_board_without_one_says_why(tmp_path: Path) -> None:
    """Without an authority, the answer is 404 and names the setting, which the API can change."""
    with serving_page(_directory(tmp_path / "self", "{}")) as client:
        for path in _FILES:
            response, content = client.request("GET", path)
            assert response.status == 404
            assert "setting chain" in json.loads(content)["error"]["message"]
        assert "authority" not in client.get("/").decode().replace("certificate authority", "")
        assert json.loads(client.get("/api/identity"))["authority"] is None
        status, answer = client.api("settings", {"chain": "mine"}, client.token)
        assert status == 422 and answer["error"]["field"] == "chain"
        assert client.api("settings", {"chain": "authority"}, client.token)[0] == 200
        pin = json.loads(client.get("/api/identity"))["public_key_pin"]
    with serving_page(client.directory) as client:
        report = json.loads(client.get("/api/identity"))
        assert report["authority"] and report["public_key_pin"] == pin
