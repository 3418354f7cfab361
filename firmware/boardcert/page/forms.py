"""The page's forms, for browsers with or without JavaScript: each is answered by the page.

Not by a redirect: after a change of certificate, the next connection would meet the new one before
its reader has seen the new fingerprint. Each form token serves once, so that a reload repeats
nothing.
"""


async def take(_, __, kept: list | None, values: dict) -> tuple:
    """Return the step, see portal, that the form with the fields *values* leads to.

    *kept*: of the session, see access, or None.
    """
    # Not while this module is being loaded: two at a time take more beside the form.
    from .http import ACTIONS, ENDED, HTTPError, is_equal, refusal, text, unauthorized

    action = ""
    try:
        action = text(values, "action")
        if action == "sign-in":
            return "routes.sign_in", values
        if kept is None:
            raise unauthorized(ENDED)
        if not kept[1] or not is_equal(text(values, "form"), kept[1]):
            raise HTTPError(403, "this form is out of date, and has changed nothing: try again")
        if action == "sign-out":
            return "routes.sign_out", kept
        if action not in ACTIONS:
            raise HTTPError(400, "no such form")
    except HTTPError as error:
        return refusal(error, (action, values))
    kept[1] = ""  # The page that answers has another one.
    return step(action, values)


async def read(_, __, action: str, values: dict) -> tuple:
    """Return the step of an *action* by the API."""
    return step(action, values)


def step(action: str, values: dict) -> tuple:
    """Return the step that does *action*, or reads its texts before."""
    return "texts.read" if action == "install" else "actions.act", action, values
