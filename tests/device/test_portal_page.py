"""The page: its contents, its escaping, its size."""

import gc
from binascii import b2a_base64

from boardcert.certificates import fields
from boardcert.page.facts import days_left
from boardcert.page.html import escape
from boardcert.page.lines import as_pem, head_lines, page_lines
from boardcert.page.pieces import Page
from boardcert.page.send import in_chunks
from boardcert.page.view import view
from boardcert.page.words import of_key, words

_LIMIT_BYTES = 14 * 1024
_FORM = "f" * 32
_HOSTILE = '<script>alert("1")</script>&\'\u202e\x00' + "x" * 400


def _outcome(text, is_error=False, action="", field=None, kept=None):
    """Return the outcome of a form."""
    return text, is_error, action, field, kept or {}


def _status(**changes):
    status = {
        "hostname": "kitchen",
        "names": ["kitchen.local", "10.0.0.5"],
        "key_type": "p384",
        "public_key_pin": "sha256//AAAA=",
        "serial_number": "01:02",
        "not_before": "2026-01-01T00:00:00Z",
        "not_after": "2035-12-30T12:34:56Z",
        "entropy": {"source": "a ring", "samples": 4096, "credited_bits": 409},
        "board": "a board",
        "unique_id": "0011223344556677",
        "firmware": "3.4.0; MicroPython v1.27.0 on 2025-12-09",
        "source": "generated",
        "authority": None,
        "fingerprint": ":".join([f"A{i % 10}" for i in range(32)]),
        "words": "lusab-babad",
        "key_fingerprint": ":".join([f"B{i % 10}" for i in range(32)]),
        "version": "0.1.0",
        "notices": [],
        "days_left": 3650,
        "wrong_tokens": 7,
        "memory": {"used_bytes": 1234, "free_bytes": 5678},
        "settings": {"names": ["10.0.0.5", "a.example"]},
    }
    status.update(changes)
    return status


def _render(status=None, form_token=None, is_secure=True, outcome=None):
    """Return the page as text; on a board, release any other copy first."""
    marks = view(status or _status(), form_token, is_secure, outcome)
    page = b"".join(in_chunks(Page(*marks).pieces()))
    gc.collect()
    return page.decode()


def test_it_shows_what_the_board_says():
    """Fingerprints of key and certificate are shown as four groups of eight bytes, and words."""
    page = _render()
    for text in (
        "B0:B1:B2:B3:B4:B5:B6:B7<br>B8:B9",
        "A0:A1:A2:A3:A4:A5:A6:A7<br>A8:A9",
        "lusab-babad",
        "kitchen.local<br>10.0.0.5",
        "2035-12-30 12:34 UTC (3650 days left)",
        "EC, P-384",
        "a ring: 4096 samples, credited with 409 bits",
        "sha256//AAAA=",
        "<dt>Firmware</dt><dd>MicroPython v1.27.0 on 2025-12-09</dd>",
        "1234 bytes used, 5678 free",
        "Wrong tokens since the board started: 7.",
    ):
        assert text in page, text
    assert "it has expired" in _render(_status(days_left=-1))
    assert "clock is not set" in _render(_status(days_left=None))
    assert "3 accepted, 2 refused, 1 failed" in _render(
        _status(connections={"accepted": 3, "refused": 2, "failed": 1})
    )


def test_it_says_where_the_certificate_is_from():
    """The page names the certificate's source; only an installed one can be removed."""
    for source in ("generated", "installed", "builtin"):
        page = _render(_status(source=source), "0" * 32)
        assert ("made its own key" in page) is (source == "generated")
        assert ('value="remove"' in page) is (source == "installed")


def test_an_authority_is_shown_with_its_files():
    """An authority is shown with its fingerprint in four groups, if the board has one."""
    told = {"fingerprint": ":".join([f"C{i % 10}" for i in range(32)]), "not_after": "2036"}
    page = _render(_status(authority=told))
    for text in ("C0:C1:C2:C3:C4:C5:C6:C7<br>C8:C9", "/authority.crt", "/authority.mobileconfig"):
        assert text in page and text not in _render(), text
    assert '<h2 id="h4">' in page and '<h2 id="h4">' in _render()


def test_a_certificate_without_entropy_or_of_unknown_kind_is_shown():
    """An installed certificate has no entropy to show."""
    status = _status(source="installed", entropy=None, key_type="rsa2048", issuer="A <CA>")
    page = _render(status)
    assert "Randomness" not in page and "rsa2048" in page
    assert "<dt>Issued by</dt><dd>A &#60;CA&#62;</dd>" in page
    assert "Issued by" not in _render()


