"""`boardcert est` against the tests' EST server, for a board's real page."""

import base64
import json
import socket
import ssl
import stat
import subprocess
import time
from unittest import mock

import pytest
from boardcert_host.board import mpremote, usb_certificates
from boardcert_host.cli import main
from boardcert_host.enrolment import delivery
from boardcert_host.errors import Error
from boardcert_host.est import enrolling
from boardcert_host.est.kept import SHELF
from boardcert_host.trust import pins
from boardcert_host.workers.renewing import renew_est
from boardcert_host.workers.station import Station
from cable import PORT, Cable
from certificates import key_usage, make, make_ca
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption as Encrypted
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from est_server import PASSWORD, USER, Reply, certs_only, est_server, parsed
from issued import issue, pem, write
from run_command import run

# More than a computer's clock can represent.
_FAR = "Fri, 31 Dec 99999999999 23:59:59 GMT"
_LATER = Reply(202, b"An operator has to approve it.\n", headers={"Retry-After": "1"})


def served(client):
    """Return the certificate that the board serves."""
    return x509.load_der_x509_certificate(client.served_certificate())


def of_a_client(extensions):
    """Make a certificate for a TLS client."""
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    extensions["extended_key_usage"] = (purposes, False)


def accepted_by_a_client(client, server):
    """Return whether a strict client that trusts only the CA's root accepts the board."""
    context = ssl.create_default_context(cafile=str(server.ca_file))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as raw:
        context.wrap_socket(raw, server_hostname="localhost").close()
    return True


