"""`boardcert ca sign` for boards: over HTTPS with a real page, and on a cable."""

import json
from pathlib import Path

import portal_server
import pytest
from boardcert_host.board import interruptions, mpremote, over_usb, tokens, usb_certificates
from boardcert_host.board.over_https import BoardAPI
from boardcert_host.ca.store import Store, default_store
from boardcert_host.cli import main
from boardcert_host.errors import CHECKED_AND_BAD, Error
from boardcert_host.trust import pins
from ca_cases import kitchen_request, pem, private, run
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from make_chains import authority


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Serve one board's page for all tests of this module."""
    with portal_server.serving_page(tmp_path_factory.mktemp("board") / "data") as found:
        yield found


@pytest.fixture
def host(client, capsys):
    """Store the board as `boardcert flash` does, and make a CA."""
    report = json.loads(client.get("/api/identity"))
    pins.add_pin("localhost", report)
    pins.add_pin("kitchen.local", report)
    tokens.keep_token("localhost", report["public_key_pin"], client.current_token())
    assert main(["ca", "init"]) == 0
    capsys.readouterr()
    return f"localhost:{client.port}"


def test_a_board_gets_its_certificate_over_https(client, host, tmp_path, capsys):
    """A board's request is signed, installed and verified; its pins stay valid and are updated."""
    known = {pin.public_key_pin for pin in pins.load_pins()}
    code, printed = run(capsys, "ca", "sign", host, "--install", "-o", tmp_path / "a.crt")
    assert code == 0
    assert printed["verify"]["ok"] and printed["installed"] == "kitchen.local"
    leaf = x509.load_pem_x509_certificate((tmp_path / "a.crt").read_bytes())
    assert client.served_certificate() == leaf.public_bytes(Encoding.DER)
    assert printed["certificate"]["names"] == ["kitchen.local", "localhost"]
    checks = {check["id"]: check["status"] for check in printed["verify"]["checks"]}
    assert checks["chain"] == checks["pin"] == "pass"
    assert {pin.public_key_pin for pin in pins.load_pins()} == known
    found = pins.find_pin(pins.load_pins(), ["kitchen.local"])
    assert found.fingerprint == printed["certificate"]["fingerprint"]
    assert client.current_token() not in json.dumps(printed)

    # Plain `verify` uses the user's own CA, and so do clients that trust it.
    code, verified = run(capsys, "verify", host)
    checks = {check["id"]: check for check in verified["hosts"][0]["checks"]}
    assert (code, checks["chain"]["status"]) == (0, "pass")
    assert str(default_store().certificate_file) in checks["chain"]["detail"]
    assert checks["self_signature"]["status"] == "skip"

    # A second signing needs no pin: the served certificate is from the CA that signs the next.
    for pin in pins.load_pins():
        pins.forget_pin(pin.host)
    assert main(["ca", "sign", host, "--install"]) == 0
    output = capsys.readouterr().out
    assert "installed on        kitchen.local" in output
    assert f"{host}: valid for clients that trust the CA" in output
    assert client.served_certificate() != leaf.public_bytes(Encoding.DER)
    assert len(default_store().issued()) == 2


def test_a_board_is_renewed_and_a_signed_certificate_is_not_signed_again(
    client, host, capsys, monkeypatch
):
    """A certificate signed before the connection failed is installed by the next `ca renew`."""
    for pin in pins.load_pins():
        pins.forget_pin(pin.host)
    pins.add_pin(host, json.loads(client.get("/api/identity")))
    words = ("--san", "kitchen.local", "--days", "10")
    assert main(["ca", "sign", host, "--install", *words]) == 0
    with monkeypatch.context() as broken:

        def fail(board, files):
            raise Error("the connection was lost")

        broken.setattr(BoardAPI, "install", fail)
        assert main(["ca", "renew", host]) == 3
    assert f"unreachable: {host}: the connection was lost" in capsys.readouterr().out
    assert len(default_store().issued()) == 2
    code, printed = run(capsys, "ca", "list", "--expiring", "30d")
    assert (code, printed["issued"]) == (0, [])
    assert main(["ca", "renew", "--all"]) == 0
    assert f"renewed: {host}: valid until " in capsys.readouterr().out
    *_, newest = sorted(default_store().issued(), key=lambda one: one.not_valid_after_utc)
    assert len(default_store().issued()) == 2
    assert client.served_certificate() == newest.public_bytes(Encoding.DER)
    assert main(["ca", "renew", "--all"]) == 0
    assert capsys.readouterr().out == "0 boards: none is due\n"


