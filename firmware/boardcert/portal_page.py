"""The page, as short pieces of ASCII: nothing as large as the page is ever in memory at once."""

from .portal_html import downloads, escape, facts, fingerprint
from .portal_style import SCRIPT, STYLE

_PIECE_CHARACTERS = 1024

_ORIGINS = {
    "generated": "This board made its own key and certificate.",
    "installed": "A certificate that was installed on this board is served.",
    "builtin": "A certificate that is built into this board's program is served.",
}

_ABOUT = {
    "remove": "<h3>Remove the installed certificate</h3>\n<p>The one below it serves again.</p>\n",
    "renew": "<h3>Sign again</h3>\n<p>The same key, new dates and addresses.</p>\n",
    "restart": "<h3>Restart</h3>\n<p>Everything that is stored stays.</p>\n",
    "new-key": "<h3>New key</h3>\n<p>Whoever has pinned the old one must pin the new one.</p>\n",
    "reset": "<h3>Factory reset</h3>\n<p>New key, certificate and token; what was installed is "
    "removed.</p>\n",
}


class Page:
    """One rendering of *status*, see Portal. *form_token*: of the session; None: not signed in.

    *outcome*: see portal_forms.Outcome, or None.
    """

    def __init__(self, status: dict, form_token: str | None, is_secure: bool, outcome) -> None:
        self._status = status
        self._form_token = form_token
        self._is_secure = is_secure
        self._outcome = outcome

    def pieces(self) -> list:
        """Return the parts of the page, in their order."""
        status = self._status
        host_name = escape(status["hostname"])
        problem = self._outcome is not None and self._outcome.is_error
        pieces = [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width">\n'
            '<link rel="icon" href="data:,">\n<title>',
            "Error: " if problem else "",
            host_name,
            ", its certificate</title>\n<style>",
            STYLE,
            "</style>\n</head>\n<body>\n<header>\n<h1>",
            host_name,
            f"</h1>\n<p>{_ORIGINS[status['source']]}</p>\n</header>\n<main>\n",
        ]
        pieces.extend(self._told())
        pieces.extend(fingerprint(status))
        pieces.extend(facts(status))
        pieces.append(downloads(self._form_token is not None))
        pieces.extend(self._administration())
        pieces.extend(["</main>\n<script>", SCRIPT, "</script>\n</body>\n</html>\n"])
        return pieces

    def _told(self) -> list:
        """What came of the last form."""
        outcome = self._outcome
        if outcome is None:
            return []
        if not outcome.is_error:
            return [f'<p class="note" role="status">{escape(outcome.text)}</p>\n']
        text = escape(outcome.text)
        if outcome.field:
            text = f'<a href="#{escape(_field_id(outcome.action, outcome.field))}">{text}</a>'
        return [f'<p class="note bad" role="alert" tabindex="-1">{text}</p>\n']

    def _administration(self) -> list:
        pieces = ['<section aria-labelledby="h4">\n<h2 id="h4">Administration</h2>\n']
        if not self._is_secure:
            pieces.append("<p>This page came without encryption: it can be read only.</p>\n")
        elif self._form_token is None:
            pieces.extend(self._sign_in())
        else:
            pieces.extend(self._actions())
        pieces.append("</section>\n")
        return pieces

    def _sign_in(self):
        yield "<p>It needs the token of this board, which is told over USB only. On the board: "
        yield "<code>print(boardcert.identity().admin_token())</code></p>\n"
        yield from self._form(
            "sign-in",
            "Sign in",
            self._input("sign-in", "token", "Token", 'type="password" autocomplete="off"'),
        )
        wrong = self._status["wrong_tokens"]
        yield f'<p class="soft">Wrong tokens since the board started: {wrong}.</p>\n'

    def _actions(self):
        yield from self._form(
            "install",
            "Install",
            "<h3>Install a certificate</h3>\n<p>It serves at once. What does not fit together is "
            "refused, and changes nothing.</p>\n",
            self._text_area("chain", "Certificate and chain (PEM)", "The board's own comes first."),
            self._text_area(
                "key", "Private key (PEM)", "Empty when it was issued for this board's request."
            ),
        )
        if self._status["source"] == "installed":
            yield from self._form("remove", "Remove", _ABOUT["remove"])
        yield from self._form("renew", "Sign again", _ABOUT["renew"])
        yield from self._form("restart", "Restart", _ABOUT["restart"])
        for action, label in (("new-key", "Make a new key"), ("reset", "Reset")):
            yield from self._form(action, label, _ABOUT[action], self._host_name(action))
        yield from self._form("sign-out", "Sign out")

    def _form(self, action: str, button: str, *parts: str):
        kind = ' class="danger"' if action in ("reset", "new-key", "remove") else ""
        yield f'<form method="post" action="/"{kind}>\n'
        yield f'<input type="hidden" name="action" value="{action}">\n'
        if self._form_token:
            yield f'<input type="hidden" name="form" value="{self._form_token}">\n'
        yield from parts
        yield f"<p><button>{button}</button></p>\n</form>\n"

    def _host_name(self, action: str) -> str:
        label = f"Type {escape(self._status['hostname'])} to confirm"
        return self._input(action, "hostname", label, 'autocomplete="off" autocapitalize="none"')

    def _input(self, action: str, field: str, label: str, attributes: str) -> str:
        id = _field_id(action, field)
        more, error = self._error(action, field, "")
        return (
            f'<p><label for="{id}">{label}</label>\n{error}<input id="{id}" name="{field}" '
            f'required spellcheck="false" {attributes}{more}></p>\n'
        )

    def _text_area(self, field: str, label: str, hint: str) -> str:
        id = _field_id("install", field)
        more, error = self._error("install", field, f"{id}-hint")
        required = " required" if field == "chain" else ""
        return (
            f'<p><label for="{id}">{label}</label>\n<span class="soft" id="{id}-hint">{hint}</span>'
            f'\n{error}<textarea id="{id}" name="{field}" spellcheck="false" autocomplete="off"'
            f'{required}{more}></textarea></p>\n<p hidden><label for="{id}-file">{label}, from a '
            f'file</label>\n<input type="file" id="{id}-file" data-to="{id}"></p>\n'
        )

    def _error(self, action: str, field: str, described_by: str) -> tuple:
        """Return (attributes of the field, the error that stands before it)."""
        outcome, error = self._outcome, ""
        if outcome and outcome.is_error and (outcome.action, outcome.field) == (action, field):
            id = f"{_field_id(action, field)}-error"
            described_by = f"{described_by} {id}".strip()
            error = f'<span class="error" id="{id}">{escape(outcome.text)}</span>\n'
        more = f' aria-describedby="{described_by}"' if described_by else ""
        return more + (' aria-invalid="true"' if error else ""), error


def _field_id(action: str, field: str) -> str:
    return f"{action}-{field}"


def in_chunks(pieces: list):
    """Yield the bytes of *pieces*, several short ones at once: each chunk is a TLS record."""
    waiting, size = [], 0
    for piece in pieces:
        if size + len(piece) > _PIECE_CHARACTERS and waiting:
            yield "".join(waiting).encode()
            waiting, size = [], 0
        waiting.append(piece)
        size += len(piece)
    yield "".join(waiting).encode()
