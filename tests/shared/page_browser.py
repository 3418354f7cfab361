"""A browser without JavaScript, as far as the page needs one."""

import html.parser
import urllib.parse

from portal_server import Client

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Reader(html.parser.HTMLParser):
    """Collects what a browser finds on a page: forms, ids, references, contents of elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self.ids: list[str] = []
        self.references: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text: dict[str, str] = {}
        self._form: dict[str, str] = {}
        self._select = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self._open.append(tag)
        if "id" in found:
            self.ids.append(found["id"])
        for name in ("for", "aria-labelledby", "aria-describedby", "data-to"):
            self.references += found.get(name, "").split()
        self.addresses += [found[name] for name in ("href", "src", "action") if name in found]
        assert not [name for name in found if name.startswith("on") or name == "style"], found
        if tag == "form":
            assert (found["method"], found["action"]) == ("post", "/")
            self._form = {}
        if tag in ("input", "textarea") and "name" in found:
            self._form[found["name"]] = found.get("value", "")
            self.forms[self._form["action"]] = self._form
        if tag == "select":
            self._select = found["name"]
        if tag == "option" and (self._select not in self._form or "selected" in found):
            self._form[self._select] = found["value"]

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        tag = self._open[-1] if self._open else ""
        self.text[tag] = self.text.get(tag, "") + data


class Browser(Client):
    """A browser: it fills in the forms of the last page, and follows redirects."""

    page = ""
    status = 0
    refresh: str | None = None

    def open(self) -> None:
        response, content = self.request("GET", "/")
        self._take(response.status, content)

    def _take(self, status: int, content: bytes) -> None:
        self.status, self.page = status, content.decode("ascii")
        self.found = Reader(self.page)

    def submit(self, action: str, **values: str) -> None:
        """Send the form *action* of the page, filled with *values*, as browsers encode it."""
        fields = {**self.found.forms[action], **values}
        body = urllib.parse.urlencode(
            {name: text.replace("\n", "\r\n") for name, text in fields.items()}
        )
        response, content = self.request("POST", "/", body, {**FORM, **self.origin})
        self.refresh = response.headers.get("Refresh")
        if response.status == 303:
            assert response.headers["Location"] == "/" and content == b""
            self.open()
        else:
            self._take(response.status, content)