def test_a_board_that_nothing_vouches_for_is_not_asked(client, host, capsys):
    """Without a pin or CA for the board, it is not contacted; the hint says what helps."""
    for pin in pins.load_pins():
        pins.forget_pin(pin.host)
    assert main(["ca", "sign", host, "--install"]) == 1
    err = capsys.readouterr().err
    assert "is not pinned, and no client of" in err and "nothing was sent to it" in err
    assert "boardcert pin add localhost --usb PORT; or --pin SHA256" in err
    # A certificate from another CA does not count as the user's own.
    code, verified = run(capsys, "verify", host)
    checks = {check["id"]: check["status"] for check in verified["hosts"][0]["checks"]}
    assert (code, checks["chain"], checks["self_signature"]) == (1, "skip", "fail")


def test_a_request_can_be_answered_without_installing(client, host, tmp_path, capsys, monkeypatch):
    """Without --install, the answer is a file, and the board is not changed."""
    monkeypatch.chdir(tmp_path)
    before = client.served_certificate()
    code, printed = run(capsys, "ca", "sign", host, "--san", "hall.local")
    assert (code, printed["file"], printed["verify"]) == (0, "kitchen.local.crt", None)
    assert client.served_certificate() == before


def test_a_host_gets_the_names_by_which_it_is_known(client, host, capsys):
    """A board gets the names of its pin and certificates; any other needs the user's consent."""
    pins.forget_pin("kitchen.local")
    code, printed = run(capsys, "ca", "sign", host)
    assert code == 1 and not default_store().issued()
    assert "asks for kitchen.local, but is known here as localhost" in printed["error"]["message"]
    assert run(capsys, "ca", "sign", host, "--san", "kitchen.local", "--install")[0] == 0
    assert run(capsys, "ca", "sign", host, "--install")[0] == 0


def test_a_request_for_another_key_than_the_hosts_is_refused(client, host, capsys, monkeypatch):
    """A request for another key than the board's is refused, even over the right connection."""
    monkeypatch.setattr(BoardAPI, "csr", lambda board: kitchen_request())
    code, printed = run(capsys, "ca", "sign", host, "--san", "kitchen.local")
    assert code == 1 and not default_store().issued()
    assert f"not for the key by which {host} is known" in printed["error"]["message"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--pin", "00" * 32], 1, "nothing was sent to it"),
        (["--token-file", "wrong"], 3, "wrong token"),
        (["--token-file", "missing"], 3, "cannot read the token"),
    ],
)
def test_a_board_that_is_not_ours_gets_nothing(
    host, tmp_path, capsys, monkeypatch, words, code, message
):
    """If the board has another key, nothing is signed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong").write_text("abcdefghijklmnopqrstuvwx27")
    found, printed = run(capsys, "ca", "sign", host, "--install", *words)
    assert found == code and message in printed["error"]["message"]
    assert default_store().issued() == []


class Cable:
    """A board on a cable as the command sees it: it may refuse, and counts its restarts."""

    restarts = 0
    refusal = None
    fingerprint = None

    def __init__(self, port, names):
        assert (port, names) == ("port", ())

    def csr(self):
        """Return a request, as after the board's program was stopped."""
        interruptions.note_stopped("port")
        return kitchen_request(encoding=Encoding.PEM)

    def install(self, files):
        """Accept the certificate, or refuse it."""
        if Cable.refusal:
            raise Error(Cable.refusal, None, CHECKED_AND_BAD)
        fingerprint = Cable.fingerprint or files.fingerprint
        pin = "sha256//" + "A" * 43 + "="
        return {"fingerprint": fingerprint, "names": ["kitchen.local"], "public_key_pin": pin}

    def restart(self):
        """Restart as the real one does."""
        mpremote.reset("port")

    @staticmethod
    def reset(port):
        """Count the reset."""
        assert port == "port"
        interruptions.note_started(port)
        Cable.restarts += 1


