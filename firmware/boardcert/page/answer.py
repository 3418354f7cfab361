"""What makes the body of an answer."""


def body(request, found: tuple):
    """Return the function that gives its pieces, anew each time."""
    _, _, kind, data = found
    if kind == "page":
        from .pieces import Page

        return Page(*data).pieces
    from .bodies import pieces_of

    return pieces_of("html" if kind == "busy" and not is_api(request) else kind, data)


def is_api(request) -> bool:
    """Return whether it asks the API."""
    return request.head.target.startswith(b"/api/")
