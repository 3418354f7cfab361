"""Authorisation: the board's token, the sessions that it opens, and delays against guessing."""

import os
import time
from binascii import hexlify
from hashlib import sha256
from time import ticks_diff, ticks_ms  # pyright: ignore[reportAttributeAccessIssue]

from .http import HTTPError, is_equal, unauthorized


class Session:
    """A signed-in browser: `secret`, and `form_token`, what its next form must send back.

    *kept*: a list of those and of the times of its last use by two clocks.
    """

    def __init__(self, kept: list) -> None:
        self.kept = kept

    @property
    def secret(self) -> str:
        """What the browser shows as its cookie."""
        return self.kept[0]

    @property
    def form_token(self) -> str:
        """What the next form must send back; each serves once."""
        return self.kept[1]

    def touch(self) -> None:
        """Note that it was used now."""
        self.kept[2:] = [ticks_ms(), time.time()]

    def is_idle(self, limit_ms: int) -> bool:
        """Return whether its last use is longer ago than *limit_ms*.

        By both clocks: the free-running one comes round after twelve days, the other may be set.
        """
        used_ms, used_s = self.kept[2:]
        idle_s = time.time() - used_s
        by_ticks = 0 <= ticks_diff(ticks_ms(), used_ms) <= limit_ms
        return not (by_ticks and -60 <= idle_s <= limit_ms // 1000 + 60)


class Access:
    """Check the token that *read_token*() returns, and keep the sessions that it opens.

    *state*: a state.State.
    """

    def __init__(self, state, read_token) -> None:
        self._state = state
        self._read_token = read_token

    def check_token(self, text: str, address=None) -> None:
        """Return if *text*, from *address*, is the board's token; HTTPError 401 or 429 if not.

        During a delay, not even the right one is accepted: the answer would help a guesser.
        Others are served meanwhile: nothing waits here.
        """
        state = self._state
        delay_ms, began_ms = state.guessers.get(address, (0, 0))
        waited_ms = ticks_diff(ticks_ms(), began_ms)
        if 0 <= waited_ms < delay_ms:
            wait_s = (delay_ms - waited_ms + 999) // 1000
            message = f"wrong token; try again in {wait_s} s"
            raise HTTPError(429, message, "token", {"Retry-After": str(wait_s)})
        if is_equal(text.strip().lower(), self._read_token()):
            state.guessers.pop(address, None)
            return
        state.wrong_tokens += 1
        longer_ms = max(state.first_delay_ms, 2 * delay_ms)
        self._delay(address, min(longer_ms, state.longest_delay_ms))
        raise unauthorized("wrong token", "token")

    def _delay(self, address, delay_ms: int) -> None:
        """Ignore tokens from *address* for *delay_ms* from now."""
        guessers = self._state.guessers
        now_ms = ticks_ms()
        if address not in guessers and len(guessers) >= self._state.max_guessers:
            since_ms = {one: ticks_diff(now_ms, guessers[one][1]) for one in guessers}
            del guessers[max(since_ms, key=lambda one: since_ms[one])]
        guessers[address] = delay_ms, now_ms

    def open_session(self) -> Session:
        """Return a new session; the caller has checked the token."""
        self._drop_idle()
        state = self._state
        if len(state.sessions) >= state.max_sessions:
            state.sessions.pop(0)
        session = Session([self._new_secret(), ""])
        session.touch()
        self.renew_form(session)
        state.sessions.append(session.kept)
        state.opened_with = sha256(self._read_token().encode()).digest()
        return session

    def find_session(self, secret: str) -> Session | None:
        """Return the session that a cookie's *secret* belongs to, and note that it was used."""
        self._drop_idle()
        sessions = self._state.sessions
        found = None
        for kept in sessions:
            if is_equal(secret, kept[0]):
                found = kept
        if found is None:
            return None
        sessions.remove(found)
        sessions.append(found)
        session = Session(found)
        session.touch()
        return session

    def close_session(self, session: Session) -> None:
        """End *session*."""
        state = self._state
        state.sessions = [kept for kept in state.sessions if kept[0] != session.secret]

    def renew_form(self, session: Session) -> None:
        """Give *session* another form token: a form that was sent cannot be sent again."""
        session.kept[1] = self._new_secret()

    def _drop_idle(self) -> None:
        """End what was unused for too long, and everything once the board has a new token."""
        state = self._state
        idle_ms = state.session_idle_ms
        kept = [one for one in state.sessions if not Session(one).is_idle(idle_ms)]
        if kept and sha256(self._read_token().encode()).digest() != state.opened_with:
            kept = []
        state.sessions = kept

    def _new_secret(self) -> str:
        """Return 128 bits as text that cannot be guessed without the token.

        HMAC-SHA256 under the token (FIPS 198-1), of something that never comes twice. Not
        os.urandom alone: on rp2 it is not fit for secrets. HMAC is written out here, since
        the package's own is in a module with a kernel, too large to stay loaded.
        """
        self._state.counter += 1
        fresh = repr((self._state.counter, ticks_ms(), time.time(), os.urandom(16))).encode()
        block = self._read_token().encode() + bytes(64)
        inner = sha256(bytes([byte ^ 0x36 for byte in block[:64]]) + fresh).digest()
        outer = sha256(bytes([byte ^ 0x5C for byte in block[:64]]) + inner).digest()
        return hexlify(outer[:16]).decode()
