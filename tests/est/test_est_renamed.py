"""Renewals follow a renamed board, whether it was renamed in the inventory or on the board."""

import json
from pathlib import Path
from unittest import mock

import cable as cable_module
import pytest
from boardcert_host.acme.kept import SHELF as ORDERS
from boardcert_host.acme.kept import Kept as Order
from boardcert_host.acme.plan import DNS
from boardcert_host.acme.plan import Plan as OrderPlan
from boardcert_host.board import mpremote, tokens, usb_certificates
from boardcert_host.certificates.certificate import public_key_pin
from boardcert_host.cli import main
from boardcert_host.enrolment import shelf
from boardcert_host.enrolment.way import Way
from boardcert_host.errors import Error
from boardcert_host.est.kept import SHELF, Kept
from boardcert_host.est.plan import Plan
from boardcert_host.trust import pins
from ca_cases import make_request
from cable import PORT, Cable
from certificates import make, make_ca
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from issued import PublicKey, issue, pem, write
from run_command import run


@pytest.fixture
def cable(tmp_path, monkeypatch):
    """Yield a board on a cable whose program sets no host name."""
    code = cable_module.IDENTITY.replace('hostname="kitchen", ', "")
    monkeypatch.setattr(cable_module, "IDENTITY", code)
    found = Cable(tmp_path / "cable")
    monkeypatch.setattr(mpremote, "run", found.run)
    monkeypatch.setattr(usb_certificates, "run", found.run)
    return found


@pytest.fixture
def on_cable(cable, words, host):
    """Return the command `est` for that board, which is unknown here."""
    pins.forget_pin("localhost")
    return [*(word for word in words if word != host), "--usb", PORT]


def own_name(cable):
    return f"{cable.tell('me.hostname')}.local"


def test_a_board_is_renewed_by_its_new_name_here(words, host, capsys):
    """The enrolment follows with its port; another board's enrolment stays."""
    assert run(capsys, *words)[0] == 0
    port = host.rpartition(":")[2]
    other = SHELF.load(host)
    SHELF.save("other.local", other)
    assert main(["rename", "localhost", "127.0.0.1"]) == 0
    capsys.readouterr()
    assert SHELF.hosts() == [f"127.0.0.1:{port}", "other.local"]
    assert main(["est", "other.local", "--forget"]) == 0
    capsys.readouterr()
    code, told, messages = run(capsys, "est", "--renew", "--if-expiring", "900d")
    (board,) = told["boards"]
    assert (code, board["host"], board["status"]) == (0, f"127.0.0.1:{port}", "renewed"), messages
    assert main(["est", f"127.0.0.1:{port}", "--forget"]) == 0


@pytest.mark.parametrize("is_named", [False, True])
@pytest.mark.parametrize("is_known", [False, True])
def test_a_board_is_renewed_for_its_own_new_name(
    is_known, is_named, server, cable, on_cable, capsys
):
    """The renewal asks for the new name, also without a pin, and hints say what to do."""
    old = own_name(cable)
    if is_known:
        pins.add_pin(old, json.loads(cable.tell("__import__('json').dumps(me.report())")))
    assert run(capsys, *on_cable, *(["--san", old] if is_named else []))[0] == 0
    code, told, messages = run(capsys, "set", old, "hostname=pantry", "--usb", PORT)
    assert code == 0 and old in told["report"]["names"]
    assert "not for pantry.local: boardcert est pantry.local" in messages
    assert [pin.host for pin in pins.load_pins()] == (["pantry.local"] if is_known else [])
    assert SHELF.hosts() == ["pantry.local"]
    code, told, messages = run(capsys, "est", "--renew", "--if-expiring", "900d")
    (board,) = told["boards"]
    assert (code, board["host"], board["status"]) == (0, "pantry.local", "renewed"), messages
    assert "pantry.local" in board["certificate"]["names"]
    assert old not in board["certificate"]["names"]
    assert cable.tell("me.names[0]") == "pantry.local"


def test_a_board_that_only_calls_itself_so_takes_nothing_along(words, host, cable, capsys):
    """Of two boards with one name, the known one keeps renewal and token."""
    assert run(capsys, *words)[0] == 0
    called, (other,) = own_name(cable), pins.load_pins()
    SHELF.save(called, SHELF.load(host))
    assert main(["forget", "localhost"]) == main(["est", host, "--forget"]) == 0
    facts = {"public_key_pin": other.public_key_pin, "fingerprint": other.fingerprint}
    pins.add_pin(called, facts)
    tokens.keep_token(called, other.public_key_pin, "a" * 26)
    pins.add_pin("192.168.4.7", json.loads(cable.tell("__import__('json').dumps(me.report())")))
    capsys.readouterr()
    code, _, messages = run(capsys, "set", "192.168.4.7", "hostname=pantry", "--usb", PORT)
    assert code == 0, messages
    assert {pin.host for pin in pins.load_pins()} == {"192.168.4.7", called}
    assert SHELF.hosts() == [called]
    assert called in tokens.load_tokens() and "pantry.local" not in tokens.load_tokens()


