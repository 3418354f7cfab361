"""`boardcert acme` against Pebble, a real ACME CA, for a board's real page."""

import json
import socket
import ssl
import stat
from unittest import mock

import pytest
import requests
from acme_servers import ZONE
from boardcert_host.acme import obtain
from boardcert_host.acme.kept import SHELF
from boardcert_host.board import mpremote, usb_certificates
from boardcert_host.cli import main
from boardcert_host.enrolment import delivery
from boardcert_host.errors import Error
from boardcert_host.trust import pins
from boardcert_host.workers.renewing import renew_acme
from boardcert_host.workers.station import Station
from cable import PORT, Cable
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from run_command import run

pytestmark = pytest.mark.needs("curl", "pebble", "pebble-challtestsrv")

_KITCHEN = ["--domain", f"kitchen.{ZONE}"]


def served_names(client):
    """Return the names in the certificate that the board serves."""
    found = x509.load_der_x509_certificate(client.served_certificate())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(names.get_values_for_type(x509.DNSName))


def accepted_by_a_client(client, ca, name):
    """Return whether a strict client that trusts only the CA's root accepts the board."""
    root = requests.get(f"{ca.manage}/roots/0", verify=ca.ca_file, timeout=60).text
    context = ssl.create_default_context(cadata=root)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as raw:
        try:
            context.wrap_socket(raw, server_hostname=name).close()
        except ssl.SSLCertVerificationError:
            return False
    return True


def asked(hook):
    """Return the calls of the hook, without names."""
    return [line.split()[0] for line in hook.with_suffix(".log").read_text().splitlines()]


def orders(ca):
    """Return how many certificates the CA has issued."""
    return (ca.ca_file.parent / "pebble.log").read_text().count("Issued certificate serial")


