"""Every action of a board's page in Chromium, by mouse and by keyboard alone, on this computer."""

import time

import page_actions
import portal_server
import pytest
from boardcert_host.certificates.items import read_items
from browser import Keyboard, Mouse, visiting
from certificates import make_ca
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)
from issued import issue, pem, write

pytestmark = pytest.mark.needs("chromium")

_WRONG_TOKEN = "abcdefghijklmnopqrstuvwx27"  # noqa: S105 (made up)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Serve one board's page, where wrong tokens cause no delay."""
    directory = tmp_path_factory.mktemp("board") / "data"
    with portal_server.serving_page(directory, "first_delay_ms=1") as found:
        yield found


@pytest.fixture(params=[Mouse, Keyboard])
def hands(request):
    """Return the functions that press, fill and choose."""
    return request.param()


@pytest.fixture
def visit(chromium, client):
    """Open the page; any complaint of the browser fails the test."""
    with visiting(chromium, client) as found:
        yield found


@pytest.fixture
def signed_in(visit, hands):
    """Open the page and sign in."""
    page_actions.sign_in(visit, hands, visit.client.current_token())
    assert visit.offers("Sign out")
    return visit


def test_the_token_signs_in_and_signing_out_ends_it(visit, hands):
    """A wrong token is refused at its field; after signing out, the cookie is invalid."""
    page_actions.sign_in(visit, hands, _WRONG_TOKEN)
    field = visit.page.get_by_label("Token")
    assert visit.said() == "wrong token"
    assert field.get_attribute("aria-invalid") == "true"
    assert "rong token" in field.evaluate(page_actions.DESCRIPTION)
    assert visit.page.title().startswith("Error: ")
    page_actions.sign_in(visit, hands, f" {visit.client.current_token().upper()} ")
    assert visit.offers("Sign out")
    (cookie,) = visit.page.context.cookies()
    flags = cookie["secure"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]
    assert flags == (True, True, "Strict", "/")
    visit.send("Sign out", hands)
    assert visit.offers("Sign in")
    visit.page.context.add_cookies([cookie])
    visit.page.reload()
    assert visit.offers("Sign in")


def test_a_certificate_is_pasted_and_removed(signed_in, hands):
    """A certificate for the board's own key is pasted, and removed."""
    page_actions.paste_and_remove(signed_in, hands)


def test_a_certificate_and_its_key_are_uploaded_from_files(signed_in, hands, tmp_path):
    """Uploaded files fill the fields, so that they can be checked before they are sent."""
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
        assert field.input_value().encode().strip() == data.strip()
    visit.send("Install", hands)
    assert visit.reported() == "status"
    assert client.served_certificate() == leaf.der
    assert "BEGIN PRIVATE KEY" not in visit.page.content()
    visit.send("Remove", hands)
    assert not visit.offers("Remove")


def test_the_browser_reads_what_is_in_a_file(signed_in, hands, tmp_path):
    """DER, UTF-16, and key and chain in one file fill their fields; other files get a hint."""
    visit, leaf = signed_in, issue(make_ca())
    own = x509.load_der_x509_certificate(leaf.der)
    key = leaf.key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    both = pem(leaf) + leaf.key_pem()
    windows = b"\xff\xfe" + both.decode().replace("\n", "\r\n").encode("utf-16-le")
    p12 = pkcs12.serialize_key_and_certificates(b"a", leaf.key, own, None, NoEncryption())
    p7b = pkcs7.serialize_certificates([own], Encoding.DER)
    cases = [("chain", leaf.der, leaf.der), ("chain", both, leaf.der), ("chain", windows, leaf.der)]
    cases += [("key", key, key), ("key", both, None), ("key", leaf.der, ""), ("chain", key, "")]
    cases += [(field, data, "") for field in ("chain", "key") for data in (p12, p7b, b"garbage")]
    for at, (name, data, expected) in enumerate(cases):
        label = {"chain": "Certificate and chain (PEM)", "key": "Private key (PEM)"}[name]
        field = visit.page.get_by_label(label, exact=True)
        field.fill("")
        chooser = visit.page.get_by_label(f"{label}, from a file")
        assert chooser.get_attribute("accept") == ".pem,.crt,.cer,.key,.der"
        hands.choose(chooser, write(tmp_path / f"{at}.pem", data))
        said = chooser.locator("xpath=following-sibling::span")
        if expected == "":
            what = "certificate" if name == "chain" else "private key"
            words = f"No {what} in this file. For a .p12 or .p7b: boardcert install HOST FILE"
            visit.page.wait_for_function(
                "([one, words]) => one.textContent == words", arg=[said.element_handle(), words]
            )
            assert field.input_value() == ""
            continue
        visit.page.wait_for_function("field => field.value", arg=field.element_handle())
        assert said.text_content() == ""
        (item,) = read_items(field.input_value().encode())
        if name == "chain":
            assert item.value.public_bytes(Encoding.DER) == expected
        else:
            assert item.value.private_numbers() == leaf.key.private_numbers()