def test_what_another_program_holds_is_said(words, host, capsys, monkeypatch):
    """If another program holds the enrolment, the pin follows, and a hint says what to do."""
    monkeypatch.setattr(shelf, "_LOCK_TIMEOUT_S", 0.2)
    assert run(capsys, *words)[0] == 0
    with SHELF.held(host):
        assert main(["rename", "localhost", "127.0.0.1"]) == 3
    messages = capsys.readouterr().err
    assert f"the renewal of {host} did not follow" in messages
    assert f"est {host} --forget" in messages
    assert SHELF.hosts() == [host]


class Killed(BaseException):
    """Ends a command as a kill does: nothing that comes later changes a file."""


def killed_at(monkeypatch, number):
    """Let the change of a directory with this *number*, and each later one, be a kill."""
    left = iter(range(number))

    def dying(method):
        def act(path, *arguments, **options):
            if next(left, None) is None:
                raise Killed
            return method(path, *arguments, **options)

        return act

    for name in ("rename", "replace", "unlink"):
        monkeypatch.setattr(Path, name, dying(getattr(Path, name)))


def test_a_renaming_that_is_killed_is_ended_by_the_next(host, capsys):
    """At each change of a directory: one renewal at any moment, and the token follows, too."""
    pin = pins.load_pins()[0].public_key_pin
    tokens.keep_token("localhost", pin, "a" * 26)
    ORDERS.save("localhost", Order(OrderPlan(Way("localhost"), ("x.example.org",), DNS(hook="x"))))
    kills, old, new = 0, "localhost", "127.0.0.1"
    while True:
        with pytest.MonkeyPatch.context() as patch:
            killed_at(patch, kills)
            try:
                main(["rename", old, new])
                break
            except Killed:
                kills += 1
        (found,) = ORDERS.hosts()
        assert ORDERS.load(found).plan.way.host == found in (old, new), kills
        assert main(["rename", old, new]) == 0, kills
        assert ORDERS.hosts() == [new] and ORDERS.load(old) is None, kills
        assert new in tokens.load_tokens() and old not in tokens.load_tokens(), kills
        old, new = new, old
    assert kills >= 3


def test_a_repeated_renaming_takes_nothing_of_a_later_board(capsys):
    """What another board has left under the old name stays, though a board was renamed from it."""
    first, later = ({"public_key_pin": f"sha256//{x * 43}=", "fingerprint": x * 64} for x in "AC")
    pins.add_pin("kitchen.local", first)
    assert main(["rename", "kitchen", "hall"]) == main(["rename", "kitchen", "hall"]) == 0
    pins.add_pin("kitchen.local", later)
    plan = OrderPlan(Way("kitchen.local"), ("x.example.org",), DNS(hook="x"))
    ORDERS.save("kitchen.local", Order(plan))
    tokens.keep_token("kitchen.local", later["public_key_pin"], "a" * 26)
    for command in ("forget kitchen.local", "rename hall attic", "rename attic hall"):
        assert main(command.split()) == 0
        capsys.readouterr()
        assert main(["rename", "kitchen", "hall"]) == 3
        assert "kitchen is not pinned" in capsys.readouterr().err
        assert ORDERS.hosts() == ["kitchen.local"] and "hall.local" not in tokens.load_tokens()
    assert tokens.load_tokens()["kitchen.local"].public_key_pin == later["public_key_pin"]


def keep_of_other(name, key):
    """Keep a renewal, an order, and a token of a board with another *key*, known by nothing else.

    Return the pin of that.
    """
    pin = public_key_pin(key)
    request = make_request(key=key, encoding=Encoding.PEM).decode()
    plan = OrderPlan(Way(name), ("x.example.org",), DNS(hook="x"))
    ORDERS.save(name, Order(plan, request=request))
    SHELF.save(name, Kept(Plan(Way(name), "https://e/est"), installed={"public_key_pin": pin}))
    tokens.keep_token(name, pin, "b" * 26)
    return pin


