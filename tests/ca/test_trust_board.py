"""`boardcert ca trust HOST` and `untrust HOST`: a board's own authority, in real NSS databases."""

import io
import json
import os
import shutil
import ssl
import sys

import pytest
from authority_pair import NAMES, make_pair
from boardcert_host.certificates.certificate import describe, fingerprint, parse
from boardcert_host.cli import main
from boardcert_host.commands.ca import trust_board
from boardcert_host.trust import kept_authorities, nss_databases, pins, system_store
from boardcert_host.trust.anchors import Anchor, read_anchor
from ca_cases import listed, make_nss
from certificates import make, make_ca
from issued import issue, pem
from servers import tls_server

_HOST = "kitchen.local"
_PANTRY = "pantry.local"
_NSS = ["--only", "nss", "--yes"]


@pytest.fixture
def database(home):
    """Make Chromium's database in an empty home."""
    place = home / ".pki/nssdb"
    make_nss(place)
    return place


@pytest.fixture
def run(tmp_path, capsys):
    """Return a function that serves certificates and trusts their board: (exit code, out, err)."""

    def trust(identity, *chain, options=(), name=_HOST):
        with tls_server(identity, tmp_path, chain=chain) as port:
            words = ["ca", "trust", f"127.0.0.1:{port}", "--name", name, *options]
            code = main(words)
        found = capsys.readouterr()
        return code, found.out, found.err

    return trust


def _know(identity):
    pins.add_pin(_HOST, describe(parse(identity.der)), None, None)


@pytest.mark.needs("certutil")
def test_a_known_boards_authority_is_imported_and_taken_back(run, database, capsys):
    """The authority is imported for TLS servers only; `untrust` works without the board."""
    leaf, authority = make_pair()
    _know(leaf)
    code, out, err = run(leaf, authority, options=_NSS)
    assert (code, out) == (0, f"done     nss, {database}: added\n")
    end = parse(authority.der).not_valid_after_utc
    names = "kitchen.local, kitchen.boards.example, localhost, names below these, and any address"
    assert f"valid until {end:%Y-%m-%d}, for {names}" in err
    assert f"undo: boardcert ca untrust {_HOST}" in err
    (line,) = listed(database)
    assert line.startswith("kitchen authority boardcert-") and line.split()[-1] == "C,,"
    again = run(leaf, authority, options=_NSS)[1]
    assert again == f"kept     nss, {database}: already trusted\n"
    assert main(["ca", "untrust", _HOST, "--only", "nss", "--yes"]) == 0
    assert capsys.readouterr().out == f"done     nss, {database}: removed\n"
    assert listed(database) == []
    assert not kept_authorities.is_kept(parse(authority.der))  # No other store has it.


@pytest.mark.needs("certutil")
def test_the_pin_on_the_command_line_is_enough(run, database):
    """--pin suffices for an unknown board; another key is refused, and nothing is imported."""
    leaf, authority = make_pair()
    pin = describe(parse(leaf.der))["public_key_pin"]
    other = describe(parse(make_pair()[0].der))["public_key_pin"]
    code, _, err = run(leaf, authority, options=[*_NSS, "--pin", other])
    assert code == 1 and "pin matches: the server has" in err
    assert listed(database) == []
    assert run(leaf, authority, options=[*_NSS, "--pin", pin])[0] == 0
    assert len(listed(database)) == 1


@pytest.mark.needs("certutil")
def test_the_board_on_the_cable_is_enough(run, database, monkeypatch):
    """--usb suffices if the report matches the served certificate; another board's is refused."""
    leaf, authority = make_pair()
    report = describe(parse(leaf.der))
    monkeypatch.setattr(trust_board, "read_report", lambda port: report)
    assert run(leaf, authority, options=[*_NSS, "--usb", "/dev/null"])[0] == 0
    assert len(listed(database)) == 1
    report = describe(parse(make_pair()[0].der))
    code, _, err = run(leaf, authority, options=[*_NSS, "--usb", "/dev/null"])
    assert code == 1 and "another key than the board on the cable" in err


def test_a_stranger_is_not_trusted(run, home):
    """An unknown board is refused, as nothing shows that it is the intended one."""
    leaf, authority = make_pair()
    code, out, err = run(leaf, authority, options=_NSS)
    assert (code, out) == (1, "") and "is not a known board" in err
    assert "give --pin or --usb" in err
    assert not kept_authorities.is_kept(parse(authority.der))


