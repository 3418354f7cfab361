"""The page and its forms, as a browser without JavaScript uses them."""

import base64
import hashlib
import json
import re
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import certificates
import pytest
from boardcert_host.console import in_groups
from cryptography import x509
from issued import pem
from page_browser import FORM, Browser, Reader
from portal_server import Client, serving_page

_HOSTILE = '"><script>alert(1)</script>.example'


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Serve a board where wrong tokens cause a delay of 50 ms."""
    directory = tmp_path_factory.mktemp("forms") / "identity"
    with serving_page(directory, "first_delay_ms=50", "longest_delay_ms=50") as client:
        yield client


@pytest.fixture
def browser(board: Client) -> Browser:
    """Return a browser that has opened the page."""
    browser = Browser(board.port, board.directory)
    browser.open()
    return browser


@pytest.fixture
def admin(browser: Browser) -> Browser:
    """Return a browser that has signed in."""
    browser.submit("sign-in", token=browser.token)
    assert browser.status == 200 and "sign-out" in browser.found.forms
    return browser


def test_the_page_tells_what_is_served(browser: Browser) -> None:
    """The page shows the fingerprint's groups and words as the host prints them."""
    report = json.loads(browser.get("/api/identity"))
    for text in [*in_groups(report["fingerprint"]), report["words"], *report["names"]]:
        assert text in browser.page
    assert browser.token not in browser.page
    assert list(browser.found.forms) == ["sign-in"]


def test_the_page_is_whole_and_needs_nothing_else(admin: Browser) -> None:
    """The page has at most 14 KB, links only to itself, unique ids and valid references."""
    assert len(admin.page) <= 14 * 1024
    found = admin.found
    assert all(address in ("data:,", "/") or address[0] in "/#" for address in found.addresses)
    assert "http" not in admin.page
    assert len(found.ids) == len(set(found.ids))
    assert set(found.references) <= set(found.ids)
    labelled = len(re.findall("<(?:textarea|select|input (?!type=.hidden))", admin.page))
    assert labelled == found.tags.count("label") > 0
    assert found.tags[:2] == ["html", "head"] and '<html lang="en">' in admin.page
    assert found.tags.count("h1") == found.tags.count("main") == 1


def test_style_and_script_are_those_that_the_policy_allows(board: Client) -> None:
    """The policy permits exactly this style and script, by their hashes."""
    response, content = board.request("GET", "/")
    text = Reader(content.decode()).text
    policy = response.headers["Content-Security-Policy"]
    for tag in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(text[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}';" in policy
    assert 0 < content.index(b"<script>") < content.index(b"<form")


def test_a_wrong_token_is_told_at_the_field(browser: Browser) -> None:
    """A wrong token is reported at its field, and nobody is signed in."""
    browser.submit("sign-in", token="a" * 26)
    assert browser.status == 401 and 'aria-describedby="sign-in-token-error"' in browser.page
    assert not browser.cookie and "sign-out" not in browser.found.forms
    time.sleep(0.06)


def test_signing_in_and_out(admin: Browser) -> None:
    """Signing out removes the cookie and the forms."""
    cookie = admin.cookie
    admin.submit("sign-out")
    assert list(admin.found.forms) == ["sign-in"] and not admin.cookie
    admin.cookie = cookie
    admin.open()
    assert list(admin.found.forms) == ["sign-in"]


def test_a_pasted_certificate_is_installed_and_removed(admin: Browser) -> None:
    """After each form, the page shows the served certificate at once."""
    leaf = certificates.make()
    admin.submit("install", chain=pem(leaf).decode(), key=leaf.key_pem().decode())
    assert admin.status == 200 and 'role="status"' in admin.page
    assert "PRIVATE KEY-----" not in admin.page
    digest = hashlib.sha256(leaf.der).digest().hex(":").upper()
    assert all(group in admin.page for group in in_groups(digest))
    assert admin.served_certificate() == leaf.der
    admin.submit("remove")
    assert admin.status == 200 and "remove" not in admin.found.forms
    assert admin.served_certificate() != leaf.der


def test_a_refused_certificate_is_told_at_the_field(admin: Browser) -> None:
    """A refused certificate is reported at its field, changes nothing, and its key is not shown."""
    before = admin.files()
    leaf, other = certificates.make(), certificates.make()
    admin.submit("install", chain="no certificate", key="")
    assert admin.status == 422 and 'id="install-chain-error"' in admin.page
    admin.submit("install", chain=pem(leaf).decode(), key=other.key_pem().decode())
    assert admin.status == 422 and 'id="install-key-error"' in admin.page
    assert other.key_pem().decode().split("\n")[1] not in admin.page
    assert admin.files() == before


def test_signing_again_and_a_new_key(admin: Browser) -> None:
    """The answering page shows the new certificate already."""
    pin = json.loads(admin.get("/api/identity"))["public_key_pin"]
    admin.submit("renew")
    assert admin.status == 200 and pin in admin.page
    admin.submit("new-key", hostname="kitten")
    assert admin.status == 422 and 'id="new-key-hostname-error"' in admin.page
    assert 'id="reset-hostname-error"' not in admin.page and pin in admin.page
    admin.submit("new-key", hostname=" kitchen ")
    assert admin.status == 200 and pin not in admin.page
    fingerprint = hashlib.sha256(admin.served_certificate()).digest().hex(":").upper()
    assert all(group in admin.page for group in in_groups(fingerprint))


def test_a_form_serves_once(admin: Browser) -> None:
    """A form sent again, as by a reload, or without its token, changes nothing."""
    old = admin.found
    admin.submit("renew")
    before = admin.files()
    admin.found = old
    for _ in range(2):
        admin.found.forms["renew"] = old.forms["renew"]
        admin.submit("renew")
        assert admin.status == 403 and "out of date" in admin.page
    admin.submit("renew", form="")
    assert admin.status == 403
    assert admin.files() == before
    admin.open()
    admin.submit("renew")
    assert admin.status == 200


def test_another_sites_form_is_refused(admin: Browser) -> None:
    """Another site's form is refused, with the browser's cookie and even with a form token."""
    before = admin.files()
    body = urllib.parse.urlencode(admin.found.forms["renew"])
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        response, content = admin.request("POST", "/", body, {**FORM, **headers})
        assert response.status == 403 and b"another site" in content
    body = urllib.parse.urlencode({"action": "sign-in", "token": admin.token})
    headers = {**FORM, "Origin": "https://evil.example"}
    response, _ = admin.request("POST", "/", body, headers)
    assert response.status == 403 and "Set-Cookie" not in response.headers
    assert admin.files() == before


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("action=renew", FORM, 401),
        ("", FORM, 401),
        ("action=sign-in", FORM, 422),
        ("action=sign-in&token", FORM, 422),
        ("action=%zz", FORM, 400),
        ("action=%ff", FORM, 400),
        ("action=renew", {}, 415),
        ('{"action": "renew"}', {"Content-Type": "application/json"}, 415),
        ("action=" + "x" * 16_384, FORM, 413),
    ],
)
def test_forms_that_the_page_does_not_send(
    browser: Browser, body: str, headers: dict[str, str], status: int
) -> None:
    """A form that the page does not send gets a page with the reason, and no change."""
    before = browser.files()
    response, _ = browser.request("POST", "/", body, {**headers, **browser.origin})
    assert response.status == status
    assert browser.files() == before


