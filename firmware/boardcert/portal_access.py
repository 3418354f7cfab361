"""Who may administer the board: its token, the sessions it opens, and a brake on guessing."""

import os
import time
from binascii import hexlify
from hashlib import sha256
from time import ticks_diff, ticks_ms  # pyright: ignore[reportAttributeAccessIssue]

from .portal_http import HTTPError, unauthorized


class Session:
    """A signed-in browser. *form_token*: what its next form must send back; each serves once."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.form_token = ""
        self.touch()

    def touch(self) -> None:
        """Note that it was used now."""
        self._used_ms = ticks_ms()
        self._used_s = time.time()

    def is_idle(self, limit_ms: int) -> bool:
        """Tell whether its last use is longer ago than *limit_ms*.

        By both clocks: the free-running one comes round after twelve days, the other may be set.
        """
        idle_s = time.time() - self._used_s
        by_ticks = 0 <= ticks_diff(ticks_ms(), self._used_ms) <= limit_ms
        return not (by_ticks and -60 <= idle_s <= limit_ms // 1000 + 60)


class Access:
    """Check the token that *read_token*() returns, and keep the sessions that it opens."""

    max_sessions = 2
    """One more sign-in ends the session that was unused for longest."""

    session_idle_ms = 15 * 60 * 1000
    """A session ends when it was not used for so long."""

    first_delay_ms = 1000
    """After a wrong token, no other from the same address is looked at for so long; twice as long
    after each more. Others are not delayed: a guesser would lock the owner out."""

    longest_delay_ms = 60_000
    """Who has mistyped it often need not wait longer. No guess finds 130 bits."""

    max_guessers = 8
    """Addresses that are delayed; one more, and whoever has waited for longest is forgotten."""

    def __init__(self, read_token) -> None:
        self.wrong_tokens = 0
        self._read_token = read_token
        self._guessers = {}  # By address: (the delay, when it began), in ms.
        self._counter = 0
        self._sessions = []
        self._opened_with = b""

    def check_token(self, text: str, address=None) -> None:
        """Return if *text*, from *address*, is the board's token; HTTPError 401 or 429 if not.

        While a delay runs, not even the right one is taken: the answer would tell a guesser.
        Others are served meanwhile: nothing waits here.
        """
        delay_ms, began_ms = self._guessers.get(address, (0, 0))
        waited_ms = ticks_diff(ticks_ms(), began_ms)
        if 0 <= waited_ms < delay_ms:
            wait_s = (delay_ms - waited_ms + 999) // 1000
            message = f"a wrong token was given; try again in {wait_s} s"
            raise HTTPError(429, message, "token", {"Retry-After": str(wait_s)})
        if is_equal(text.strip().lower(), self._read_token()):
            self._guessers.pop(address, None)
            return
        self.wrong_tokens += 1
        longer_ms = max(self.first_delay_ms, 2 * delay_ms)
        self._delay(address, min(longer_ms, self.longest_delay_ms))
        raise unauthorized("this is not the board's token", "token")

    def _delay(self, address, delay_ms: int) -> None:
        """Look at no token from *address* for *delay_ms* from now."""
        now_ms = ticks_ms()
        if address not in self._guessers and len(self._guessers) >= self.max_guessers:
            since_ms = {one: ticks_diff(now_ms, self._guessers[one][1]) for one in self._guessers}
            del self._guessers[max(since_ms, key=lambda one: since_ms[one])]
        self._guessers[address] = delay_ms, now_ms

    def open_session(self) -> Session:
        """Return a new session, for whoever has just shown the token."""
        self._drop_idle()
        if len(self._sessions) >= self.max_sessions:
            self._sessions.pop(0)
        session = Session(self._new_secret())
        self.renew_form(session)
        self._sessions.append(session)
        self._opened_with = sha256(self._read_token().encode()).digest()
        return session

    def find_session(self, secret: str) -> Session | None:
        """Return the session that a cookie's *secret* belongs to, and note that it was used."""
        self._drop_idle()
        found = None
        for session in self._sessions:
            if is_equal(secret, session.secret):
                found = session
        if found:
            found.touch()
            self._sessions.remove(found)
            self._sessions.append(found)
        return found

    def close_session(self, session: Session) -> None:
        """End *session*."""
        self._sessions = [other for other in self._sessions if other is not session]

    def renew_form(self, session: Session) -> None:
        """Give *session* another form token: a form that was sent cannot be sent again."""
        session.form_token = self._new_secret()

    def _drop_idle(self) -> None:
        """End what was unused for too long, and everything once the board has a new token."""
        idle_ms = self.session_idle_ms
        kept = [session for session in self._sessions if not session.is_idle(idle_ms)]
        if kept and sha256(self._read_token().encode()).digest() != self._opened_with:
            kept = []
        self._sessions = kept

    def _new_secret(self) -> str:
        """Return 128 bits as text that nobody can guess who does not know the token.

        HMAC-SHA256 under the token (FIPS 198-1), of something that never comes twice. Not
        os.urandom alone: on rp2 it is no generator for secrets. HMAC is written out here, since
        the package's own is in a module with a kernel, too large to stay loaded.
        """
        self._counter += 1
        fresh = repr((self._counter, ticks_ms(), time.time(), os.urandom(16))).encode()
        block = self._read_token().encode() + bytes(64)
        inner = sha256(bytes([byte ^ 0x36 for byte in block[:64]]) + fresh).digest()
        outer = sha256(bytes([byte ^ 0x5C for byte in block[:64]]) + inner).digest()
        return hexlify(outer[:16]).decode()


def is_equal(one: str, other: str) -> bool:
    """Compare two secrets, so that the time tells nothing about where they differ.

    Both are hashed, and all bytes of the digests are looked at. The time depends on the length of
    each, which is known.
    """
    difference = 0
    for a, b in zip(sha256(one.encode()).digest(), sha256(other.encode()).digest()):  # noqa: B905
        difference |= a ^ b
    return difference == 0
