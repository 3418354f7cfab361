"""The trust in an EST server: by a CA file, by a fingerprint, or by this computer's CAs."""

import hashlib

import pytest
from boardcert_host.certificates.certificate import fingerprint
from boardcert_host.est.kept import SHELF
from certificates import make_ca
from issued import pem, write
from run_command import run


@pytest.fixture
def start(words):
    """Return the command without a CA."""
    at = words.index("--server-ca")
    return words[:at] + words[at + 2 :]


def test_a_server_that_nobody_knows_gets_nothing(server, start, capsys, monkeypatch):
    """Without a terminal, an untrusted server is an error with a hint, and gets nothing."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    code, told, _ = run(capsys, *start)
    assert code == 3 and "has no certificate that is trusted here" in told["error"]["message"]
    assert "--server-fingerprint" in told["error"]["hint"] and server.seen == []


def test_another_ca_is_not_enough(server, start, tmp_path, capsys):
    """Another CA of the same name is refused, and so are the CAs that requests contains."""
    other = write(tmp_path / "other.pem", pem(make_ca()))
    code, told, _ = run(capsys, *start, "--server-ca", other)
    assert code == 3 and "has no certificate that is trusted here" in told["error"]["message"]
    assert server.seen == []


def test_a_certificate_for_another_name_is_not_enough(server, words, capsys):
    """A certificate for another name is refused, although its CA is trusted."""
    at = words.index("--server") + 1
    words[at] = server.url.replace("localhost", "127.0.0.1")
    code, told, _ = run(capsys, *words)
    assert code == 3 and "mismatch, certificate is not valid for" in told["error"]["message"]
    assert server.seen == []


def test_what_requests_is_told_elsewhere_changes_nothing(
    server, words, tmp_path, capsys, monkeypatch
):
    """CA variables for requests, and passwords in ~/.netrc, are not used."""
    (tmp_path / ".netrc").write_text("machine localhost login mary password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(write(tmp_path / "x.pem", pem(make_ca()))))
    assert run(capsys, *words)[0] == 0
    assert {headers.get("authorization") for _, _, headers, _ in server.seen[:3]} == {None}


def test_only_the_named_ca_is_trusted(server, words, capsys, monkeypatch):
    """The CAs of certifi, which requests would trust, are not trusted."""
    import certifi
    from boardcert_host.est import tls

    made = []
    original = tls.verifying_context

    def note(plan, asks):
        made.append(original(plan, asks))
        return made[-1]

    monkeypatch.setattr("boardcert_host.est.server.verifying_context", note)
    assert run(capsys, *words)[0] == 0
    assert certifi.contents().count("BEGIN CERTIFICATE") > 50
    assert made[-1].cert_store_stats()["x509_ca"] == 1


def test_what_this_computer_trusts_is_trusted(server, start, capsys, monkeypatch, tmp_path):
    """This computer's CAs, such as a company's, are trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_file))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert run(capsys, *start)[0] == 0


@pytest.mark.parametrize("which", ["root", "intermediate"])
def test_a_fingerprint_is_enough(which, server, start, host, capsys):
    """A root's or issuing CA's fingerprint is enough; the CA is stored for later connections."""
    der = getattr(server, which).der
    code, told, messages = run(
        capsys, *start, "--server-fingerprint", hashlib.sha256(der).hexdigest()
    )
    assert code == 0, (told, messages)
    first = server.seen[0]
    assert first[1].endswith("/cacerts") and "authorization" not in first[2]
    kept = SHELF.load(host).plan.server_ca
    assert kept.startswith(str(SHELF.home())) and kept.endswith(".pem")
    assert run(capsys, "est", host)[0] == 0
    write_other = write(SHELF.home() / "anchors" / kept.rpartition("/")[2], pem(make_ca()))
    assert run(capsys, "est", host)[0] == 3 and write_other.exists()


def test_another_fingerprint_is_refused(server, start, capsys):
    """A wrong fingerprint is refused, listing those offered; no request or password is sent."""
    code, told, _ = run(capsys, *start, "--server-fingerprint", "ab" * 32)
    assert code == 1 and "no CA of localhost" in told["error"]["message"]
    assert fingerprint(server.root.der) in told["error"]["hint"]
    assert [path for _, path, _, _ in server.seen] == ["/.well-known/est/cacerts"]


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 1)])
def test_a_person_compares_the_fingerprint(answer, code, server, start, capsys, monkeypatch):
    """The user compares the root's fingerprint; "no" sends nothing."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin.readline", lambda: answer, raising=False)
    found, told, messages = run(capsys, *start)
    assert found == code, (told, messages)
    shown = "".join(line.strip() for line in messages.splitlines() if line.startswith("  "))
    assert shown.replace(":", "") == hashlib.sha256(server.root.der).hexdigest().upper()
    assert (server.count("simpleenroll") > 0) == (code == 0)