def test_forms_are_there_for_who_may_use_them():
    """Signed out: one form; over plain HTTP: none; signed in: each with the form token."""
    assert _render().count("<form ") == 1
    assert _render(is_secure=False).count("<form ") == 0
    page = _render(form_token=_FORM)
    assert page.count("<form ") == page.count('name="form" value="' + "f" * 32) == 7
    assert "/request.pem" in page and "/request.pem" not in _render()


def test_it_says_how_to_get_the_token():
    """Signed-out users see how to get the token, with the name that the board is pinned by."""
    assert "<code>boardcert token kitchen.local</code>" in _render()
    assert "<code>boardcert token a.example</code>" in _render(_status(hostname="a.example"))
    assert "boardcert token" not in _render(form_token=_FORM)


def test_an_error_stands_at_its_field():
    """An error is shown at the top, with a link to its field, and beside the field."""
    outcome = _outcome("not a certificate", True, "install", "chain")
    page = _render(form_token=_FORM, outcome=outcome)
    assert "<title>Error: kitchen" in page
    assert '<a href="#install-chain">not a certificate</a>' in page
    assert 'id="install-chain-error">not a certificate' in page
    assert 'aria-describedby="install-chain-hint install-chain-error" aria-invalid="true"' in page
    assert page.count('aria-invalid="true"') == 1
    for field in ("new-key", "reset"):
        page = _render(form_token=_FORM, outcome=_outcome("no", True, field, "hostname"))
        assert page.count('aria-invalid="true"') == 1
        assert f'aria-describedby="{field}-hostname-error"' in page


def test_what_was_done_is_told():
    """A completed action is shown as a status, not as an error."""
    page = _render(outcome=_outcome("Done."))
    assert '<p class="note" role="status">Done.</p>' in page
    assert 'role="alert"' not in page and "<title>kitchen" in page


def test_hostile_text_stays_text():
    """Markup in names, notices and errors is shown as text."""
    hostile = {name: _HOSTILE for name in ("hostname", "serial_number", "board", "key_type")}
    hostile["names"] = hostile["notices"] = [_HOSTILE] * 2
    hostile["not_after"] = hostile["not_before"] = _HOSTILE
    hostile["entropy"] = {name: _HOSTILE for name in ("source", "samples", "credited_bits")}
    for action, field in (("install", "chain"), ("<b>", "<b>")):
        page = _render(_status(**hostile), "f" * 32, True, _outcome(_HOSTILE, True, action, field))
        assert page.count("<script") == page.count("</script") == 1
        assert 'alert("' not in page and "\u202e" not in page and "\x00" not in page
        assert "<b>" not in page
        assert "\\u202e" in page


def _pieces(status, outcome):
    """Return the page for a signed-in user in pieces: a board has no room for all of it."""
    return Page(*view(status, _FORM, True, outcome)).pieces()


def _size(status, outcome):
    size = 0
    for piece in _pieces(status, outcome):
        size += len(piece)
    return size


def test_the_page_is_small():
    """The page has at most 14 KB, signed in, with an error, for any certificate."""
    outcome = _outcome("x" * 500, True, "install", "chain")
    assert _size(_status(), outcome) < _LIMIT_BYTES
    for text in ("n" * 253, "<" * 500, "n"):
        long = _status(names=[text] * 1000, notices=["<" * 500] * 30, source="installed")
        long.update(hostname="h" * 63, issuer="<" * 500, board="b" * 60, firmware="f" * 60)
        long["connections"] = {"accepted": 10**6, "refused": 10**6, "failed": 10**6}
        assert _size(long, outcome) < _LIMIT_BYTES
        assert any([b" more</dd>" in piece for piece in _pieces(long, outcome)])


def test_the_page_comes_in_small_chunks():
    """Each chunk has at most 600 bytes, or is one piece."""
    chunks = list(in_chunks(Page(*view(_status(), "f", True, None)).pieces()))
    assert max([len(chunk) for chunk in chunks]) <= 600
    assert list(in_chunks([b"a", b"b"])) == [b"ab"]
    assert list(in_chunks([b"a" * 500, b"b" * 100, b"c"])) == [b"a" * 500 + b"b" * 100, b"c"]
    assert list(in_chunks([b"a" * 500, b"b" * 100], 100)) == [b"a" * 500, b"b" * 100]
    assert list(in_chunks([b"a" * 1000, b"b"])) == [b"a" * 1000, b"b"]