def test_a_repeated_renaming_takes_nothing_of_a_board_that_is_in_no_inventory(capsys):
    """Another board is called so by then: what is for its key stays, and that is said."""
    first = {"public_key_pin": f"sha256//{'A' * 43}=", "fingerprint": "A" * 64}
    pins.add_pin("kitchen.local", first)
    tokens.keep_token("kitchen.local", first["public_key_pin"], "a" * 26)
    assert main(["rename", "kitchen", "hall"]) == 0
    pin = keep_of_other("kitchen.local", make().key)
    capsys.readouterr()
    assert main(["rename", "kitchen", "hall"]) == 0
    messages = capsys.readouterr().err
    assert messages.count("note: the renewal of kitchen.local stays") == 2
    assert ORDERS.hosts() == SHELF.hosts() == ["kitchen.local"]
    assert tokens.find_token(["kitchen.local"]) == "b" * 26
    assert tokens.find_token(["hall.local"]) == "a" * 26
    # It may have had another key when its certificate was issued.
    pins.follow_key(["hall.local"], first["public_key_pin"], first | {"public_key_pin": pin})
    assert main(["rename", "kitchen", "hall"]) == 3
    assert "the key ring has another token for hall.local" in capsys.readouterr().err
    assert ORDERS.hosts() == SHELF.hosts() == ["hall.local"]


def test_a_new_own_name_takes_nothing_of_another_board(cable, capsys):
    """Neither board is in the inventory; the other one was called so, too."""
    old = own_name(cable)
    keep_of_other(old, make().key)
    assert run(capsys, "set", old, "hostname=pantry", "--usb", PORT)[0] == 0
    assert ORDERS.hosts() == SHELF.hosts() == [old]
    assert tokens.find_token(["pantry.local"]) is None


def test_an_order_of_the_new_name_stays(host, capsys):
    """If both names have an enrolment, both stay, and that is reported."""
    plan = OrderPlan(Way(host), ("kitchen.example.org",), DNS(hook="x"))
    other = OrderPlan(Way("127.0.0.1"), ("larder.example.org",), DNS(hook="y"))
    ORDERS.save("localhost", Order(plan))
    ORDERS.save("127.0.0.1", Order(other))
    assert main(["rename", "localhost", "127.0.0.1"]) == 3
    assert ORDERS.hosts() == ["127.0.0.1", "localhost"]
    assert ORDERS.load("127.0.0.1").plan == other
    assert "localhost did not follow: 127.0.0.1 is renewed already" in capsys.readouterr().err


def test_without_an_enrolment_a_request_is_proposed(cable, tmp_path, capsys):
    """Without an enrolment, the hint proposes a request for any CA."""
    old = own_name(cable)
    assert run(capsys, "csr", old, "-o", tmp_path / "csr", "--usb", PORT)[0] == 0
    request = x509.load_pem_x509_csr((tmp_path / "csr").read_bytes())
    leaf = issue(make_ca(), PublicKey(request.public_key()), name=old)
    chain = write(tmp_path / "chain.pem", pem(leaf))
    assert run(capsys, "install", old, chain, "--usb", PORT)[0] == 0
    code, _, messages = run(capsys, "set", old, "hostname=pantry", "--usb", PORT)
    assert code == 0 and "not for pantry.local: boardcert csr pantry.local" in messages


def test_a_full_disk_keeps_nothing_else_from_following(words, host, capsys, monkeypatch):
    """On a full disk the token is not written, the renewal follows, and a hint says what to do."""
    assert run(capsys, *words)[0] == 0
    full = Error("cannot write the key ring: No space left on device")
    with mock.patch.object(tokens, "rename", side_effect=full):
        assert main(["rename", "localhost", "127.0.0.1"]) == 3
    messages = capsys.readouterr().err
    assert "its token did not follow: cannot write" in messages
    assert "boardcert token 127.0.0.1 --usb PORT" in messages
    assert SHELF.hosts() == [host.replace("localhost", "127.0.0.1")]


def test_a_forgotten_board_that_is_renewed_is_named(words, host, capsys):
    """`forget` reports that the board is still renewed, with the command that stops it."""
    assert run(capsys, *words)[0] == 0
    assert main(["forget", "localhost"]) == 0
    assert f"renewed still: boardcert est {host} --forget" in capsys.readouterr().err


def test_what_a_reset_has_removed_can_be_had_again(on_cable, cable, capsys):
    """`reset` names the commands that restore or stop a renewal, if there is one."""
    assert run(capsys, *on_cable)[0] == 0
    host = own_name(cable)
    code, _, messages = run(capsys, "remove", host, "--usb", PORT)
    assert code == 0 and f"note: boardcert est {host} gets another certificate" in messages
    code, _, messages = run(capsys, "remove", host, "--usb", PORT)
    assert code == 0 and "note: boardcert est" not in messages
