"""`boardcert ca renew --all` and `ca list --expiring`: many boards, obstacles, and a kill."""

import collections
import datetime
import json
import os
import signal
import subprocess
import sys
import threading

import pytest
from authority_pair import make_pair
from boardcert_host import clock
from boardcert_host.board import tokens
from boardcert_host.ca import authorities
from boardcert_host.ca.csr import Request
from boardcert_host.ca.names import parse_name
from boardcert_host.ca.store import default_store
from boardcert_host.certificates.certificate import alternative_names, describe
from boardcert_host.cli import main
from boardcert_host.trust import pins
from cryptography.hazmat.primitives.serialization import Encoding
from issued import pem as chain_pem
from processes import started
from servers import refusing_port
from simulated_boards import answering, simulated_boards

_COUNT = 20


@pytest.fixture
def authority():
    """Make the user's CA."""
    made = authorities.create("Boards", (), clock.now())
    default_store().save(made, None)
    return made


def deploy(authority, board, days=10):
    """Sign for a board, have it serve that, and store it as `ca sign --install` does."""
    host = f"127.0.0.1:{board.server_port}"
    names = [parse_name("127.0.0.1"), parse_name(f"board-{board.number}.local")]
    request = Request(board.key.public_key(), "kitchen", board.number, ())
    certificate = authority.issue(request, names, days, clock.now())
    default_store().record(certificate)
    board.serve_chain(certificate.public_bytes(Encoding.PEM).decode())
    facts = describe(certificate) | {"unique_id": board.number}
    pins.add_pin(host, facts)
    tokens.keep_token(host, facts["public_key_pin"], board.token)
    return host


@pytest.fixture
def boards(authority):
    """Serve boards whose certificates end in ten days."""
    with simulated_boards(_COUNT) as made:
        for board in made:
            deploy(authority, board)
        with answering(made):
            yield made


def renewed(capsys, *words):
    """Run `ca renew`; return its exit code, {host: line} and the last line."""
    capsys.readouterr()
    code = main(["ca", "renew", *words, "--json"])
    *lines, last = map(json.loads, capsys.readouterr().out.splitlines())
    return code, {line["host"]: line for line in lines}, last


def test_every_board_is_renewed_once(boards, capsys):
    """Every board is renewed once, with the same key, names and CA; then none is due."""
    assert len(listed(capsys, "30d")) == _COUNT and listed(capsys, "7d") == []
    code, lines, last = renewed(capsys, "--all", "--parallel", "8")
    assert (code, last) == (0, {"boards": _COUNT, "done": _COUNT, "results": {"renewed": _COUNT}})
    end = clock.as_text(clock.now() + datetime.timedelta(days=800))
    assert all(line["ok"] and line["not_after"] > end for line in lines.values())
    for board in boards:
        assert len(board.installed) == 1
    for certificate in default_store().issued():
        assert alternative_names(certificate)[0] == "127.0.0.1"
    shown = {describe_served(board)["fingerprint"] for board in boards}
    assert {pin.fingerprint for pin in pins.load_pins()} == shown
    assert listed(capsys, "30d") == []
    assert renewed(capsys, "--all") == (0, {}, {"boards": 0, "done": 0, "results": {}})
    host = f"127.0.0.1:{boards[0].server_port}"
    code, lines, _ = renewed(capsys, host, host)
    assert (code, lines[host]["result"]) == (0, "not due")
    # A board is not renewed twice in a day, even if the CA itself ends soon.
    code, lines, last = renewed(capsys, "--all", "--expiring", "9999d")
    assert (code, last["results"]) == (0, {"not due": _COUNT})
    assert all(len(board.installed) == 1 for board in boards)


def describe_served(board):
    """Return a description of the certificate that a board serves."""
    from boardcert_host.certificates.certificate import parse

    return describe(parse(board.identity.der))