def test_from_request_to_served_and_again(client, server, words, host, tmp_path, capsys):
    """The board's own request becomes a served chain, with /cacerts, and is renewed."""
    before = pins.load_pins()[0].public_key_pin
    code, told, messages = run(capsys, *words)
    assert code == 0, messages
    assert (told["result"], told["new"]) == ("installed", True)
    assert told["certificate"]["public_key_pin"] == pins.load_pins()[0].public_key_pin == before
    chain = x509.load_pem_x509_certificates(told["chain"].encode())
    assert chain == [server.issued[-1], parsed(server.intermediate)]
    assert served(client) == chain[0] and accepted_by_a_client(client, server)
    assert [path.rpartition("/")[2] for _, path, _, _ in server.seen] == [
        *("cacerts", "csrattrs"),
        *("simpleenroll", "simpleenroll"),  # The first has no password: none was asked for.
    ]
    _, _, headers, body = server.seen[-1]
    assert headers["content-type"] == "application/pkcs10"
    assert x509.load_der_x509_csr(base64.b64decode(body)).is_signature_valid
    assert run(capsys, "est", host, "--if-expiring", "30d")[1]["result"] == "not due"
    (board,) = run(capsys, "est", "--renew")[1]["boards"]
    assert (board["host"], board["status"]) == (host, "not due")
    assert main(["est", "--renew", "--if-expiring", "900d"]) == 0
    assert capsys.readouterr().out.startswith(f"{host}: renewed, valid until ")
    assert server.seen[-1][1].endswith("/simplereenroll")
    assert served(client) == server.issued[-1] != chain[0]
    (kept,) = (tmp_path / "est").rglob("*.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert PASSWORD not in kept.read_text() + messages + json.dumps(told)


@pytest.mark.parametrize("scheme", ["digest", "digest-sha-256"])
def test_digest_is_answered(scheme, server, words, capsys):
    """Digest is used if offered; a wrong password is reported, and not tried another way."""
    server.scheme = scheme
    assert run(capsys, *words)[0] == 0
    _, _, headers, _ = server.seen[-1]
    assert headers["authorization"].startswith("Digest ") and PASSWORD not in str(server.seen)


def test_a_wrong_password_is_told(server, words, capsys, tmp_path, monkeypatch):
    """A wrong password is reported; without one and without a terminal, the error says so."""
    file = write(tmp_path / "password", b"battery staple\n")
    code, told, _ = run(capsys, *words, "--password-file", file)
    assert code == 1 and "answers /simpleenroll with 401" in told["error"]["message"]
    assert "--user NAME" in told["error"]["hint"]
    monkeypatch.delenv("BOARDCERT_EST_PASSWORD")
    code, told, _ = run(capsys, "est", "--renew")
    assert code == 1 and told["boards"][0]["status"] == "failed"  # Its file is recorded.
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    code, told, _ = run(capsys, *words)
    message = told["error"]["message"]
    assert code == 2 and message.startswith(f"no password of {USER} at localhost:")
    write(file, PASSWORD.encode())
    assert run(capsys, *words, "--password-file", file)[0] == 0


def test_a_nightly_run_never_prompts(words, host, capsys, monkeypatch):
    """A renewal without a password fails, even at a terminal, as nobody may be there."""
    assert run(capsys, *words)[0] == 0
    monkeypatch.delenv("BOARDCERT_EST_PASSWORD")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda _: pytest.fail("a person was asked"))
    code, told, _ = run(capsys, "est", "--renew", "--if-expiring", "900d")
    assert "nobody is asked for it now" in told["boards"][0]["error"]["message"]
    assert code == 3 and main(["est", host, "--forget"]) == 0 and SHELF.hosts() == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_tls_client_needs_no_password(version, client, host, tmp_path, capsys, monkeypatch):
    """A client certificate, possibly with an encrypted key, replaces the password if asked for."""
    wants = "wants" if version == ssl.TLSVersion.TLSv1_2 else ""  # TLS 1.3 may lose the alert.
    with est_server(tmp_path, is_client_required=True) as server:
        server.context.maximum_version = version
        me = issue(server.client_ca, name="operator", change=of_a_client)
        key = me.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, Encrypted(b"open sesame"))
        files = write(tmp_path / "me.pem", pem(me)), write(tmp_path / "me.key", key)
        words = ["est", host, "--server", server.url, "--server-ca", server.ca_file]
        told = run(capsys, *words)[1]["error"]
        assert wants in told["message"] and "--client-cert FILE" in told["hint"]
        ours = ["--client-cert", files[0], "--client-key", files[1]]
        monkeypatch.setenv("BOARDCERT_PASSPHRASE", "wrong")
        assert run(capsys, *words, *ours)[0] == 2
        monkeypatch.setenv("BOARDCERT_PASSPHRASE", "open sesame")
        assert run(capsys, *words, *ours)[0] == 0
        assert served(client) == server.issued[-1]
        for stranger in (issue(make_ca(), change=of_a_client), issue(server.client_ca)):
            both = write(tmp_path / "stranger.pem", pem(stranger) + stranger.key_pem())
            told = run(capsys, "est", host, "--client-cert", both)[1]["error"]
            assert wants in told["message"] and "--client-cert FILE" in told["hint"]
        assert len(server.issued) == 1


def test_a_server_that_decides_later_is_waited_for(server, words, capsys, monkeypatch):
    """The command waits as long as the server says, twice, with the same request each time."""
    pauses, steps = [], []
    monkeypatch.setattr(enrolling.time, "sleep", pauses.append)
    server.replies["simpleenroll"] = [_LATER, Reply(503, headers={"Retry-After": "20"})]
    monkeypatch.setattr("rich.status.Status.update", lambda _, text: steps.append(str(text)))
    assert run(capsys, *words)[0] == 0
    assert pauses == [1, 20] and server.count("simpleenroll") == 4
    assert len({body for _, _, _, body in server.seen if body}) == 1
    assert any("has not decided yet; it is asked again in 20 s" in step for step in steps)


