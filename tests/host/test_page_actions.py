"""Every action of a board's page in Chromium, by mouse, and by keyboard alone."""

import re
import time
import urllib.parse

import portal_server
import pytest
from browser import Keyboard, Mouse, visiting
from certificates import make_ca
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from issued import PublicKey, issue, pem, write

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.xdist_group("chromium")]

_WRONG_TOKEN = "abcdefghijklmnopqrstuvwx27"  # noqa: S105 (made up)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Serve one board's page; wrong tokens cost no time there."""
    directory = tmp_path_factory.mktemp("board") / "data"
    with portal_server.serving_page(directory, "first_delay_ms=1") as found:
        yield found


@pytest.fixture(params=[Mouse, Keyboard])
def hands(request):
    """Return who presses, fills and chooses."""
    return request.param()


@pytest.fixture
def visit(chromium, client):
    """Open the page; what the browser complains of fails the test."""
    with visiting(chromium, client) as found:
        yield found


@pytest.fixture
def signed_in(visit, hands):
    """Open the page and sign in."""
    sign_in(visit, hands, visit.client.current_token())
    visit.button("Sign out").wait_for()
    return visit


def sign_in(visit, hands, token):
    """Send a token."""
    hands.fill(visit.page.get_by_label("Token"), token)
    hands.press(visit.button("Sign in"))


def fingerprint_of(client):
    """Return the SHA-256 of what TLS serves, in hex without colons."""
    certificate = x509.load_der_x509_certificate(client.served_certificate())
    return certificate.fingerprint(hashes.SHA256()).hex().upper()


def test_the_token_signs_in_and_signing_out_ends_it(visit, hands):
    """A wrong one is refused, at its field; signed out, the cookie is good for nothing."""
    sign_in(visit, hands, _WRONG_TOKEN)
    field = visit.page.get_by_label("Token")
    assert visit.said() == "this is not the board's token"
    assert field.get_attribute("aria-invalid") == "true"
    assert "not the board's token" in field.evaluate(_DESCRIPTION)
    assert visit.page.title().startswith("Error: ")
    sign_in(visit, hands, f" {visit.client.current_token().upper()} ")
    visit.button("Sign out").wait_for()
    (cookie,) = visit.page.context.cookies()
    flags = cookie["secure"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]
    assert flags == (True, True, "Strict", "/")
    hands.press(visit.button("Sign out"))
    visit.button("Sign in").wait_for()
    visit.page.context.add_cookies([cookie])
    visit.page.reload()
    assert visit.button("Sign in").is_visible()


# What a screen reader says of a field beside its name.
_DESCRIPTION = (
    "element => element.getAttribute('aria-describedby').split(' ')"
    ".map(id => document.getElementById(id).textContent).join(' ')"
)


def test_a_certificate_is_pasted_and_removed(signed_in, hands):
    """For the board's own key; both serve from the next connection on."""
    visit, client = signed_in, signed_in.client
    own = client.served_certificate()
    key = PublicKey(x509.load_der_x509_certificate(own).public_key())
    leaf = issue(make_ca(), key)
    hands.fill(
        visit.page.get_by_label("Certificate and chain (PEM)", exact=True), pem(leaf).decode()
    )
    with visit.page.expect_request(lambda request: request.method == "POST") as sent:
        hands.press(visit.button("Install"))
    visit.page.get_by_role("status").wait_for()
    assert "is installed" in visit.said()
    # The browser's time goes along, for a board that has none of its own.
    time = dict(urllib.parse.parse_qsl(sent.value.post_data))["time"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time)
    assert client.served_certificate() == leaf.der
    assert visit.shows_fingerprint(fingerprint_of(client))
    hands.press(visit.button("Remove"))
    visit.button("Remove").wait_for(state="detached")
    assert "is removed" in visit.said()
    assert client.served_certificate() == own


def test_a_certificate_and_its_key_are_uploaded_from_files(signed_in, hands, tmp_path):
    """The files fill the fields, where they can be seen before they are sent."""
    visit, client = signed_in, signed_in.client
    leaf = issue(make_ca())
    for label, data in (
        ("Certificate and chain (PEM)", pem(leaf)),
        ("Private key (PEM)", leaf.key_pem()),
    ):
        path = write(tmp_path / "file.pem", data)
        hands.choose(visit.page.get_by_label(f"{label}, from a file"), path)
        field = visit.page.get_by_label(label, exact=True)
        visit.page.wait_for_function("field => field.value", arg=field.element_handle())
        assert field.input_value().encode() == data
    hands.press(visit.button("Install"))
    visit.page.get_by_role("status").wait_for()
    assert client.served_certificate() == leaf.der
    assert "PRIVATE KEY" not in visit.page.content()
    hands.press(visit.button("Remove"))
    visit.button("Remove").wait_for(state="detached")


