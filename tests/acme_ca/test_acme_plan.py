"""What `boardcert acme` does without a CA: options, stored plans, rate limits, due dates."""

import datetime
import importlib.util

import pytest
import requests
from acme import errors, messages
from boardcert_host.acme import libraries, plan, problems, provider
from boardcert_host.acme.kept import SHELF, Kept
from boardcert_host.certificates.fingerprint import KeyPin
from boardcert_host.cli import main
from boardcert_host.enrolment import renewals, shelf
from boardcert_host.enrolment.way import Way
from boardcert_host.errors import Error
from ca_cases import make_request
from cryptography.hazmat.primitives.serialization import Encoding
from run_command import run

_NOW = datetime.datetime(2027, 3, 4, tzinfo=datetime.timezone.utc)
_DIRECTORY = "https://ca.example/dir"


def told(capsys, *arguments):
    """Return the exit code and the message of a command that fails."""
    code, content, _ = run(capsys, *arguments)
    return code, content["error"]["message"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "a HOST is needed, or --usb PORT, or --renew"),
        (["--renew", "kitchen.local"], "it takes no HOST"),
        (["kitchen.local", "--dns", "gandi", "--dns-hook", "x"], "only one of --dns"),
        (["--renew", "--forget"], "--forget needs a HOST"),
        (["kitchen.local", "--dns-wait", "-1"], "--dns-wait must be"),
        (["kitchen.local", "--if-expiring", "30"], "not a number of days or hours"),
        (["kitchen.local", "--domain", "192.168.4.1"], "dns-01 proves names, not addresses"),
        (["kitchen.local", "--domain", "*.10.0.0.1"], "dns-01 proves names, not addresses"),
        (["kitchen.local", "--domain", "kitchen.local"], "no CA can check this name by DNS"),
        (["kitchen.local", "--domain", "a.b", "--dns", "x", "--directory", "http://ca"], "not the"),
        (["kitchen.local", "--domain", "a.b", "--dns", "x", "--eab-key-file", "k"], "belongs to"),
    ],
)
def test_wrong_options_are_usage_errors(words, reason, capsys):
    """Each wrong option is reported with its reason before the board is contacted."""
    code, message = told(capsys, "acme", *words)
    assert code == 2 and reason in message


def test_without_the_extra_the_error_names_it(monkeypatch, capsys):
    """Without the extra, the error names it, other commands work, and completion lists nothing."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["acme", "kitchen.local"]) == 3
    captured = capsys.readouterr().err
    assert "not installed: acme, josepy, dns-lexicon, dnspython" in captured
    assert "pip install 'boardcert[acme]'" in captured
    assert libraries.providers() == []


def test_providers_are_completed():
    """Completion offers the providers of dns-lexicon that work here."""
    assert {"cloudflare", "powerdns", "gandi"} <= set(libraries.providers())


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (
            messages.Error.with_code(
                "rateLimited", detail="too many certificates, retry after 9:00"
            ),
            "ca.example refuses: too many certificates, retry after 9:00",
            "run it again later",
        ),
        (
            messages.Error.from_json(
                {
                    "type": "urn:ietf:params:acme:error:rejectedIdentifier",
                    "detail": "Cannot issue",
                    "subproblems": [
                        {
                            "type": "urn:ietf:params:acme:error:caa",
                            "detail": "CAA forbids it.",
                            "identifier": {"type": "dns", "value": "a.example"},
                        }
                    ],
                }
            ),
            "ca.example refuses: Cannot issue; a.example: CAA forbids it",
            "its policy does not allow this name",
        ),
        (errors.TimeoutError(), "has not decided in time", "run it again"),
        (requests.ConnectionError("no"), "ca.example is unreachable", "run it again"),
        (requests.ReadTimeout("no"), "ca.example did not answer in time", "run it again"),
    ],
)
def test_what_a_ca_says_is_one_sentence_with_a_hint(error, message, hint):
    """A CA's error is one sentence with a hint: rate limits, subproblems by name, no answer."""
    with pytest.raises(Error) as caught, problems.explained(_DIRECTORY):
        raise error
    assert message in caught.value.message and hint in str(caught.value.hint)


@pytest.mark.parametrize(
    "error",
    [
        requests.HTTPError("401 for url: https://api.example/?key=in-the-url"),
        requests.ConnectionError("https://api.example/?key=in-the-url"),
        Exception("no zone for abc-of-environment, see /?key=in-the-url"),
        Exception("def-of-file is no token"),
    ],
)
def test_no_error_of_a_provider_shows_credentials(error, tmp_path, monkeypatch):
    """No provider's error shows credentials, even with --verbose, which prints the causes."""
    (tmp_path / "lexicon.yml").write_text("gandi:\n  auth_token: def-of-file\n")
    monkeypatch.setenv("LEXICON_GANDI_AUTH_TOKEN", "abc-of-environment")

    def fail(*_):
        raise error

    monkeypatch.setattr(provider, "Client", fail)
    gandi = provider.Provider("gandi", str(tmp_path), "127.0.0.1:1")
    with pytest.raises(Error) as caught:
        gandi.present("a.example", "_acme-challenge.a.example", "value")
    assert "gandi did not write the TXT record: " in caught.value.message
    for secret in ("abc-of-environment", "def-of-file", "in-the-url"):
        assert secret not in f"{caught.value.message} {caught.value.hint} {caught.value.__cause__}"