def test_what_a_form_says_is_never_markup(admin: Browser) -> None:
    """An unknown action's name is shown as text, even if it contains markup."""
    admin.found.forms["renew"]["action"] = _HOSTILE
    admin.submit("renew")
    assert admin.status == 400 and _HOSTILE not in admin.page
    assert admin.found.tags.count("script") == 1


def test_names_of_an_installed_certificate_are_never_markup(admin: Browser) -> None:
    """An installed certificate's names are shown as text; a host name with markup is refused."""

    def name_it(extensions: dict) -> None:
        names = [x509.DNSName(_HOSTILE), x509.DNSName("kitchen.local")]
        extensions["subject_alt_name"] = (x509.SubjectAlternativeName(names), False)

    odd = certificates.make(change=name_it)
    admin.submit("install", chain=pem(odd).decode(), key=odd.key_pem().decode())
    assert admin.status == 422
    assert _HOSTILE not in admin.page and admin.found.tags.count("script") == 1
    leaf = certificates.make(common_name=_HOSTILE)
    admin.submit("install", chain=pem(leaf).decode(), key=leaf.key_pem().decode())
    assert admin.status == 200
    assert _HOSTILE not in admin.page and "script&#62;" in admin.page
    assert admin.found.tags.count("script") == 1
    admin.submit("remove")
    assert admin.status == 200


def test_restarting_is_told(admin: Browser) -> None:
    """The page announces a restart, and the browser reloads it afterwards."""
    admin.submit("restart")
    assert admin.status == 200 and "This page reloads in 20 seconds" in admin.page
    assert admin.refresh == "20; url=/"


def test_a_reset_signs_out_and_shows_the_new_fingerprint(tmp_path: Path) -> None:
    """A reset signs out, shows the new fingerprint, and says how far the old key was wiped."""
    with serving_page(tmp_path / "identity") as board:
        browser = Browser(board.port, board.directory)
        browser.open()
        browser.submit("sign-in", token=board.token)
        before = board.served_certificate()
        browser.submit("reset", hostname="kitchen")
        after = board.served_certificate()
        assert browser.status == 200 and after != before
        fingerprint = hashlib.sha256(after).digest().hex(":").upper()
        assert all(group in browser.page for group in in_groups(fingerprint))
        assert list(browser.found.forms) == ["sign-in"]
        assert "What was deleted may still be on the medium" in browser.page


def test_the_counters_are_shown(browser: Browser) -> None:
    """The counters of connections and of wrong tokens are shown."""
    assert re.search(r"\d+ accepted, \d+ refused, \d+ failed", browser.page)
    assert re.search(r"Wrong tokens since the board started: \d+\.", browser.page)
