"""A user's actions on a board's page in Chromium, for any board that serves it.

*visit*: a browser.Visit, whose client knows the token and the served certificate; *hands*: Mouse or
Keyboard. All functions except `sign_in` require a signed-in user.
"""

from pathlib import Path

from browser import Keyboard, Mouse, Visit
from certificates import make_ca
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from issued import PublicKey, issue, pem

Hands = Mouse | Keyboard

# A screen reader reads this after a field's name.
DESCRIPTION = (
    "element => element.getAttribute('aria-describedby').split(' ')"
    ".map(id => document.getElementById(id).textContent).join(' ')"
)


def sign_in(visit: Visit, hands: Hands, token: str) -> None:
    """Submit a token."""
    hands.fill(visit.page.get_by_label("Token"), token)
    visit.send("Sign in", hands)


def served(visit: Visit) -> x509.Certificate:
    """Return the certificate that TLS serves."""
    return x509.load_der_x509_certificate(visit.client.served_certificate())


def names_served(visit: Visit) -> list[str]:
    """Return the DNS names in the served certificate."""
    names = served(visit).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName)


def shows_what_is_served(visit: Visit) -> bool:
    """Return whether the page shows the SHA-256 of the served certificate."""
    return visit.shows_fingerprint(served(visit).fingerprint(hashes.SHA256()).hex().upper())


def paste_and_remove(visit: Visit, hands: Hands) -> None:
    """Install a certificate for the board's own key, and remove it; each is served at once."""
    own = served(visit)
    leaf = issue(make_ca(), PublicKey(own.public_key()))
    hands.fill(
        visit.page.get_by_label("Certificate and chain (PEM)", exact=True), pem(leaf).decode()
    )
    visit.send("Install", hands)
    assert visit.reported() == "status"
    assert "is installed" in visit.said()
    assert visit.client.served_certificate() == leaf.der
    assert shows_what_is_served(visit)
    visit.send("Remove", hands)
    assert not visit.offers("Remove")
    assert "is removed" in visit.said()
    assert served(visit) == own


def sign_again(visit: Visit, hands: Hands) -> None:
    """Renew: another certificate for the same key."""
    before = served(visit)
    visit.send("Sign again", hands)
    assert visit.reported() == "status"
    after = served(visit)
    assert after.serial_number != before.serial_number
    assert after.public_key() == before.public_key()
    assert shows_what_is_served(visit)


def lose_key(visit: Visit, hands: Hands, button: str) -> None:
    """Make a new key, or reset: a name other than the board's is refused at the field."""
    before = served(visit)
    field = visit.form(button).get_by_label("Type kitchen to confirm")
    hands.fill(field, "hall")
    visit.send(button, hands)
    assert visit.reported() == "alert"
    assert "host name" in field.evaluate(DESCRIPTION)
    assert served(visit) == before
    hands.fill(field, "kitchen")
    visit.send(button, hands)
    assert visit.reported() == "status"
    assert served(visit).public_key() != before.public_key()
    assert shows_what_is_served(visit)
    assert visit.offers("Sign in") == (button == "Reset")


def restart(visit: Visit, hands: Hands) -> None:
    """Restart the board, which announces it a moment before."""
    visit.send("Restart", hands)
    assert visit.reported() == "status"
    assert "restarts" in visit.said()


def download(visit: Visit, hands: Hands, directory: Path) -> None:
    """Download certificate and request, as files that other programs can read."""
    certificate = served(visit)
    found = {}
    for link in visit.page.get_by_role("list").get_by_role("link").all():
        with visit.page.expect_download() as begun:
            hands.press(link)
        path = directory / begun.value.suggested_filename
        begun.value.save_as(path)
        found[link.get_attribute("href")] = path.read_bytes()
    assert x509.load_pem_x509_certificates(found["/certificate.pem"]) == [certificate]
    assert x509.load_der_x509_certificate(found["/certificate.der"]) == certificate
    requests = [
        x509.load_pem_x509_csr(found["/request.pem"]),
        x509.load_der_x509_csr(found["/request.der"]),
    ]
    assert all(one.is_signature_valid for one in requests)
    assert [one.public_key() for one in requests] == [certificate.public_key()] * 2