def some_plan(**more):
    """Return a plan in which every field is set."""
    way = Way("kitchen.local:20034", pin=KeyPin.of_key("sha256//x"), timeout_s=9.0)
    dns = plan.DNS(provider="gandi", config="/etc/lexicon")
    return plan.Plan(way, ("a.example", "*.a.example"), dns, **more)


def test_what_is_kept_is_read_again():
    """A stored plan is read back unchanged, by host and port; a damaged file is reported."""
    request = make_request(encoding=Encoding.PEM).decode()
    state = Kept(some_plan(directory_ca="/ca.pem"), order="https://ca/1", request=request)
    state.records.append(("_acme-challenge.a.example", "value"))
    SHELF.save("kitchen.local:20034", state)
    assert SHELF.load("kitchen.local:20034") == state and SHELF.load("kitchen.local") is None
    assert SHELF.hosts() == ["kitchen.local:20034"]
    (path,) = (SHELF.home() / "boards").glob("*.json")
    for damaged in ("{", "[]", '{"host": "kitchen.local:20034"}'):
        path.write_text(damaged)
        with pytest.raises(Error, match="is damaged"):
            SHELF.load("kitchen.local:20034")


def test_two_programs_do_not_order_for_one_board(monkeypatch):
    """The second of two programs that order for one board is refused."""
    monkeypatch.setattr(shelf, "_LOCK_TIMEOUT_S", 0)
    with SHELF.held("kitchen.local"):
        with SHELF.held("hall.local"):
            pass
        with (
            pytest.raises(Error, match="another program is requesting"),
            SHELF.held("kitchen.local"),
        ):
            pass
    with SHELF.held("kitchen.local"):
        pass


@pytest.mark.parametrize(
    ("begin", "end", "within", "expected"),
    [
        (-61, 29, None, True),
        (-59, 31, None, False),
        (-4, 2, None, True),  # This certificate is valid for six days.
        (-3, 3, None, False),
        (-1, 29, 30, True),
        (-1, 31, 30, False),
        (-91, -1, None, True),
    ],
)
def test_the_last_third_is_due(begin, end, within, expected):
    """A certificate is due in its last third or within the given time; an unfinished order too."""
    days = {"not_before": begin, "not_after": end}
    dates = {name: (_NOW + datetime.timedelta(value)).isoformat() for name, value in days.items()}
    state = Kept(some_plan(), installed=dates)
    limit = within and datetime.timedelta(within)
    assert renewals.is_due(state, limit, _NOW) is expected
    state.chains.append("PEM")
    assert renewals.is_due(state, limit, _NOW)


def test_what_fails_for_one_board_keeps_none_from_its_turn(capsys):
    """A failure for one board does not stop the others, is reported, and sets the exit code."""
    for host in ("hall.local", "kitchen.local"):
        SHELF.save(host, Kept(plan.Plan(Way(host), ("a.example",), plan.DNS(hook="true"))))
    assert main(["acme", "--renew"]) == 3
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        f"{host}: failed, no certificate yet" for host in ("hall.local", "kitchen.local")
    ]
    assert captured.err.count("is not a known board") == 2
    (SHELF.home() / "boards" / "attic.local.json").write_text("{")
    assert main(["acme", "--renew"]) == 3
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == "attic.local: failed, no certificate yet"
    assert "attic.local.json is damaged" in captured.err and len(captured.out.splitlines()) == 3
    assert main(["acme", "Attic.local", "--forget"]) == 0
    assert SHELF.hosts() == ["hall.local", "kitchen.local"]
    assert capsys.readouterr().out == "attic.local: no longer renewed\n"
    assert told(capsys, "acme", "attic.local", "--forget")[1].startswith(
        "no certificate was requested"
    )


def test_a_nightly_run_never_prompts(monkeypatch, capsys):
    """A nightly run never prompts, even at a terminal: a missing token is an error."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda _: pytest.fail("a person was asked"))
    pin = KeyPin.of_key("sha256//x")
    way = Way("kitchen.local", pin=pin)
    SHELF.save("kitchen.local", Kept(plan.Plan(way, ("a.example",), plan.DNS(hook="true"))))
    assert main(["acme", "--renew"]) == 3
    assert "no token of kitchen.local on the key ring" in capsys.readouterr().err