def test_a_known_board_with_another_key_is_not_trusted(run, home):
    """A known board with another key is refused: an attacker's authority could have its name."""
    _know(make_pair()[0])
    leaf, authority = make_pair()
    code, _, err = run(leaf, authority, options=_NSS)
    assert code == 1 and "THE KEY CHANGED" in err


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"permitted": ["local", "localhost", "boards.example"]}, "may sign for all of local, "),
        ({"permitted": [*NAMES[:2], "localhost", "co.uk"]}, "may sign for all of co.uk, "),
        ({"permitted": ["pantry.local"]}, "own authority: it may not sign for kitchen.local"),
        ({"authority_days": (-20, -10)}, "own authority: it is valid from"),
    ],
)
def test_an_authority_out_of_bounds_is_refused(run, home, changes, fault):
    """An authority beyond the permitted limits is refused, as a known board may be compromised."""
    leaf, authority = make_pair(**changes)
    _know(leaf)
    code, _, err = run(leaf, authority, options=_NSS)
    assert code == 1 and fault in err


def test_a_board_that_signs_for_itself_is_told_how(run, home):
    """For a self-signed board, the hint names the setting that gives it an authority."""
    leaf = make()
    _know(leaf)
    code, _, err = run(leaf, options=_NSS)
    assert code == 1 and "it signs for itself alone" in err
    assert "chain=authority gives it one" in err


@pytest.mark.needs("certutil")
def test_a_companys_ca_is_not_fetched_from_a_board(run, home, tmp_path, monkeypatch):
    """A company's CA is not imported from a board, as it vouches for more than this board."""
    ca = make_ca()
    leaf = issue(ca, name=_HOST)
    (tmp_path / "trusted.pem").write_bytes(pem(ca))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    _know(leaf)
    code, _, err = run(leaf, ca, options=_NSS)
    assert code == 1 and "its certificate is of CN=Test CA" in err
    assert "boardcert ca trust FILE" in err


@pytest.mark.needs("certutil")
def test_a_new_authority_takes_the_place_of_the_earlier_one(run, database, capsys):
    """After a reset and a new pin, the new authority replaces the earlier one."""
    first, second = make_pair(), make_pair()
    _know(first[0])
    assert run(*first, options=["--yes", "--only", "nss"])[0] == 0
    pins.forget_pin(_HOST)
    _know(second[0])
    code, out, _ = run(*second, options=["--yes", "--only", "nss"])
    assert code == 0
    assert out.splitlines() == [
        f"done     nss, {database}: added",
        f"done     nss, {database}: its earlier authority removed",
    ]
    (line,) = listed(database)
    assert line.startswith(Anchor(parse(second[1].der), database).title)


@pytest.mark.needs("certutil")
def test_a_renamed_boards_authority_is_replaced_and_taken_back(run, database, capsys):
    """A renamed board's authority follows its pin, with its ports, and is replaced or removed."""
    first, second = make_pair(), make_pair(names=[_PANTRY])
    _know(first[0])
    assert run(*first, options=_NSS)[0] == 0
    kept_authorities.keep(f"{_HOST}:20034", parse(first[1].der))
    assert main(["rename", _HOST, "pantry"]) == 0
    assert kept_authorities.kept([_HOST, f"{_HOST}:20034"]) == []
    assert kept_authorities.kept([_PANTRY]) == kept_authorities.kept([f"{_PANTRY}:20034"])
    pins.forget_pin(_PANTRY)
    pins.add_pin(_PANTRY, describe(parse(second[0].der)), None, None)
    code, out, _ = run(*second, options=_NSS, name=_PANTRY)
    assert code == 0 and f"nss, {database}: its earlier authority removed" in out
    (line,) = listed(database)
    assert line.startswith(Anchor(parse(second[1].der), database).title)
    assert main(["ca", "untrust", _PANTRY, *_NSS]) == 0
    assert listed(database) == []


def test_it_is_only_saved_when_that_is_wanted(run, home, tmp_path):
    """It can be saved only, to a new file or standard output; no store is changed."""
    leaf, authority = make_pair()
    _know(leaf)
    code, out, _ = run(leaf, authority, options=["--print"])
    assert code == 0
    assert ssl.PEM_cert_to_DER_cert(out) == authority.der
    file = tmp_path / "kitchen.crt"
    assert run(leaf, authority, options=["-o", str(file)])[0] == 0
    assert ssl.PEM_cert_to_DER_cert(file.read_text()) == authority.der
    code, _, err = run(leaf, authority, options=["-o", str(file)])
    assert code == 3 and "exists already" in err
    assert not kept_authorities.is_kept(parse(authority.der))


@pytest.mark.needs("certutil")
@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("", 1)])
def test_a_person_is_asked(run, database, monkeypatch, answer, code):
    """The question says what the authority may sign, until when, and what that means."""
    leaf, authority = make_pair()
    _know(leaf)
    terminal = io.StringIO(answer)
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", terminal)
    found, _, err = run(leaf, authority, options=["--only", "nss"])
    assert found == code
    assert fingerprint(authority.der) in err
    assert (
        "kitchen.local, kitchen.boards.example, localhost, names below these, and any address"
        in err
    )
    assert "anyone who can read the keys of this board can then impersonate" in err
    assert len(listed(database)) == (1 if code == 0 else 0)
    assert kept_authorities.is_kept(parse(authority.der)) == (code == 0)