@pytest.mark.parametrize("blamed", ["chain", "key"])
def test_a_refused_certificate_says_why_at_its_field(blamed, signed_in, hands):
    """A refused certificate is explained at its field, and changes nothing."""
    visit, client = signed_in, signed_in.client
    before = client.served_certificate()
    leaf = issue(make_ca(), days=(-30, -1)) if blamed == "chain" else issue(make_ca())
    key = leaf.key_pem() if blamed == "chain" else issue(make_ca()).key_pem()
    hands.fill(
        visit.page.get_by_label("Certificate and chain (PEM)", exact=True), pem(leaf).decode()
    )
    hands.fill(visit.page.get_by_label("Private key (PEM)", exact=True), key.decode())
    visit.send("Install", hands)
    assert visit.reported() == "alert"
    labels = {"chain": "Certificate and chain (PEM)", "key": "Private key (PEM)"}
    field = visit.page.get_by_label(labels[blamed], exact=True)
    reason = visit.said()
    assert ("expired" if blamed == "chain" else "not that of") in reason
    assert field.get_attribute("aria-invalid") == "true"
    assert reason in field.evaluate(page_actions.DESCRIPTION)
    hands.press(visit.page.get_by_role("link", name=reason))
    assert field.evaluate("element => element === document.activeElement")
    assert client.served_certificate() == before
    assert page_actions.shows_what_is_served(visit)


def test_a_form_that_is_sent_early_keeps_its_texts(signed_in, hands):
    """A form sent before the page has loaded is shown again with its texts and an error."""
    page = signed_in.page
    page.add_init_script(
        """if (!sessionStorage.early)
             addEventListener("DOMContentLoaded", e => e.stopImmediatePropagation(), true);
           sessionStorage.early = 1"""
    )
    page.reload()
    assert not page.get_by_label("Private key (PEM), from a file").is_visible()
    chain = page.get_by_label("Certificate and chain (PEM)", exact=True)
    hands.fill(chain, "no certificate")
    signed_in.send("Install", hands)
    assert signed_in.reported() == "alert"
    page.get_by_label("Private key (PEM), from a file").wait_for()  # The page's script has run.
    assert chain.input_value() == "no certificate"


def test_the_board_signs_again(signed_in, hands):
    """The board signs again with the same key."""
    page_actions.sign_again(signed_in, hands)


@pytest.mark.parametrize("button", ["Make a new key", "Reset"])
def test_what_loses_a_key_wants_the_host_name(button, signed_in, hands):
    """Actions that lose a key require the host name; a reset also replaces the token."""
    token = signed_in.client.current_token()
    page_actions.lose_key(signed_in, hands, button)
    assert (signed_in.client.current_token() != token) == (button == "Reset")


def test_the_board_restarts(signed_in, hands):
    """The board restarts a moment after the page has said so."""
    restarted = signed_in.client.directory.with_suffix(".restarted")
    restarted.unlink(missing_ok=True)
    page_actions.restart(signed_in, hands)
    deadline = time.monotonic() + 60
    while not restarted.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert restarted.exists()


def test_the_browser_loads_the_page_again_after_a_restart(signed_in, hands):
    """The browser reloads the page after a restart, here without a board's delay."""

    def hasten(route):
        response = route.fetch()
        headers = response.headers
        assert headers["refresh"] == "20; url=/"
        route.fulfill(response=response, headers=headers | {"refresh": "0; url=/"})

    signed_in.page.route("**/*", hasten, times=1)
    with signed_in.page.expect_request(lambda request: request.method == "GET") as asked:
        signed_in.send("Restart", hands)
    assert asked.value.is_navigation_request()
    signed_in.page.get_by_role("status").wait_for(state="detached")
    signed_in.button("Restart").wait_for()


def test_certificate_and_request_are_downloaded(signed_in, hands, tmp_path):
    """Certificate and request can be downloaded in both formats."""
    page_actions.download(signed_in, hands, tmp_path)


def test_whoever_guesses_has_to_wait_and_is_told_so(chromium, tmp_path):
    """After wrong tokens, even the right one has to wait, and the page says so."""
    with (
        portal_server.serving_page(tmp_path / "data", "first_delay_ms=20000") as client,
        visiting(chromium, client) as visit,
    ):
        page_actions.sign_in(visit, Mouse(), _WRONG_TOKEN)
        assert visit.reported() == "alert"
        page_actions.sign_in(visit, Mouse(), client.current_token())
        assert visit.shows("try again in")
        assert visit.offers("Sign in")
        assert visit.shows("Wrong tokens since the board started: 1.")
