"""`boardcert report`: one page of the whole inventory, for browsers with or without scripts."""

import datetime
import html.parser
import json
import re

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from boardcert_host import clock
from boardcert_host.cli import main
from boardcert_host.inventory import store
from boardcert_host.inventory.changes import change_tags
from boardcert_host.inventory.sightings import Seen, note_seen
from boardcert_host.inventory.tables import boards as boards_table
from boardcert_host.inventory.tables import events
from boardcert_host.overview import page as pages
from boardcert_host.overview import state
from boardcert_host.trust.pins import add_pin
from browser import chromium
from inventory_cases import report, run, sentence


@pytest.fixture
def file(tmp_path):
    """Return the path of the page."""
    return tmp_path / "fleet.html"


@pytest.fixture
def six(three):
    """Add six boards, one of each state; the worst is the last but one."""
    add_pin("ended.local", report(4, -3))
    add_pin("broken.local", report(5, 400), 20034, "192.168.4.15")
    add_pin("silent.local", report(6, 400), 20034, "192.168.4.16")
    add_pin("soon.local", report(7, 12))
    note_seen(
        [
            Seen("sensor-001.local", "valid"),
            Seen("sensor-002.local", "valid"),
            Seen("soon.local", "valid"),
            Seen("ended.local", "valid"),
            Seen("broken.local", "not valid", "certificate dates, known board"),
            Seen("silent.local", "unreachable", "did not answer within 10 s"),
        ]
    )
    change_tags("broken.local", ["attic"], ())


_sqlite = pytest.mark.parametrize("inventory", ["sqlite"], indirect=True)
_TIMEOUT_MS = 120_000
_ORDER = ["broken.local", "ended.local", "sensor-001.local", "soon.local", "silent.local"]
_ORDER += ["hall_x.local +1", "sensor-002.local"]


class _Reader(html.parser.HTMLParser):
    """Parses what a browser without scripts shows: each board's first row, links, and text."""

    def __init__(self, text):
        super().__init__()
        self.names, self.links, self.tags, self.text = [], [], [], ""
        self._is_name = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append(tag)
        self.links += [found[name] for name in ("href", "src", "action", "data") if name in found]
        assert not [name for name in found if name.startswith("on") or name == "style"]
        self._is_name = tag == "th" and found.get("scope") == "row"
        if self._is_name:
            self.names.append("")

    def handle_data(self, data):
        self.text += data
        if self._is_name:
            self.names[-1] += data

    def handle_endtag(self, tag):
        self._is_name = False


def _report(capsys, file):
    return run(capsys, "report", "-o", str(file))


def test_the_page_needs_nothing_and_has_the_worst_first(six, file, capsys):
    """The page has counts, ends, versions, changes and history, and loads nothing."""
    told = _report(capsys, file)
    expected = dict(zip(state.STATES, (1, 1, 2, 1, 1, 1), strict=True))
    assert (told["boards"], told["states"]) == (7, expected)
    assert told["since"] is None and told["bytes"] == file.stat().st_size
    read = _Reader(file.read_text("utf-8"))
    assert [name for name in read.names if ".local" in name] == _ORDER
    assert read.links == [] and not {"img", "link", "iframe"} & set(read.tags)
    for words in ("has ended", "within 30 days", "certificate dates, known board", "attic"):
        assert words in read.text
    assert "provisioned by " in read.text and "also called 10.0.0.3:8443" in read.text


@_sqlite
def test_the_policy_allows_this_style_and_this_script_alone(six, file, capsys):
    """The policy permits this style and script only, by hashes that a browser checks below."""
    _report(capsys, file)
    text = file.read_text("utf-8")
    policy = re.search(r'Policy" content="([^"]+)"', text)[1].replace("&#39;", "'")
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/]{43}='; script-src 'sha256-[\w+/]{43}='; "
        r"base-uri 'none'; form-action 'none'",
        policy,
    )


def test_what_boards_say_is_text(sqlite, file, capsys):
    """Text from boards is neither markup nor changes the text direction."""
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(1)>\u202e'
    add_pin("evil.local", report(1, board=evil, firmware=evil, version=evil))
    note_seen([Seen("evil.local", "not valid", evil)])
    _report(capsys, file)
    text = file.read_text("utf-8")
    read = _Reader(text)
    assert read.tags.count("script") == 1 and "img" not in read.tags and "\u202e" not in text
    assert "<script>alert(1)</script>" in read.text


def test_the_next_report_has_the_changes_since_the_last_one(six, file, capsys):
    """The next report lists changes since the last one by anyone, in another file, too."""
    with store.writing() as connection:  # All of that is dated yesterday.
        day = datetime.timedelta(days=1)
        connection.execute(sa.update(events).values(at=clock.now() - day))
    _report(capsys, file)
    note_seen([Seen("sensor-001.local", "not valid", "names")])
    other = file.with_name("other.html")
    told = _report(capsys, other)
    assert told["since"] is not None
    text = other.read_text("utf-8")
    changes = text[text.index('id="changes"') : text.index('id="boards-title"')]
    assert "since the last report" in changes and "not valid: names" in changes
    assert "pinned" not in changes and "report made" not in text


