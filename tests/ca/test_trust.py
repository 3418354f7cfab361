"""`boardcert ca trust` and `untrust`: real stores of NSS, Java and Debian in test folders."""

import hashlib
import re
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import certificates
import pytest
from authority_pair import make_pair
from boardcert_host.certificates.certificate import parse
from boardcert_host.trust import java_store, nss_databases, system_store
from boardcert_host.trust.anchors import DONE, FAILED, KEPT, SKIPPED, Anchor
from ca_cases import listed, make_nss


def statuses(outcomes):
    """Return the statuses alone."""
    return [outcome.status for outcome in outcomes]


@pytest.mark.needs("certutil")
def test_every_nss_database_gets_the_ca_and_loses_it(home, anchor):
    """Chromium's store and each Firefox profile get the CA once, and lose it again."""
    places = [home / ".pki/nssdb", home / ".mozilla/firefox/a.default"]
    places += [home / "snap/firefox/common/.mozilla/firefox/b.default"]
    make_nss(*places)
    (home / ".mozilla/firefox/Crash Reports").mkdir()  # This is not a profile.
    outcomes = nss_databases.change_nss(anchor, True)
    assert statuses(outcomes) == [DONE] * 3
    assert [outcome.store for outcome in outcomes] == [f"nss, {place}" for place in places]
    for place in places:
        (line,) = listed(place)
        assert line.startswith(anchor.title) and line.split()[-1] == "C,,"
    assert statuses(nss_databases.change_nss(anchor, True)) == [KEPT] * 3
    assert statuses(nss_databases.change_nss(anchor, False)) == [DONE] * 3
    assert [listed(place) for place in places] == [[], [], []]
    assert statuses(nss_databases.change_nss(anchor, False)) == [KEPT] * 3


@pytest.mark.needs("certutil")
def test_untrust_leaves_other_cas_alone(home, anchor, tmp_path):
    """`untrust` removes no other CA, even one stored under this CA's name."""
    place = home / ".pki/nssdb"
    make_nss(place)
    other = tmp_path / "other.pem"
    other.write_text(ssl.DER_cert_to_PEM_cert(certificates.make_ca().der))
    command = ["certutil", "-A", "-d", f"sql:{place}", "-n", anchor.title, "-t", "C,,", "-i", other]
    subprocess.run(command, check=True)
    assert statuses(nss_databases.change_nss(anchor, False)) == [KEPT]
    assert len(listed(place)) == 1


@pytest.mark.needs("certutil")
def test_what_was_imported_by_hand_is_found(home, anchor, tmp_path):
    """A CA imported by hand under another name is found by its content, as in Java."""
    place = home / ".pki/nssdb"
    make_nss(place)
    file = tmp_path / "ca.crt"
    file.write_bytes(anchor.pem)
    command = ["certutil", "-A", "-d", f"sql:{place}", "-n", "my own CA", "-i", file, "-t"]
    subprocess.run([*command, ",,"], check=True)
    assert statuses(nss_databases.change_nss(anchor, False)) == [KEPT]
    assert statuses(nss_databases.change_nss(anchor, True)) == [DONE]
    assert statuses(nss_databases.change_nss(anchor, True)) == [KEPT]
    (line,) = listed(place)
    assert line.startswith("my own CA") and line.split()[-1] == "C,,"
    assert statuses(nss_databases.change_nss(anchor, False)) == [DONE]
    assert listed(place) == []


@pytest.mark.needs("certutil")
def test_cas_of_the_same_name_are_told_apart(home):
    """CAs with one name, such as a board's old and new authority, are told apart by content."""
    place = home / ".pki/nssdb"
    make_nss(place)
    first, *others = (Anchor(parse(make_pair()[1].der), home) for _ in range(6))
    for anchor in (first, *others):
        assert statuses(nss_databases.change_nss(anchor, True)) == [DONE]
        assert statuses(nss_databases.change_nss(anchor, True)) == [KEPT]
    assert statuses(nss_databases.change_nss(first, False)) == [DONE]
    assert statuses(nss_databases.change_nss(first, False)) == [KEPT]
    for anchor in others:
        assert statuses(nss_databases.change_nss(anchor, True)) == [KEPT]
    assert len(listed(place)) == len(others)


@pytest.mark.needs("certutil")
def test_a_database_that_cannot_be_written_is_told_as_failed(home, anchor):
    """A database that cannot be written is reported as failed, with certutil's message."""
    place = home / ".pki/nssdb"
    make_nss(place)
    (place / "cert9.db").write_bytes(b"damaged")
    (outcome,) = nss_databases.change_nss(anchor, True)
    assert outcome.status == FAILED and "certutil" in outcome.detail