@pytest.mark.parametrize("blamed", ["chain", "key"])
def test_a_refused_certificate_says_why_at_its_field(blamed, signed_in, hands):
    """And changes nothing."""
    visit, client = signed_in, signed_in.client
    before = client.served_certificate()
    leaf = issue(make_ca(), days=(-30, -1)) if blamed == "chain" else issue(make_ca())
    key = leaf.key_pem() if blamed == "chain" else issue(make_ca()).key_pem()
    hands.fill(
        visit.page.get_by_label("Certificate and chain (PEM)", exact=True), pem(leaf).decode()
    )
    hands.fill(visit.page.get_by_label("Private key (PEM)", exact=True), key.decode())
    hands.press(visit.button("Install"))
    visit.page.get_by_role("alert").wait_for()
    labels = {"chain": "Certificate and chain (PEM)", "key": "Private key (PEM)"}
    field = visit.page.get_by_label(labels[blamed], exact=True)
    reason = visit.said()
    assert ("expired" if blamed == "chain" else "not that of") in reason
    assert field.get_attribute("aria-invalid") == "true"
    assert reason in field.evaluate(_DESCRIPTION)
    hands.press(visit.page.get_by_role("link", name=reason))
    assert field.evaluate("element => element === document.activeElement")
    assert client.served_certificate() == before
    assert visit.shows_fingerprint(fingerprint_of(client))


def test_the_board_signs_again(signed_in, hands):
    """The same key, another certificate."""
    client = signed_in.client
    before = x509.load_der_x509_certificate(client.served_certificate())
    hands.press(signed_in.button("Sign again"))
    signed_in.page.get_by_role("status").wait_for()
    after = x509.load_der_x509_certificate(client.served_certificate())
    assert after.serial_number != before.serial_number
    assert after.public_key() == before.public_key()
    assert signed_in.shows_fingerprint(fingerprint_of(client))


@pytest.mark.parametrize("button", ["Make a new key", "Reset"])
def test_what_loses_a_key_wants_the_host_name(button, signed_in, hands):
    """Another name is refused at the field; after a reset the token is another, too."""
    visit, client = signed_in, signed_in.client
    before, token = client.served_certificate(), client.current_token()
    field = visit.form(button).get_by_label("Type kitchen to confirm")
    hands.fill(field, "hall")
    hands.press(visit.button(button))
    visit.page.get_by_role("alert").wait_for()
    assert "host name" in field.evaluate(_DESCRIPTION)
    assert client.served_certificate() == before
    hands.fill(field, "kitchen")
    hands.press(visit.button(button))
    visit.page.get_by_role("status").wait_for()
    keys = [x509.load_der_x509_certificate(der) for der in (before, client.served_certificate())]
    assert keys[0].public_key() != keys[1].public_key()
    assert visit.shows_fingerprint(fingerprint_of(client))
    is_reset = button == "Reset"
    assert (client.current_token() != token) == is_reset
    assert visit.button("Sign in").is_visible() == is_reset


def test_the_board_restarts(signed_in, hands):
    """A moment after the page said so."""
    restarted = signed_in.client.directory.with_suffix(".restarted")
    restarted.unlink(missing_ok=True)
    hands.press(signed_in.button("Restart"))
    signed_in.page.get_by_role("status").wait_for()
    assert "restarts" in signed_in.said()
    deadline = time.monotonic() + 10
    while not restarted.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert restarted.exists()


def test_certificate_and_request_are_downloaded(signed_in, hands, tmp_path):
    """As files that others can read."""
    client = signed_in.client
    served = x509.load_der_x509_certificate(client.served_certificate())
    found = {}
    for link in signed_in.page.get_by_role("list").get_by_role("link").all():
        with signed_in.page.expect_download() as download:
            hands.press(link)
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        found[link.get_attribute("href")] = path.read_bytes()
    assert x509.load_pem_x509_certificates(found["/certificate.pem"]) == [served]
    assert x509.load_der_x509_certificate(found["/certificate.der"]) == served
    requests = [
        x509.load_pem_x509_csr(found["/request.pem"]),
        x509.load_der_x509_csr(found["/request.der"]),
    ]
    assert all(one.is_signature_valid for one in requests)
    assert [one.public_key() for one in requests] == [served.public_key()] * 2


def test_whoever_guesses_has_to_wait_and_is_told_so(chromium, tmp_path):
    """Even the right token waits then."""
    with (
        portal_server.serving_page(tmp_path / "data", "first_delay_ms=20000") as client,
        visiting(chromium, client) as visit,
    ):
        sign_in(visit, Mouse(), _WRONG_TOKEN)
        visit.page.get_by_role("alert").wait_for()
        sign_in(visit, Mouse(), client.current_token())
        visit.page.get_by_text("try again in").first.wait_for()
        assert visit.button("Sign in").is_visible()
        assert visit.shows("Wrong tokens since the board started: 1.")