@pytest.mark.parametrize(
    ("refusal", "fingerprint", "code", "message"),
    [
        (None, None, 0, ""),
        ("the board refused the certificate: expired", None, 1, "refused the certificate: expired"),
        (None, "AA:BB", 1, "the board still serves another certificate"),
    ],
)
def test_a_board_on_a_cable_starts_again_whatever_comes(
    capsys, monkeypatch, refusal, fingerprint, code, message
):
    """A board on a cable is restarted once in any case; its refusal is shown."""
    assert main(["ca", "init"]) == 0
    capsys.readouterr()
    monkeypatch.setattr(over_usb, "BoardUSB", Cable)
    monkeypatch.setattr(mpremote, "reset", Cable.reset)
    monkeypatch.setattr(Cable, "restarts", 0)
    monkeypatch.setattr(Cable, "refusal", refusal)
    monkeypatch.setattr(Cable, "fingerprint", fingerprint)
    found, printed = run(capsys, "ca", "sign", "--usb", "port", "--install")
    assert (found, Cable.restarts) == (code, 1)
    assert message in printed.get("error", {}).get("message", "")


def test_a_chain_that_no_board_can_read_is_not_signed_for_one(tmp_path, capsys, monkeypatch):
    """An intermediate CA with critical name constraints is refused for boards, not for files."""
    monkeypatch.setattr(over_usb, "BoardUSB", Cable)
    monkeypatch.setattr(mpremote, "reset", Cable.reset)
    narrow = x509.NameConstraints([x509.DNSName("kitchen.local")], None)
    root = authority()
    ca = authority(root, "Narrow", more={"name_constraints": (narrow, True)})
    store = Store(tmp_path / "narrow")
    store.directory.mkdir()
    store.certificate_file.write_bytes(pem(ca) + pem(root))
    store.key_file.write_bytes(private(ca.key))
    store.key_file.chmod(0o600)
    place = ["--ca", str(store.directory)]
    found, printed = run(capsys, "ca", "sign", "--usb", "port", "--install", *place)
    message = "nothing was signed: a board would refuse it: certificate 2 has a critical extension"
    assert (found, printed["error"]["message"][: len(message)]) == (CHECKED_AND_BAD, message)
    assert store.issued() == []
    (tmp_path / "a.csr").write_bytes(kitchen_request())
    found, _ = run(capsys, "ca", "sign", tmp_path / "a.csr", "-o", tmp_path / "a.crt", *place)
    assert found == 0 and len(store.issued()) == 1


def test_after_a_cable_the_command_that_verifies_is_told(tmp_path, capsys, monkeypatch):
    """The hint with the `verify` command uses a known board's name, and names a CA elsewhere."""
    monkeypatch.setattr(over_usb, "BoardUSB", Cable)
    monkeypatch.setattr(mpremote, "reset", Cable.reset)
    sign = ["ca", "sign", "--usb", "port", "--install", "--force"]
    other = str(tmp_path / "other")
    assert main(["ca", "init"]) == main(["ca", "init", other]) == 0
    printed = "next, once the board has restarted: boardcert verify"
    assert main(sign) == 0
    assert f"{printed} HOST:PORT --name kitchen.local\n" in capsys.readouterr().err
    report = {"public_key_pin": "sha256//" + "A" * 43 + "=", "fingerprint": "AA"}
    pins.add_pin("kitchen.local", report, port=20034)
    assert main(sign) == 0
    assert f"{printed} kitchen.local\n" in capsys.readouterr().err
    assert main([*sign, "--ca", other, "--san", "kitchen.local"]) == 0
    assert f"{printed} kitchen.local --ca {other}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ('{"refused": "chain: expired"}', "refused the certificate: chain: expired"),
        ('{"other": 1}', "sent an unreadable answer"),
        ("MemoryError", "sent an unreadable answer"),
        ("", "sent an unreadable answer"),
    ],
)
def test_an_answer_on_the_cable_is_read_strictly(monkeypatch, answer, message):
    """The answer of a board on a cable is checked, since a board may print anything."""
    monkeypatch.setattr(usb_certificates, "identity_code", lambda port: "")
    monkeypatch.setattr(usb_certificates, "run", lambda *words, timeout_s: answer)
    with pytest.raises(Error, match=message):
        usb_certificates.install("port", [b"leaf"])


def test_a_private_key_is_no_word_of_a_command_line(monkeypatch):
    """The private key is passed in a file of mode 0600, as others can see command lines."""
    seen = []

    def run(port, *words, timeout_s):
        seen.append((words, Path(words[1]).read_text()))
        return '{"fingerprint": "AA"}'

    monkeypatch.setattr(usb_certificates, "identity_code", lambda port: "")
    monkeypatch.setattr(usb_certificates, "run", run)
    assert usb_certificates.install("port", [b"leaf"], b"secret") == "AA"
    ((words, script),) = seen
    assert words[0] == "run" and "c2VjcmV0" not in " ".join(words) and "c2VjcmV0" in script