def test_from_order_to_served_and_again(client, ca, by_hook, hook, host, tmp_path, capsys):
    """One order covers several names and a wildcard for the board's key; records are deleted."""
    names = [f"kitchen.{ZONE}", f"hall.{ZONE}", f"*.{ZONE}"]
    domains = [word for name in names for word in ("--domain", name)]
    before = pins.load_pins()[0].public_key_pin
    code, told, messages = run(capsys, *by_hook, *domains)
    assert code == 0, messages
    assert (told["result"], told["new"], served_names(client)) == ("installed", True, set(names))
    assert told["certificate"]["public_key_pin"] == pins.load_pins()[0].public_key_pin == before
    leaf, issuer = x509.load_pem_x509_certificates(told["chain"].encode())
    assert isinstance(issuer.public_key(), rsa.RSAPublicKey)
    assert asked(hook) == ["present"] * 3 + ["cleanup"] * 3
    accepted = [accepted_by_a_client(client, ca, name) for name in (names[1], f"any.{ZONE}", "a.b")]
    assert accepted == [True, True, False]
    assert run(capsys, "acme", host, "--if-expiring", "30d")[1]["result"] == "not due"
    (board,) = run(capsys, "acme", "--renew")[1]["boards"]
    assert (board["host"], board["status"]) == (host, "not due")
    assert main(["acme", "--renew", "--if-expiring", "9000d"]) == 0
    assert capsys.readouterr().out.startswith(f"{host}: renewed, valid until ")
    again = x509.load_der_x509_certificate(client.served_certificate())
    assert again.serial_number != leaf.serial_number and served_names(client) == set(names)
    (key_file,) = (tmp_path / "acme" / "accounts").glob("localhost_*/account.key")
    load_pem_private_key(key_file.read_bytes(), None)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    for path in (tmp_path / "acme").rglob("*.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_board_that_went_away_gets_it_later(client, ca, by_hook, host, capsys):
    """A certificate that could not be installed is kept for the next run, which orders no other."""
    away = Error("kitchen is away")
    with mock.patch.object(delivery, "install", side_effect=away):
        code, told, _ = run(capsys, *by_hook, *_KITCHEN)
        assert (code, told["error"]["message"]) == (3, away.message)
    issued, said = orders(ca), []
    station = Station(acme=True, log=said.append)
    assert renew_acme(station) == "ACME: 1 board: 1 renewed" and orders(ca) == issued
    assert said == [f"ACME: {host}: renewed"]
    assert served_names(client) == {f"kitchen.{ZONE}"}
    assert SHELF.load(host).chains == []


def test_an_interrupted_order_is_taken_up(client, by_hook, hook, host, monkeypatch, capsys):
    """After Ctrl-C, the record is removed, and the next run continues the same order."""

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(obtain, "wait_seen", interrupt)
        assert run(capsys, *by_hook, *_KITCHEN)[0] == 130
    assert asked(hook) == ["present", "cleanup"]
    left = SHELF.load(host)
    assert left.order and left.records == []
    taken = []
    monkeypatch.setattr(obtain.ordering, "begin", lambda *_: taken.append("a new order"))
    assert run(capsys, "acme", host)[0] == 0
    assert taken == [] and served_names(client) == {f"kitchen.{ZONE}"}


def test_records_of_a_run_that_was_killed_are_removed(by_hook, hook, host, monkeypatch, capsys):
    """A record is noted before it is written to the DNS, so that a later run can remove it."""
    with monkeypatch.context() as patch:
        patch.setattr("boardcert_host.acme.records.remove_all", lambda _, written: written)
        patch.setattr(obtain, "wait_seen", lambda *_: (_ for _ in ()).throw(Error("killed")))
        assert run(capsys, *by_hook, *_KITCHEN)[0] == 3
    assert asked(hook) == ["present"] and len(SHELF.load(host).records) == 1
    assert run(capsys, "acme", host)[0] == 0
    assert asked(hook) == ["present", "cleanup", "present", "cleanup"]


def test_a_failed_hook_is_reported_without_the_value(by_hook, hook, host, capsys):
    """A failed hook may have written a record: each run asks it to remove that until it does."""
    right = hook.read_text()
    hook.write_text(f'#!/bin/sh\necho "$1 $2" >> {hook.with_suffix(".log")}\nexit 7\n')
    code, told, messages = run(capsys, *by_hook, *_KITCHEN)
    name = f"_acme-challenge.kitchen.{ZONE}"
    assert code == 3 and f"hook.sh present {name} failed with exit code 7" in messages
    assert asked(hook) == ["present", "cleanup"]
    assert f"the TXT record {name} may still be there" in messages
    ((_, value),) = SHELF.load(host).records
    assert value not in json.dumps(told) + messages
    code, told, _ = run(capsys, "acme", host, "--dns-hook", "/dev/null")
    assert code == 2 and "cannot run /dev/null" in told["error"]["message"]
    hook.write_text(right.replace("#!/bin/sh", '#!/bin/sh\ntest "$1" = present || exit 1'))
    hall = ["--domain", f"hall.{ZONE}"]
    code, told, messages = run(capsys, "acme", host, "--dns-hook", hook, *hall)
    assert code == 0, (told, messages)
    names = [name for name, _ in SHELF.load(host).records]
    assert names == [name, f"_acme-challenge.hall.{ZONE}"]
    hook.write_text(right)
    assert run(capsys, "acme", host)[0] == 0 and SHELF.load(host).records == []


def test_records_that_the_ca_does_not_find_are_named(by_hook, hook, host, monkeypatch, capsys):
    """The error names a record that the name servers lack, or that the CA cannot find."""
    right = hook.read_text()
    hook.write_text("#!/bin/sh\n")
    code, told, _ = run(capsys, *by_hook, *_KITCHEN, "--dns-wait", "0")
    assert code == 1 and "the resolver has no such record" in told["error"]["message"]
    with monkeypatch.context() as patch:
        patch.setattr(obtain, "wait_seen", lambda *_: None)
        code, told, _ = run(capsys, "acme", host)
    assert code == 1 and f"the proof for kitchen.{ZONE}: " in told["error"]["message"]
    hook.write_text(right)
    assert run(capsys, "acme", host, "--dns-wait", "60")[0] == 0  # This needs another order.


def test_a_board_on_a_cable_needs_no_network(by_hook, host, tmp_path, monkeypatch, capsys):
    """A board on a cable needs no network and no name here; its program is restarted each time."""
    cable = Cable(tmp_path / "cable")
    monkeypatch.setattr(mpremote, "run", cable.run)
    monkeypatch.setattr(usb_certificates, "run", cable.run)
    words = [*by_hook, *_KITCHEN, "--usb", PORT]
    words.remove(host)
    pins.forget_pin("localhost")
    code, told, messages = run(capsys, *words)
    assert (code, told.get("host")) == (0, "kitchen.local"), messages
    assert cable.tell("me.source") == "installed" and cable.starts == 3


def test_what_is_missing_is_asked_for(ca, by_hook, host, tmp_path, capsys):
    """Missing consent, CA, URL, names or DNS provider are each reported with the option to give."""
    dns = by_hook[-4:]
    start = ["acme", host, *_KITCHEN, *dns]
    code, told, _ = run(capsys, *start, *ca.options)
    assert code == 2 and "has terms of service, see data:text/plain" in told["error"]["message"]
    assert not list((tmp_path / "acme").rglob("account.key"))
    code, told, _ = run(capsys, *start, "--directory", ca.directory)
    assert code == 3 and "--directory-ca FILE" in told["error"]["hint"]
    wrong = ["--directory", ca.directory.replace("/dir", "/nothing"), *ca.options[2:]]
    code, told, _ = run(capsys, *start, *wrong)
    assert code == 3 and "an answer that is not ACME" in told["error"]["message"]
    code, told, _ = run(capsys, "acme", host, *dns)
    assert code == 2 and "no name was ordered" in told["error"]["message"]
    code, told, _ = run(capsys, "acme", host, *_KITCHEN)
    assert code == 2 and "--dns-hook PROGRAM" in told["error"]["hint"]
