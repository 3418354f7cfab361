"""The sessions and delays that outlast a request; access works on them."""

NO_MEMORY = "the board is short of memory: try again soon, or over USB"
"""The message of every answer 503 for lack of memory."""

LATER = {"Retry-After": "10"}
"""The header of each: the same request may succeed in ten seconds."""


class State:
    """Sessions, delays and counters, see access."""

    max_sessions = 2
    """One more sign-in ends the session that was unused for longest."""

    session_idle_ms = 15 * 60 * 1000
    """A session ends when it has been idle for this long."""

    first_delay_ms = 1000
    """After a wrong token, others from the same address are ignored for this long, then twice as
    long each time. Other addresses are not delayed: a guesser would lock the owner out."""

    longest_delay_ms = 60_000
    """Somebody who has mistyped it often need not wait longer. No guess finds 130 bits."""

    max_guessers = 8
    """Addresses that are delayed; for one more, the one that has waited longest is forgotten."""

    def __init__(self) -> None:
        self.wrong_tokens = 0
        self.guessers = {}  # By address: (the delay, when it began), in ms.
        self.counter = 0
        self.sessions = []  # The texts and times of each, see Session.
        self.opened_with = b""