def listed(capsys, time):
    """Return what `ca list --expiring` lists."""
    capsys.readouterr()
    assert main(["ca", "list", "--expiring", time, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["issued"]


def test_what_is_in_the_way_is_told_the_worst_first(boards, authority, capsys):
    """Each obstacle is reported for its board, worst first; the other boards are renewed."""
    silent, tokenless, other, wrong, forgotten, own_authority, *rest = boards
    hosts = {board: f"127.0.0.1:{board.server_port}" for board in boards}
    tokens.forget_token(tokenless.token)
    own = authorities.create("Another", (), clock.now())
    request = Request(other.key.public_key(), "kitchen", None, ())
    names = [parse_name("127.0.0.1")]
    pem = own.issue(request, names, 90, clock.now()).public_bytes(Encoding.PEM).decode()
    other.serve_chain(pem)
    own_authority.serve_chain(chain_pem(*make_pair(key=own_authority.key)).decode())
    wrong.token = "27abcdefghijklmnopqrstuvwx"  # noqa: S105 (made up)
    pins.forget_pin(hosts[forgotten])
    silent_host = f"127.0.0.1:{refusing_port()}"
    (pin,) = [pin for pin in pins.load_pins() if pin.host == hosts[silent]]
    pins.forget_pin(pin.host)
    pins.add_pin(silent_host, {"public_key_pin": pin.public_key_pin, "fingerprint": "AB"})
    code, lines, last = renewed(capsys, "--all")
    assert code == 3
    wanted = {silent_host: "unreachable", hosts[tokenless]: "no token"}
    wanted |= dict.fromkeys((hosts[other], hosts[own_authority]), "serves another certificate")
    wanted |= {hosts[wrong]: "unreachable"}
    wanted |= {"127.0.0.1": "not in the inventory"} | {hosts[one]: "renewed" for one in rest}
    assert {host: line["result"] for host, line in lines.items()} == wanted
    assert last["results"]["renewed"] == len(rest)
    assert main(["ca", "renew", "--all"]) == 3
    output = capsys.readouterr()
    first = output.out.splitlines()[0]
    assert first.startswith("unreachable: ") and "Traceback" not in output.err
    assert not any(board.token in output.out + output.err for board in boards)


def test_another_key_is_refused(boards, capsys):
    """Nothing is sent to a server with another key."""
    first, second, *_ = boards
    first.key, stolen = second.key, first.key
    first.serve_chain(second_chain(second))
    code, lines, _ = renewed(capsys, "--all")
    line = lines[f"127.0.0.1:{first.server_port}"]
    assert (code, line["result"]) == (1, "refused") and "but its pin is" in line["detail"]
    assert first.installed == [] and stolen


def second_chain(board):
    """Return the certificate that a board serves, in PEM."""
    from cryptography import x509

    certificate = x509.load_der_x509_certificate(board.identity.der)
    return certificate.public_bytes(Encoding.PEM).decode()


def test_a_killed_renewal_goes_on(boards, capsys):
    """After a kill, no board is signed for twice, gets its certificate twice, or is left out."""
    reached, gone = threading.Event(), threading.Event()
    count = collections.Counter()
    lock = threading.Lock()

    def stop_at_the_fifth(board):
        with lock:
            count["installed"] += 1
            is_fifth = count["installed"] == 5
        if is_fifth:
            reached.set()
        if is_fifth or reached.is_set():
            gone.wait(120)

    for board in boards:
        board.on_install = stop_at_the_fifth
    command = [sys.executable, "-m", "boardcert_host", "ca", "renew", "--all", "--parallel", "4"]
    with started(command, stdout=subprocess.DEVNULL, env=os.environ) as process:
        assert reached.wait(120)
        process.send_signal(signal.SIGKILL)
        process.wait()
    gone.set()
    code, _, last = renewed(capsys, "--all")
    assert code == 0 and 0 < last["boards"] < _COUNT
    assert all(len(board.installed) == 1 for board in boards)
    assert len(default_store().issued()) == 2 * _COUNT
    assert listed(capsys, "30d") == []


def test_a_ca_that_ends_itself_is_told(authority, capsys, monkeypatch):
    """A CA that ends soon is reported, as its certificates cannot last longer."""
    with simulated_boards(1) as (board,):
        host = deploy(authority, board, 9999)
    later = authority.certificate.not_valid_after_utc - datetime.timedelta(days=3)
    monkeypatch.setattr(clock, "now", lambda: later)
    code, lines, _ = renewed(capsys, "--all")
    assert (code, lines[host]["result"]) == (3, "the CA ends first")


def test_what_was_not_signed_cannot_be_renewed(boards, capsys):
    """Only boards for which the CA has signed can be renewed, and --all excludes a HOST."""
    pins.add_pin("hall.local", {"public_key_pin": f"sha256//{'A' * 43}=", "fingerprint": "AB"})
    assert main(["ca", "renew", "hall.local"]) == 3
    assert "has signed nothing for hall.local" in capsys.readouterr().err
    for words in (
        (),
        ("hall.local", "--all"),
        ("--all", "--parallel", "0"),
        ("--all", "--days", "0"),
    ):
        assert main(["ca", "renew", *words]) == 2
    assert main(["ca", "renew", "--all", "--expiring", "soon"]) == 2
