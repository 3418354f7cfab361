"""A board's page without JavaScript, on a phone, and for people with low vision."""

import itertools

import browser
import portal_server
import pytest
from axe_playwright_python.sync_playwright import Axe
from boardcert_host.certificates import certificate
from boardcert_host.certificates.fingerprint import fingerprint_words, key_fingerprint
from browser import visiting
from certificates import make_ca
from issued import issue, pem

pytestmark = pytest.mark.needs("chromium")

_PAGE_LIMIT_BYTES = 12 * 1024
# The narrowest width for reflow (WCAG 2.2, 1.4.10), and a common phone.
_WIDTHS = (320, 390)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Serve one board's page."""
    directory = tmp_path_factory.mktemp("board") / "data"
    with portal_server.serving_page(directory, "first_delay_ms=1") as found:
        yield found


def sign_in(visit):
    """Sign in by mouse."""
    visit.page.get_by_label("Token").fill(visit.client.current_token())
    visit.send("Sign in")
    assert visit.offers("Sign out")


def install(visit, chain, key):
    """Install with the form."""
    visit.page.get_by_label("Certificate and chain (PEM)", exact=True).fill(chain.decode())
    visit.page.get_by_label("Private key (PEM)", exact=True).fill(key.decode())
    visit.send("Install")


def facts_of(der):
    """Return the facts of the served certificate, as the host tools describe it."""
    return certificate.describe(certificate.parse(der))


@pytest.mark.parametrize("javascript", [True, False])
def test_whoever_opens_the_page_reads_which_certificate_is_served(javascript, chromium, client):
    """Anyone sees fingerprint groups and words, names, dates and pin, and can change nothing."""
    with visiting(chromium, client, java_script_enabled=javascript) as visit:
        served = facts_of(client.served_certificate())
        key = key_fingerprint(served["public_key_pin"])
        assert visit.shows_fingerprint(key.replace(":", ""))
        assert visit.shows_fingerprint(served["fingerprint"].replace(":", ""))
        shown = [
            *served["names"],
            served["public_key_pin"],
            fingerprint_words(key),
        ]
        shown += [served["not_before"][:10], served["not_after"][:10], "P-384"]
        assert [text for text in shown if not visit.shows(text)] == []
        assert any(visit.shows(f"{days} days left") for days in (3650, 3649))  # After a midnight.
        assert visit.shows("made its own key")
        assert visit.page.get_by_role("button").all_inner_texts() == ["Sign in"]


def test_everything_but_files_works_without_javascript(chromium, client):
    """Without JavaScript all forms work, and there are no file inputs."""
    with visiting(chromium, client, java_script_enabled=False) as visit:
        sign_in(visit)
        assert not visit.page.locator("input[type=file]").first.is_visible()
        leaf = issue(make_ca())
        install(visit, pem(leaf), leaf.key_pem())
        assert visit.reported() == "status"
        assert client.served_certificate() == leaf.der
        visit.send("Remove")
        assert not visit.offers("Remove")


def test_the_page_is_small_in_every_state(chromium, client):
    """The page has at most 12 KB in each state, and loads nothing else."""
    sizes = []
    with visiting(chromium, client) as visit:
        # The body is not used, as it may be requested when the browser has been closed.
        visit.page.on(
            "response", lambda response: sizes.append(int(response.headers["content-length"]))
        )
        visit.page.reload()
        sign_in(visit)
        leaf = issue(make_ca())
        install(visit, pem(leaf), issue(make_ca()).key_pem())
        assert visit.reported() == "alert"
        install(visit, pem(leaf), leaf.key_pem())
        visit.send("Remove")
        assert not visit.offers("Remove")
    assert len(sizes) >= 5
    assert 1000 < max(sizes) <= _PAGE_LIMIT_BYTES, sizes
    assert {url for url in visit.requests if not url.startswith("data:")} == {visit.url}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(scheme, chromium, client):
    """axe finds no fault signed out or in, after errors and installation, wide or narrow."""
    axe = Axe()
    found = {}
    with visiting(chromium, client, color_scheme=scheme) as visit:

        def look(state):
            for width in (1000, min(_WIDTHS)):
                visit.page.set_viewport_size({"width": width, "height": 800})
                results = axe.run(visit.page)
                assert len(results.response["passes"]) > 10
                found[f"{state} at {width}"] = [
                    (one["id"], [node["html"] for node in one["nodes"]])
                    for kind in ("violations", "incomplete")
                    for one in results.response[kind]
                ]

        look("signed out")
        visit.page.get_by_label("Token").fill("wrong")
        visit.send("Sign in")
        assert visit.reported() == "alert"
        look("wrong token")
        sign_in(visit)
        look("signed in")
        leaf = issue(make_ca())
        install(visit, pem(leaf), issue(make_ca()).key_pem())
        assert visit.reported() == "alert"
        look("refused")
        install(visit, pem(leaf), leaf.key_pem())
        assert visit.reported() == "status"
        look("installed")
        visit.send("Remove")
        assert not visit.offers("Remove")
    assert {state: problems for state, problems in found.items() if problems} == {}


def test_no_page_is_judged_while_it_loads(chromium, client):
    """Over a slow network, axe runs after the page has loaded, half a second after its message."""
    with visiting(chromium, client) as visit:
        browser.slow_down(visit.page, bytes_per_s=5_000)
        for token in ("wrong", "wrong again"):
            visit.page.get_by_label("Token").fill(token)
            visit.send("Sign in")
            assert visit.reported() == "alert"
            assert visit.page.evaluate("document.readyState") == "complete"
        # The same, if a test only waits for an element of the next page.
        visit.page.get_by_label("Token").fill(client.current_token())
        visit.button("Sign in").click()
        visit.button("Sign out").wait_for()
        assert visit.page.evaluate("document.readyState") == "complete"


@pytest.mark.parametrize("width", _WIDTHS)
def test_a_phone_shows_it_without_scrolling_sideways(width, chromium, client):
    """A phone shows the page without horizontal scrolling, with large targets (WCAG 2.2, 2.5.8)."""
    size = {"width": width, "height": 800}
    with visiting(chromium, client, viewport=size, has_touch=True) as visit:
        for act in (lambda: None, lambda: sign_in(visit)):
            act()
            assert visit.page.evaluate("document.documentElement.scrollWidth") == width
            for target in visit.page.locator("button, input:visible, a").all():
                box = target.bounding_box()
                assert box["height"] >= 24 or target.evaluate("e => e.matches('li a')")


def test_the_page_names_its_parts(chromium, client):
    """The page has one main heading, headings in order, a language, and the name as title."""
    with visiting(chromium, client) as visit:
        sign_in(visit)
        assert visit.page.title().startswith("kitchen")
        assert visit.page.locator("html").get_attribute("lang") == "en"
        levels = visit.page.evaluate(
            "[...document.querySelectorAll('h1, h2, h3')].map(e => Number(e.tagName[1]))"
        )
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_nobody_else_can_show_or_script_the_page(chromium, client):
    """The browser enforces the policy: no other inline script, no frame, no foreign form."""
    with visiting(chromium, client) as visit:
        visit.page.evaluate(
            "() => { const s = document.createElement('script'); s.textContent = 'window.bad = 1';"
            " document.body.append(s) }"
        )
        assert visit.page.evaluate("window.bad") is None
        assert any("Content Security Policy" in text for text in visit.complaints)
        visit.complaints.clear()