@_sqlite
def test_without_a_file_name_the_page_is_in_this_directory(three, file, monkeypatch, capsys):
    """The page is fleet.html there; another file of that name stays."""
    monkeypatch.chdir(file.parent)
    assert main(["report"]) == 0
    assert pages.is_ours(file) and capsys.readouterr().out.startswith("fleet.html: ")
    file.write_text("<p>of somebody else</p>")
    assert "fleet.html exists already" in sentence(capsys, "report")


@_sqlite
def test_an_older_report_is_replaced_and_nothing_else(three, file, capsys):
    """An older report is replaced, another file with --force only."""
    for _ in range(2):
        assert main(["report", "-o", str(file)]) == 0
    capsys.readouterr()
    file.write_text("<p>of somebody else</p>")
    told = sentence(capsys, "report", "-o", str(file))
    assert "exists already, and is not a report" in told and "--force" in told
    assert file.read_text() == "<p>of somebody else</p>"
    assert main(["report", "-o", str(file), "--force"]) == 0
    assert pages.is_ours(file) and capsys.readouterr().out
    assert "is a directory" in sentence(capsys, "report", "-o", str(file.parent))


def test_without_an_inventory_there_is_no_page(sqlite, file, capsys):
    """Without an inventory, no page and no inventory is made."""
    assert "there is no inventory yet" in sentence(capsys, "report", "-o", str(file))
    assert not file.exists() and not sqlite.exists()


def test_a_large_inventory_is_bounded_and_says_so(six, file, capsys, monkeypatch):
    """A large inventory's boards, lines and changes are limited, which the page states."""
    monkeypatch.setattr(pages, "MOST_BOARDS", 5)
    monkeypatch.setattr(pages, "MOST_CHANGES", 3)
    monkeypatch.setattr(pages, "_MOST_OF_A_BOARD", 1)
    monkeypatch.setattr(pages, "_LEAST_OF_A_BOARD", 1)
    _report(capsys, file)
    read = _Reader(file.read_text("utf-8"))
    assert [name for name in read.names if ".local" in name] == _ORDER[:5]
    assert "The worst 5 of 7" in read.text
    assert re.search(r"and \d+ older ones", read.text)
    assert "older lines: boardcert history broken.local" in read.text


def test_ends_are_told_by_months_and_then_by_years():
    """Expiry dates are grouped by month, then by year, in order."""
    for now in ("2026-11-29T12:00:00Z", "2026-01-01T00:00:00Z", "2028-02-29T23:59:59Z"):
        now = clock.from_text(now)
        days = [*range(-40, 900, 7), *range(900, 4000, 100)]
        found = [state._period(now + datetime.timedelta(days=day), now) for day in days]
        assert found == sorted(found)
        assert len({place for place, _ in found}) == len({title for _, title in found})
        assert {title for _, title in found[:5]} == {"has ended"}


@pytest.mark.needs("chromium")
@_sqlite
def test_a_browser_sorts_and_finds_boards_and_axe_has_nothing_to_say(six, file, capsys):
    """A browser sorts and filters boards; axe finds no fault, in both colour schemes."""
    _report(capsys, file)
    with chromium() as browser:
        for scheme, width in (("light", 1280), ("dark", 360)):
            page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
            page.set_default_timeout(_TIMEOUT_MS)
            complaints, requests = [], []
            page.on("console", lambda message, to=complaints: to.append(message.text))
            page.on("pageerror", lambda error, to=complaints: to.append(str(error)))
            page.on("request", lambda request, to=requests: to.append(request.url))
            page.goto(file.as_uri())
            assert _names(page) == _ORDER
            page.get_by_role("button", name="name").click()
            assert _names(page) == sorted(_ORDER)
            page.get_by_role("button", name="days left").click()
            page.get_by_role("button", name="days left").click()
            assert _names(page)[-1] == "ended.local"
            page.get_by_role("searchbox", name="Find").fill("SENSOR")
            page.get_by_text("2 found").wait_for()
            assert len(_names(page)) == 2
            page.get_by_role("searchbox", name="Find").fill("")
            page.get_by_text("2 found").wait_for(state="detached")  # It filters a moment later.
            assert len(_names(page)) == len(_ORDER)
            page.locator("#boards summary").first.click()
            results = Axe().run(page)
            assert results.violations_count == 0, results.generate_report()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert (complaints, len(requests)) == ([], 1)
            page.close()


def _names(page):
    """Return the names of the shown boards, in order."""
    return page.locator("#boards tbody th").all_inner_texts()


@_sqlite
def test_json_is_for_programs(three, file, capsys):
    """--json is one object with the counts of the page."""
    assert main(["report", "-o", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    with store.reading() as connection:
        count = connection.execute(
            sa.select(sa.func.count()).select_from(boards_table)
        ).scalar_one()
    assert (told["boards"], told["file"]) == (count, str(file))