def test_a_decision_that_takes_too_long_is_asked_for_by_the_next_run(server, words, host, capsys):
    """The next run repeats the same request, which the server knows; a refusal ends it."""
    server.always["simpleenroll"] = Reply(202, b"Call Mary.", headers={"Retry-After": "7200"})
    code, told, _ = run(capsys, *words)
    assert code == 3 and told["error"]["message"].endswith("has not decided yet: Call Mary")
    assert told["error"]["hint"].startswith("run it again in 2 h")
    assert SHELF.load(host).is_unfinished
    assert run(capsys, "est", host, "--wait", "0")[0] == 3
    server.always.clear()
    assert renew_est(Station(est=True, log=lambda _: None)) == "EST: 1 board: 1 renewed"
    assert len({body for _, _, _, body in server.seen if body}) == 1
    server.always["simplereenroll"] = Reply(400, b"Not in these times.\r\n")
    code, told, _ = run(capsys, "est", host)
    assert code == 1 and told["error"]["message"].endswith("with 400: Not in these times")
    assert not SHELF.load(host).is_unfinished


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("", 60, 60),
        ("soon", 60, 60),
        ("0", 1, 1),
        ("-5", 60, 60),
        (_FAR, 60, 60),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1, 1),
    ],
)
def test_when_to_ask_again_is_read(text, least, most, server, words, capsys, monkeypatch):
    """Retry-After is read, including invalid and past times."""
    pauses = []
    monkeypatch.setattr(enrolling.time, "sleep", pauses.append)
    server.replies["simpleenroll"] = [Reply(202, headers={"Retry-After": text} if text else {})]
    assert run(capsys, *words)[0] == 0
    assert least <= pauses[0] <= most


def test_a_date_in_the_future_is_waited_for(server, words, capsys, monkeypatch):
    """The date form of Retry-After is read, too."""
    pauses = []
    monkeypatch.setattr(enrolling.time, "sleep", pauses.append)
    moment = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 120))
    server.replies["simpleenroll"] = [Reply(202, headers={"Retry-After": moment})]
    assert run(capsys, *words)[0] == 0 and 60 < pauses[0] <= 120


def test_a_board_that_went_away_gets_it_later(client, server, words, host, capsys):
    """A certificate that could not be installed is kept for the next run, without a new request."""
    away = Error("kitchen is away")
    with mock.patch.object(delivery, "install", side_effect=away):
        code, told, _ = run(capsys, *words)
        assert (code, told["error"]["message"]) == (3, away.message)
    asked = len(server.seen)
    code, told, _ = run(capsys, "est", host)
    assert (code, told["new"], len(server.seen)) == (0, False, asked)
    assert served(client) == server.issued[-1] and not SHELF.load(host).is_unfinished


@pytest.mark.parametrize("renews", ["", "certificate"])
def test_a_server_that_does_not_renew_is_asked_for_a_new_one(renews, server, words, capsys):
    """A server that refuses re-enrolment without the old certificate in TLS gets a new request."""
    server.renews = renews
    assert run(capsys, *words)[0] == 0
    code, _, messages = run(capsys, *words)
    assert code == 0 and "does not renew it" in messages
    assert server.seen[-1][1].endswith("/simpleenroll") and len(server.issued) == 2


def test_other_names_are_not_a_renewal(client, server, words, capsys):
    """Other names, or another CA's certificate, need a new enrolment (RFC 7030, 4.2.2)."""
    assert run(capsys, *words)[0] == 0
    names = ["--san", "localhost", "--san", "kitchen.example.org"]
    code, told, messages = run(capsys, *words, *names)
    assert code == 0, messages
    assert set(told["certificate"]["names"]) == {"localhost", "kitchen.example.org"}
    assert server.count("simplereenroll") == 0
    server.intermediate = issue(make_ca())
    assert run(capsys, *words, *names)[0] != 0 and server.count("simplereenroll") == 0


def test_a_label_chooses_the_ca(server, words, host, capsys):
    """A label is stored and chooses the CA; a full path is used unchanged."""
    server.label = "boards"
    code, told, _ = run(capsys, *words)
    assert code == 3 and "answers /cacerts with 404: Not Found" in told["error"]["message"]
    label = ["--server", server.url, "--label", "boards"]
    assert run(capsys, "est", host, *label)[0] == 0  # Same server: all else as before.
    assert run(capsys, "est", host)[0] == 0
    assert SHELF.load(host).plan.url == f"{server.url}/.well-known/est/boards"