@pytest.mark.needs("certutil")
def test_json_names_the_board_the_authority_and_each_store(run, database):
    """The JSON output names the board, the authority, each store, and the copy for `untrust`."""
    leaf, authority = make_pair()
    _know(leaf)
    code, out, _ = run(leaf, authority, options=[*_NSS, "--json"])
    data = json.loads(out)
    (kept,) = kept_authorities.kept([_HOST])
    assert code == 0 and data["host"] == _HOST
    assert data["authorities"] == [{"ca": kept.title, "file": str(kept.file)}]
    store = {"store": f"nss, {database}", "status": "done", "detail": "added"}
    assert data["stores"] == [store]


def test_what_an_administrator_has_to_do_is_said_and_kept(run, home, tmp_path, monkeypatch, capsys):
    """The command for the administrator names the copy, which stays until it has been run."""
    folder = tmp_path / "root/etc/pki/ca-trust/source/anchors"
    folder.mkdir(parents=True)
    change = system_store.change_system
    monkeypatch.setattr(
        system_store, "change_system", lambda anchor, on: change(anchor, on, tmp_path / "root")
    )
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/sbin/{name}")
    leaf, authority = make_pair()
    _know(leaf)
    monkeypatch.setattr("os.access", lambda path, mode: mode != os.W_OK)
    code, out, _ = run(leaf, authority, options=["--only", "system", "--yes"])
    (kept,) = kept_authorities.kept([_HOST])
    assert code == 3 and f"ca trust {kept.file} --only system --yes" in out
    (folder / f"{kept.slug}.pem").write_bytes(kept.pem)
    assert main(["ca", "untrust", _HOST, "--yes"]) == 3
    assert f"ca untrust {kept.file} --only system --yes" in capsys.readouterr().out
    assert kept_authorities.kept([_HOST]) == [kept]
    (folder / f"{kept.slug}.pem").unlink()
    assert main(["ca", "untrust", _HOST, "--yes"]) == 0
    assert kept_authorities.kept([_HOST]) == []


@pytest.mark.needs("certutil")
def test_a_copy_stays_while_a_store_that_was_passed_over_has_it(run, database, monkeypatch, capsys):
    """The copy stays while a skipped store has the authority: nothing else would record that."""
    leaf, authority = make_pair()
    _know(leaf)
    assert run(leaf, authority, options=_NSS)[0] == 0
    (kept,) = kept_authorities.kept([_HOST])
    which = shutil.which
    monkeypatch.setattr(
        nss_databases.shutil, "which", lambda name: None if name == "certutil" else which(name)
    )
    assert run(leaf, authority, options=_NSS)[0] == 3  # The second time, no store is available.
    assert kept_authorities.kept([_HOST]) == [kept]
    main(["ca", "untrust", _HOST, "--yes"])
    assert "certutil is missing" in capsys.readouterr().out
    assert kept_authorities.kept([_HOST]) == [kept] and len(listed(database)) == 1
    monkeypatch.setattr(nss_databases.shutil, "which", which)
    assert main(["ca", "untrust", _HOST, "--yes"]) == 0
    assert kept_authorities.kept([_HOST]) == [] and listed(database) == []


def test_a_copy_is_found_by_each_name_of_its_board(home):
    """The copy is found by each name of its board, with or without a port, as a file."""
    authority = parse(make_pair()[1].der)
    for host in (_HOST, f"{_HOST}:20034", "[fd00::7]:443"):
        kept = kept_authorities.keep(host, authority)
    assert kept_authorities.kept([f"{_HOST}:20034"]) == kept_authorities.kept([_HOST]) == [kept]
    assert kept_authorities.kept(["pantry.local"]) == []
    assert read_anchor(kept.file) == kept
    kept_authorities.forget(kept)
    assert not kept_authorities.is_kept(authority)


def test_what_was_not_imported_cannot_be_taken_back(home, capsys):
    """If nothing was imported, the hint suggests a similar known name."""
    _know(make_pair()[0])
    assert main(["ca", "untrust", "kitchne.local", "--yes"]) == 1
    assert f"did you mean {_HOST}?" in capsys.readouterr().err
    assert main(["ca", "untrust", _HOST, "--yes"]) == 1
    err = capsys.readouterr().err
    assert f"no authority of {_HOST} was imported here" in err
    assert "did you mean" not in err and "boardcert ca untrust FILE" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trust", "--pin", "sha256//"], "--pin belongs to a HOST"),
        (["trust", "-o", "x"], "--output belongs to a HOST"),
        (["trust", _HOST, "--print", "-o", "x"], "do not go together"),
        (["trust", "kitchen local"], "not a HOST or HOST:PORT"),
        (["untrust", "--name", _HOST], "--name belongs to a HOST"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(home, capsys, words, message):
    """Options that exclude each other are a usage error, before a board is contacted."""
    assert main(["ca", *words]) == 2
    assert message in capsys.readouterr().err
