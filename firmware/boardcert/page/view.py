"""What the page shows about the board, the session and the last form, as HTML for pieces."""

from .html import escape, rows

_NOTHING = ("", False, "", None, {})


async def add(portal, _, code: int, headers: dict, facts: dict, data: tuple) -> tuple:
    """Return the page with these *facts* as an answer, see portal."""
    form_token, outcome = data
    return code, headers, "page", view(facts, form_token, portal.is_secure, outcome)


def view(status: dict, form_token: str | None, is_secure: bool, outcome: tuple | None) -> tuple:
    """Return (the conditions that hold, the values of the marks), see pieces.Page.

    *status*: see facts. *form_token*: of the session; None: not signed in. *outcome*: of a
    form, or None: (a text, whether it is an error, the action, the field where an error is shown
    or None, fields that are returned to their sender, see lines.as_text).
    """
    text, is_error, action, field, texts = outcome or _NOTHING
    text = escape(text)
    id = f"{action}-{field}"
    host_name = escape(status["hostname"])
    authority, settings = status["authority"], status["settings"]
    marks = {
        "title": f"Error: {host_name}" if is_error else host_name,
        "host_name": host_name,
        # What flashing pins a board as, and keeps its token by.
        "known_as": host_name if "." in host_name else host_name + ".local",
        "message": _message(text, is_error, field and escape(id)) if outcome else "",
        "form": form_token or "",
        "wrong": id if is_error else "",
        "error": f'<span class="error" id="{id}-error">{text}</span>\n' if is_error else "",
        "key_fingerprint": _grouped(status["key_fingerprint"]),
        "fingerprint": _grouped(status["fingerprint"]),
        "authority": _grouped(authority["fingerprint"]) if authority else "",
        "words": status["words"],
        "names": escape(", ".join(settings.get("names", ()))),
        "validity_days": str(settings.get("validity_days", 3650)),
        "by_authority": " selected" if settings.get("chain") == "authority" else "",
        "wrong_tokens": str(status["wrong_tokens"]),
        "rows": [row.encode() for row in rows(status)],
        "kept": texts,
    }
    holding = _holding(status["source"], form_token is not None, is_secure)
    if authority:
        holding += ("authority", "" if is_secure else "exposed")
    return holding, marks


def _holding(source: str, is_signed_in: bool, is_secure: bool) -> tuple:
    is_signed_in = is_signed_in and is_secure
    return (
        source,
        "" if is_secure else "plain",
        "signed_in" if is_signed_in else "signed_out" if is_secure else "",
        "removable" if is_signed_in and source == "installed" else "",
    )


def _message(text: str, is_error: bool, id: str | None) -> str:
    """Return the outcome of the last form. *id*: of the field that an error is about."""
    if not is_error:
        return f'<p class="note" role="status">{text}</p>\n'
    if id:
        text = f'<a href="#{id}">{text}</a>'
    return f'<p class="note bad" role="alert" tabindex="-1">{text}</p>\n'


def _grouped(fingerprint: str) -> str:
    octets = fingerprint.split(":")
    groups = [":".join(octets[start : start + 8]) for start in range(0, len(octets), 8)]
    return "<br>".join(groups)