def test_a_board_on_a_cable_needs_no_network(server, words, host, tmp_path, monkeypatch, capsys):
    """A board on a cable needs no network and no name here; its program is restarted each time."""
    cable = Cable(tmp_path / "cable")
    monkeypatch.setattr(mpremote, "run", cable.run)
    monkeypatch.setattr(usb_certificates, "run", cable.run)
    words.remove(host)
    pins.forget_pin("localhost")
    code, told, messages = run(capsys, *words, "--usb", PORT)
    assert (code, told.get("host")) == (0, "kitchen.local"), messages
    assert cable.tell("me.source") == "installed"


@pytest.mark.needs("curl", "openssl")
def test_curl_and_openssl_enrol_at_the_server_of_these_tests(server, tmp_path):
    """curl and openssl can enrol at the test server, so it does not only fit our client."""
    subject = ["-subj", "/CN=kitchen", "-addext", "subjectAltName=DNS:kitchen.local"]
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "key", *subject]
    form = ["-outform", "DER", "-out", tmp_path / "csr"]
    subprocess.run(["openssl", "req", "-new", *key, *form], check=True, capture_output=True)
    subprocess.run(["openssl", "base64", "-in", tmp_path / "csr", "-out", tmp_path / "b64"])
    server.scheme = "digest"
    head = ["--header", "Content-Type: application/pkcs10"]
    user = ["--digest", "--user", f"{USER}:{PASSWORD}", "--cacert", server.ca_file]
    url = f"{server.url}/.well-known/est/simpleenroll"
    curl = ["curl", "--silent", "--fail", *user, *head, "--data-binary", f"@{tmp_path / 'b64'}"]
    answer = subprocess.run([*curl, url], check=True, capture_output=True).stdout
    der = subprocess.run(
        ["openssl", "base64", "-d"], input=answer, check=True, capture_output=True
    ).stdout
    words = ["openssl", "pkcs7", "-inform", "DER", "-print_certs"]
    printed = subprocess.run(words, input=der, check=True, capture_output=True).stdout
    assert b"CN = kitchen" in printed and len(server.issued) == 1


def test_a_ca_that_changes_its_root_is_understood(client, server, words, capsys):
    """The new root signed by the old one is installed, if there is room (RFC 7030, 4.1.3)."""

    def of_a_ca(extensions):
        extensions["basic_constraints"] = (x509.BasicConstraints(True, None), True)
        extensions["key_usage"] = (key_usage(key_cert_sign=True, crl_sign=True), True)
        del extensions["extended_key_usage"], extensions["subject_alt_name"]

    old = make(common_name="Old CA", change=of_a_ca)
    new_with_old = make(key=server.root.key, issuer=old, common_name="Test CA", change=of_a_ca)
    old_with_new = make(key=old.key, issuer=server.root, common_name="Old CA", change=of_a_ca)
    four = [old, new_with_old, old_with_new, server.root]
    server.always["cacerts"] = certs_only([parsed(one) for one in (*four, server.intermediate)])
    code, told, messages = run(capsys, *words)
    assert code == 0, messages
    chain = x509.load_pem_x509_certificates(told["chain"].encode())
    assert chain[1:] == [parsed(server.intermediate), parsed(new_with_old)]
    assert accepted_by_a_client(client, server)
    between, server.intermediate = (
        server.intermediate,
        make(issuer=server.intermediate, common_name="Test lower CA", change=of_a_ca),
    )
    below = [*four, between, server.intermediate]
    server.always["cacerts"] = certs_only([parsed(one) for one in below])
    code, told, messages = run(capsys, *words)
    assert code == 0, messages
    chain = x509.load_pem_x509_certificates(told["chain"].encode())
    assert chain[1:] == [parsed(server.intermediate), parsed(between)]


def test_a_key_that_is_not_the_boards_is_refused(server, words, host, capsys):
    """A certificate for another key is not sent to the board."""
    server.always["simpleenroll"] = certs_only([parsed(issue(server.intermediate))])
    code, told, _ = run(capsys, *words)
    assert code == 1 and told["error"]["message"].endswith("none for the key of the board")
    assert SHELF.load(host).chains == []
