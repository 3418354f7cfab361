"""Access to administration: the token, the delay after guesses, and sessions."""

from boardcert.page import access as page_access
from boardcert.page.access import Access, is_equal
from boardcert.page.http import HTTPError
from boardcert.page.state import State

_TOKEN = "abcdefghijklmnopqrstuvwx" + "27"
_OTHER_TOKEN = "a" * 26


class _Clock:
    """Both clocks of access, which a test can set."""

    def __init__(self):
        self.ms = 1000

    def __enter__(self):
        self._saved = page_access.ticks_ms, page_access.time
        page_access.ticks_ms = lambda: self.ms
        page_access.time = self
        return self

    def __exit__(self, *_details):
        page_access.ticks_ms, page_access.time = self._saved

    def time(self):
        return self.ms // 1000


def _refusal(access, token, address=None):
    """Return the HTTPError for *token* from *address*, None if it is accepted."""
    try:
        access.check_token(token, address)
    except HTTPError as error:
        return error
    return None


def test_only_the_whole_token_is_taken():
    """The whole token is required, in either case, with space around it, as people type it."""
    with _Clock() as clock:
        state = State()
        access = Access(state, lambda: _TOKEN)
        for token in (_TOKEN, f" {_TOKEN}\n", _TOKEN.upper()):
            assert _refusal(access, token) is None
        for token in ("", _TOKEN[:-1], _TOKEN + "a", "b" + _TOKEN[1:], "\u00e9"):
            error = _refusal(access, token)
            assert (error.status, error.field) == (401, "token")
            assert error.headers == {"WWW-Authenticate": "Bearer"}
            clock.ms += State.longest_delay_ms
        assert state.wrong_tokens == 5


def test_wrong_tokens_slow_down_and_the_right_one_waits_too():
    """The delay grows as 1, 2, 4 ... 60 seconds; a right token starts it again from 1."""
    with _Clock() as clock:
        state = State()
        access = Access(state, lambda: _TOKEN)
        for delay_s in (1, 2, 4, 8, 16, 32, 60, 60):
            assert _refusal(access, "wrong").status == 401
            for token in ("wrong", _TOKEN):
                error = _refusal(access, token)
                assert error.status == 429
                assert error.headers == {"Retry-After": str(delay_s)}
            clock.ms += 1000 * delay_s - 1
            assert _refusal(access, _TOKEN).headers == {"Retry-After": "1"}
            clock.ms += 1
        assert state.wrong_tokens == 8
        assert _refusal(access, _TOKEN) is None
        assert _refusal(access, "wrong").status == 401
        assert _refusal(access, "wrong").headers == {"Retry-After": "1"}


def test_a_guesser_does_not_lock_others_out():
    """Each address has its own delay; of many, the one that has waited longest is dropped."""
    with _Clock() as clock:
        access = Access(State(), lambda: _TOKEN)
        for guesser in range(State.max_guessers):
            assert _refusal(access, "wrong", guesser).status == 401
            clock.ms += 1
        assert _refusal(access, _TOKEN, "owner") is None
        assert _refusal(access, _TOKEN, 0).status == 429
        assert _refusal(access, "wrong", "owner").status == 401
        assert _refusal(access, _TOKEN, "owner").status == 429
        for guesser in range(State.max_guessers):
            status = getattr(_refusal(access, _TOKEN, guesser), "status", None)
            assert status == (429 if guesser else None)


def test_a_session_is_found_by_its_secret_alone():
    """A session is found by its secret; of more than two, the least recently used one ends."""
    with _Clock():
        access = Access(State(), lambda: _TOKEN)
        first, second = access.open_session(), access.open_session()
        assert first.secret != second.secret and len(first.secret) == 32
        assert access.find_session("") is None
        assert access.find_session(first.secret[:-1]) is None
        assert access.find_session(first.form_token) is None
        assert access.find_session(first.secret).kept is first.kept
        third = access.open_session()
        assert access.find_session(second.secret) is None
        assert access.find_session(first.secret).kept is first.kept
        assert access.find_session(third.secret).kept is third.kept


def test_a_session_ends_when_it_is_not_used():
    """A session ends 15 minutes after its last use, even if the clock was set or wrapped."""
    with _Clock() as clock:
        access = Access(State(), lambda: _TOKEN)
        session = access.open_session()
        for _ in range(3):
            clock.ms += State.session_idle_ms
            assert access.find_session(session.secret).kept is session.kept
        clock.ms += State.session_idle_ms + 1
        assert access.find_session(session.secret) is None
        for change_s in (3600, -3600):
            session = access.open_session()
            clock.time = lambda change_s=change_s: clock.ms // 1000 + change_s
            assert access.find_session(session.secret) is None
            del clock.time


def test_sessions_end_with_sign_out_and_with_a_new_token():
    """Sign-out and a new token end sessions, including one that has ended already."""
    tokens = [_TOKEN]
    with _Clock():
        access = Access(State(), lambda: tokens[0])
        session, other = access.open_session(), access.open_session()
        access.close_session(session)
        access.close_session(session)
        assert access.find_session(session.secret) is None
        assert access.find_session(other.secret).kept is other.kept
        tokens[0] = _OTHER_TOKEN
        assert access.find_session(other.secret) is None


def test_secrets_never_repeat_and_hang_on_the_token():
    """Secrets do not repeat and depend on the token, even without clock and randomness."""

    class Stuck:
        @staticmethod
        def urandom(count):
            return bytes(count)

    saved = page_access.os
    page_access.os = Stuck
    try:
        with _Clock():
            secrets = set()
            for token in (_TOKEN, _OTHER_TOKEN):
                access = Access(State(), lambda token=token: token)
                for _ in range(10):
                    session = access.open_session()
                    secrets |= {session.secret, session.form_token}
            assert len(secrets) == 40
    finally:
        page_access.os = saved


def test_secrets_are_compared_whole():
    """Secrets are equal only as a whole: in each place and in length."""
    assert is_equal("", "") and is_equal(_TOKEN, _TOKEN)
    for other in ("", _TOKEN[1:], _TOKEN + "a", "x" + _TOKEN[1:], _TOKEN[:-1] + "x"):
        assert not is_equal(_TOKEN, other) and not is_equal(other, _TOKEN)