def test_every_line_of_the_template_is_short():
    """The template's lines are short, as it is read by line; no mark is left in the page."""
    assert max([len(line) for line in page_lines()]) < 500
    assert max([len(line) for line in head_lines()]) < 500
    for form_token in (None, _FORM):
        assert "$" not in _render(form_token=form_token)


def test_texts_that_come_back_are_never_markup():
    """Texts shown again after an error are complete and never markup."""
    kept = {"chain": [b"</textarea>", b"<script>&\r\n", b"\x00\xff" + b"x" * 500], "key": [b"k"]}
    page = _render(form_token=_FORM, outcome=_outcome("no", True, "install", None, kept))
    assert "&#60;/textarea>&#60;script>&#38;\n??" + "x" * 500 + "</textarea>" in page
    assert page.count("<script") == page.count("</script") == 1
    assert ">\nk</textarea>" in page


def test_what_was_read_of_a_text_comes_back_as_pem():
    """A certificate that was read is shown again as PEM."""
    outcome = _outcome("no", True, "install", None, {"chain": [("CERTIFICATE", [b"a"])]})
    page = _render(form_token=_FORM, outcome=outcome)
    assert ">\n-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n</textarea>" in page


def test_escape():
    """Markup and non-ASCII characters are escaped, letters stay, long text is cut."""
    assert escape("a-Z 0.9") == "a-Z 0.9"
    assert escape("<&>\"'") == "&#60;&#38;&#62;&#34;&#39;"
    assert escape("\u00e9\n\u202e") == "\\u00e9\\u000a\\u202e"
    assert escape("x" * 300) == "x" * 300
    assert escape("x" * 301) == "x" * 300 + "..."
    assert escape("<" * 99) == "&#60;" * 60 + "..."


def test_words_are_those_of_the_proposal():
    """The words are those of arXiv:0901.4016, section 3: IPv4 addresses."""
    for address, proquint in (
        ((127, 0, 0, 1), "lusab-babad"),
        ((63, 84, 220, 193), "gutih-tugad"),
        ((63, 118, 7, 35), "gutuk-bisog"),
        ((140, 98, 193, 141), "mudof-sakat"),
        ((64, 255, 6, 200), "haguz-biram"),
        ((128, 30, 52, 45), "mabiv-gibot"),
        ((147, 67, 119, 2), "natag-lisaf"),
        ((212, 58, 253, 68), "tibup-zujah"),
        ((216, 35, 68, 215), "tobog-higil"),
        ((216, 68, 232, 21), "todah-vobij"),
        ((198, 81, 129, 136), "sinid-makam"),
        ((12, 110, 110, 204), "budov-kuras"),
    ):
        assert words(bytes(address)) == proquint
    assert words(bytes(range(32))) == words(bytes(range(16)))
    assert words(bytes(32)) == "-".join(["babab"] * 8)


def test_a_pin_is_read_whatever_its_base64_contains():
    """A pin is read even if its base64 contains "//", as one in a hundred does."""
    for digest in (bytes(32), b"\xff" * 32, bytes(8) + b"\xff" * 24):
        pin = "sha256//" + b2a_base64(digest).decode().strip()
        assert of_key(pin) == (":".join([f"{byte:02X}" for byte in digest]), words(digest))


def test_days_left():
    """Days between dates include leap days, and are unknown without a clock."""
    assert days_left("2026-01-02T00:00:00Z", None) is None
    for not_after, now, days in (
        ("2026-01-02T00:00:00Z", (2026, 1, 2, 23, 59, 59), 0),
        ("2026-01-01T00:00:00Z", (2026, 1, 2, 0, 0, 0), -1),
        ("2036-01-01T00:00:00Z", (2026, 1, 1, 0, 0, 0), 3652),
        ("2028-03-01T00:00:00Z", (2028, 2, 28, 0, 0, 0), 2),
        ("2100-03-01T00:00:00Z", (2100, 2, 28, 0, 0, 0), 1),
        ("9999-12-31T00:00:00Z", (2026, 1, 1, 0, 0, 0), 2912442),
    ):
        assert days_left(not_after, now) == days
        end = [int(part) for part in not_after[:10].split("-")]
        assert fields.day_number(*end) - fields.day_number(*now[:3]) == days


def test_pem():
    """PEM has lines of 64 characters; the last may be shorter."""
    assert b"".join(as_pem("X", [b"a"])) == b"-----BEGIN X-----\nYQ==\n-----END X-----\n"
    lines = b"".join(as_pem("X", [bytes(96)])).split(b"\n")
    assert [len(line) for line in lines[1:-2]] == [64, 64]
