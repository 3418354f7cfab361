"""`boardcert ca trust HOST` and later commands, with the firmware's own page and authority."""

import argparse
import json

import portal_server
import pytest
from boardcert_host.board import tokens
from boardcert_host.certificates.certificate import parse
from boardcert_host.cli import main
from boardcert_host.commands import with_board
from boardcert_host.commands.ca import trust_board
from boardcert_host.trust import kept_authorities, pins
from ca_cases import listed, make_nss
from cryptography.hazmat.primitives.serialization import Encoding

_NSS = ["--only", "nss", "--yes"]


@pytest.fixture
def client(tmp_path):
    """Serve the page of a known board that is its own authority."""
    directory = tmp_path / "data"
    directory.mkdir()
    (directory / "config.json").write_text(json.dumps({"chain": "authority"}))
    with portal_server.serving_page(directory) as found:
        report = json.loads(found.get("/api/identity"))
        pins.add_pin(f"localhost:{found.port}", report)
        tokens.keep_token("localhost", report["public_key_pin"], found.current_token())
        yield found


@pytest.mark.needs("certutil")
def test_it_is_trusted_replaced_and_removed(client, home, capsys):
    """The authority that the page serves is imported, and stays when the leaf is signed again.

    After a new key the board has another authority, which replaces the first one.
    """
    database, host = home / ".pki/nssdb", f"localhost:{client.port}"
    make_nss(database)
    assert main(["ca", "trust", host, *_NSS]) == 0
    (first,) = kept_authorities.kept([host])
    assert first.der == client.get("/authority.crt")
    assert main(["verify", host]) == 0
    assert "which this computer was told to trust" in capsys.readouterr().out
    assert main(["renew", host]) == 0
    assert "authority" not in capsys.readouterr().err
    assert main(["verify", host]) == 0
    assert "which this computer was told to trust" in capsys.readouterr().out
    assert main(["new-key", host, "--yes", "kitchen"]) == 0
    messages = capsys.readouterr().err
    assert f"boardcert ca trust {host} replaces the one that is trusted here" in messages
    assert main(["verify", host]) == 0
    assert "`boardcert ca trust` lets this computer trust it" in capsys.readouterr().out
    assert main(["ca", "trust", host, *_NSS]) == 0
    assert "its earlier authority removed" in capsys.readouterr().out
    (second,) = kept_authorities.kept([host])
    assert second.der == client.get("/authority.crt") != first.der
    assert [line.split()[2] for line in listed(database)] == [second.slug]
    assert main(["ca", "untrust", host, *_NSS]) == 0
    assert listed(database) == [] and kept_authorities.kept([host]) == []


@pytest.mark.needs("certutil")
def test_the_report_over_usb_says_the_same(client, home, monkeypatch, capsys):
    """With `--usb`, the authority in the report is compared with the served one."""
    make_nss(home / ".pki/nssdb")
    pins.forget_pin(f"localhost:{client.port}")
    report = json.loads(client.get("/api/identity"))
    monkeypatch.setattr(trust_board, "read_report", lambda port: report)
    words = ["ca", "trust", f"localhost:{client.port}", "--usb", "/dev/null", *_NSS]
    assert main(words) == 0
    report = report | {"authority": report["authority"] | {"fingerprint": ":".join(["AB"] * 32)}}
    assert main(words) == 1
    assert "the board on the cable has another authority" in capsys.readouterr().err


def test_what_is_left_to_do_is_said(client, home, capsys):
    """Hints tell what to do when a board gets an authority, and when it has none any more."""
    host = f"localhost:{client.port}"
    authority = parse(client.get("/authority.crt"))
    arguments = argparse.Namespace(host=host, name=None)
    said = with_board._say_authority
    names = {"names": ["kitchen.local"], "hostname": "kitchen"}
    said(arguments, {}, {"authority": {"fingerprint": "AB"}} | names)
    assert capsys.readouterr().err.endswith(f"next, on each computer: boardcert ca trust {host}\n")
    said(arguments, {"authority": {"fingerprint": "AB"}}, {"authority": None} | names)
    assert capsys.readouterr().err == ""
    kept = kept_authorities.keep(host, authority)
    assert kept.file.read_bytes().endswith(authority.public_bytes(Encoding.PEM))
    said(arguments, {"authority": {"fingerprint": "AB"}}, {"authority": None} | names)
    assert f"boardcert ca untrust {host}" in capsys.readouterr().err