def test_without_databases_or_certutil_nss_is_skipped(home, anchor, monkeypatch):
    """Without databases or certutil, NSS is skipped with the reason and a hint."""
    (outcome,) = nss_databases.change_nss(anchor, True)
    assert outcome.status == SKIPPED and "start Firefox or Chromium once" in outcome.detail
    place = home / ".pki/nssdb"
    place.mkdir(parents=True)
    (place / "cert9.db").touch()
    monkeypatch.setattr(shutil, "which", lambda name: None)
    (outcome,) = nss_databases.change_nss(anchor, True)
    assert outcome.status == SKIPPED and "install libnss3-tools" in outcome.detail


def java_listing(path):
    """Return keytool's list, with the aliases in lower case."""
    command = ["keytool", "-list", "-keystore", path, "-storepass", "changeit"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.lower()


@pytest.fixture
def java(tmp_path, monkeypatch):
    """Make a Java of the test's own: the real keytool, and a store with another CA."""
    home = tmp_path / "java"
    (home / "bin").mkdir(parents=True)
    keytool = home / "bin" / "keytool"
    keytool.write_text(f'#!/bin/sh\nexec {shutil.which("keytool")} "$@"\n')
    keytool.chmod(0o755)
    store = home / "lib/security/cacerts"
    store.parent.mkdir(parents=True)
    other = tmp_path / "other.pem"
    other.write_text(ssl.DER_cert_to_PEM_cert(certificates.make_ca().der))
    add = [keytool, "-importcert", "-noprompt", "-alias", "other", "-file", other]
    add += ["-keystore", store, "-storepass", "changeit"]
    subprocess.run(add, check=True, capture_output=True)
    monkeypatch.setenv("JAVA_HOME", str(home))
    return store


@pytest.mark.needs("keytool")
def test_java_trusts_the_ca_and_forgets_it(anchor, java, tmp_path):
    """`untrust` keeps the other CA, and removes this one from under Debian's alias as well."""
    assert statuses(java_store.change_java(anchor, True)) == [DONE]
    assert f"{anchor.slug}, " in java_listing(java)
    assert statuses(java_store.change_java(anchor, True)) == [KEPT]
    add = ["keytool", "-importcert", "-noprompt", "-alias", "debian:ours.pem"]
    add += ["-file", str(anchor.file), "-keystore", str(java), "-storepass", "changeit"]
    subprocess.run(add, check=True, capture_output=True)
    assert statuses(java_store.change_java(anchor, False)) == [DONE]
    left = java_listing(java)
    assert "1 entry" in left and "other, " in left
    assert statuses(java_store.change_java(anchor, False)) == [KEPT]


def test_without_java_it_is_skipped(anchor, tmp_path, monkeypatch):
    """Java is skipped if it is missing or has no store."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    (outcome,) = java_store.change_java(anchor, True)
    assert (outcome.status, outcome.detail) == (SKIPPED, "Java is not installed")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    (outcome,) = java_store.change_java(anchor, True)
    assert outcome.status == SKIPPED and "no cacerts" in outcome.detail


@pytest.fixture
def debian(tmp_path, monkeypatch):
    """Make Debian's store in a test folder, managed by its real program."""
    root, program = tmp_path / "root", shutil.which("update-ca-certificates", path=_SBIN)
    local = root / "usr/local/share/ca-certificates"
    for folder in (local, root / "certs", root / "hooks", root / "share", tmp_path / "bin"):
        folder.mkdir(parents=True)
    (root / "conf").write_text("\n")
    shim = tmp_path / "bin" / "update-ca-certificates"
    places = f"--localcertsdir {local} --etccertsdir {root}/certs --hooksdir {root}/hooks"
    places += f" --certsconf {root}/conf --certsdir {root}/share"
    shim.write_text(f'#!/bin/sh\nexec {program} {places} "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{_SBIN}")
    return root


_SBIN = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@pytest.mark.needs("update-ca-certificates")
def test_debians_store_gets_the_ca_and_loses_it(anchor, debian):
    """The CA is added to the bundle that programs read, and removed without a trace."""
    bundle = debian / "certs" / "ca-certificates.crt"
    other = ssl.DER_cert_to_PEM_cert(certificates.make_ca().der).encode()
    (debian / "usr/local/share/ca-certificates" / "a.crt").write_bytes(other)
    (outcome,) = system_store.change_system(anchor, True, debian)
    assert outcome.status == DONE and f"{anchor.slug}.crt" in outcome.detail
    assert bundle.read_bytes() == other + anchor.pem
    assert statuses(system_store.change_system(anchor, True, debian)) == [KEPT]
    assert statuses(system_store.change_system(anchor, False, debian)) == [DONE]
    assert bundle.read_bytes() == other
    assert [path for path in (debian / "certs").iterdir() if anchor.slug in path.name] == []
    assert statuses(system_store.change_system(anchor, False, debian)) == [KEPT]


@pytest.mark.parametrize(
    ("folder", "file", "program"),
    [
        ("etc/pki/ca-trust/source/anchors", ".pem", "update-ca-trust extract"),
        ("etc/ca-certificates/trust-source/anchors", ".crt", "trust extract-compat"),
        ("usr/share/pki/trust/anchors", ".pem", "update-ca-certificates "),
    ],
)
def test_other_distributions_have_their_folders_and_programs(
    anchor, tmp_path, monkeypatch, folder, file, program
):
    """Fedora, Arch, SUSE: the file is written and their program run; if that fails, it is gone."""
    words = program.split()
    (tmp_path / "root" / folder).mkdir(parents=True)
    shim = tmp_path / words[0]
    shim.write_text(f'#!/bin/sh\necho "$0 $@" >> {tmp_path}/ran\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    path = tmp_path / "root" / folder / f"{anchor.slug}{file}"
    change = system_store.change_system
    assert statuses(change(anchor, True, tmp_path / "root")) == [DONE]
    assert path.read_bytes() == anchor.pem
    assert statuses(change(anchor, False, tmp_path / "root")) == [DONE]
    assert not path.exists()
    ran = (tmp_path / "ran").read_text().splitlines()
    assert ran == [f"{tmp_path}/{program}"] * 2
    shim.write_text("#!/bin/sh\necho no space left >&2\nexit 1\n")
    (outcome,) = change(anchor, True, tmp_path / "root")
    assert outcome.status == FAILED and "no space left" in outcome.detail
    assert not path.exists()


@pytest.mark.parametrize("found", [None, "/usr/sbin/update-ca-trust"])
def test_a_store_of_the_administrators_names_the_command(anchor, tmp_path, monkeypatch, found):
    """A system store is not written without rights: the complete command is printed instead."""
    folder = tmp_path / "root/etc/pki/ca-trust/source/anchors"
    folder.mkdir(parents=True)
    monkeypatch.setattr(shutil, "which", lambda name: found)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    (outcome,) = system_store.change_system(anchor, True, tmp_path / "root")
    assert outcome.status == SKIPPED
    words = outcome.detail.partition("sudo ")[2].split()
    assert words[1:] == ["ca", "trust", str(anchor.file), "--only", "system", "--yes"]
    assert Path(words[0]).name == "boardcert" and Path(words[0]).exists()
    assert list(folder.iterdir()) == []


def test_a_store_without_its_program_is_skipped(anchor, tmp_path, monkeypatch):
    """No file is written if the program that would read it is missing."""
    folder = tmp_path / "usr/local/share/ca-certificates"
    folder.mkdir(parents=True)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    (outcome,) = system_store.change_system(anchor, True, tmp_path)
    assert (outcome.status, outcome.detail) == (SKIPPED, "no update-ca-certificates here")
    assert list(folder.iterdir()) == []


_KEYCHAIN = "/Library/Keychains/System.keychain"
_ADD_ON_MACOS = f"security add-trusted-cert -d -r trustRoot -k {_KEYCHAIN} FILE"


@pytest.mark.parametrize(
    ("platform", "is_administrator", "look", "add", "remove"),
    [
        (
            "darwin",
            False,
            "security verify-cert -c FILE",
            _ADD_ON_MACOS,
            f"security delete-certificate -Z SHA1 -t {_KEYCHAIN}",
        ),
        (
            "win32",
            True,
            "certutil -store Root SHA1",
            "certutil -addstore -f Root FILE",
            "certutil -delstore Root SHA1",
        ),
        (
            "win32",
            False,
            "certutil -user -store Root SHA1",
            "certutil -user -addstore -f Root FILE",
            "certutil -user -delstore Root SHA1",
        ),
    ],
)
def test_macos_and_windows_have_their_command_lines(
    anchor, tmp_path, monkeypatch, platform, is_administrator, look, add, remove
):
    """The command lines for macOS and Windows are as documented; both systems are untested."""
    state, ran = tmp_path / "trusted", tmp_path / "ran"
    shim = tmp_path / look.split()[0]
    shim.write_text(
        f"""#!/bin/sh
echo "${{0##*/}} $@" >> {ran}
case "$*" in *-addstore*|add-*) : > {state};; *-delstore*|delete-*) rm {state};; esac
case "$*" in *-store*|verify-*) [ -e {state} ];; esac
"""
    )
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(system_store, "_is_administrator", lambda: is_administrator)
    monkeypatch.setattr(sys, "platform", platform)
    for trusted, expected in ((True, [DONE, KEPT]), (False, [DONE, KEPT])):
        found = [system_store.change_system(anchor, trusted) for _ in range(2)]
        assert [one.status for (one,) in found] == expected
    sha1 = hashlib.sha1(anchor.der).hexdigest().upper()  # noqa: S324 (as these programs name it)
    lines = [re.sub(r"/\S+\.crt", "FILE", line) for line in ran.read_text().splitlines()]
    lines = [line.replace(sha1, "SHA1") for line in lines]
    assert lines == [look, add, look, look, remove, look]


def test_an_unknown_system_is_skipped(anchor, tmp_path):
    """An unknown system is skipped with a reason."""
    (outcome,) = system_store.change_system(anchor, True, tmp_path)
    assert (outcome.status, outcome.detail) == (SKIPPED, "no known kind of store")
