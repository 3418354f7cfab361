"""Boards with their own authority in `verify`, `pin`, `scan` and `show`.

The certificates are made by the firmware's own code.
"""

import json
from datetime import datetime, timedelta, timezone

import pytest
from authority_pair import UNIT, make_pair
from boardcert_host.ca.board_authority import (
    constrained_to,
    excess,
    faults,
    find_authority,
    is_boards_own,
)
from boardcert_host.certificates.certificate import describe, fingerprint, parse
from boardcert_host.cli import main
from boardcert_host.scan.servers import has_boards_form
from boardcert_host.trust import kept_authorities, pins
from certificates import Identity, make, make_ca
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from issued import issue, pem
from servers import tls_server

_NOW = datetime.now(timezone.utc)
_SERVERS = ExtendedKeyUsageOID.SERVER_AUTH


@pytest.fixture
def verify(tmp_path, capsys):
    """Return a function that serves a pair and verifies it: (exit code, the host's JSON)."""

    def run(leaf, *chain, name="kitchen.local", more=()):
        with tls_server(leaf, tmp_path, chain=chain) as port:
            code = main(["verify", f"127.0.0.1:{port}", "--name", name, "--json", *more])
        (host,) = json.loads(capsys.readouterr().out)["hosts"]
        checks = {check["id"]: (check["status"], check["detail"]) for check in host["checks"]}
        return code, host | {"checks": checks}

    return run


def test_a_board_with_its_own_authority_is_valid(verify):
    """The board passes every check without --ca, and the authority is described."""
    leaf, authority = make_pair()
    code, host = verify(leaf, authority)
    assert code == 0, host
    status, detail = host["checks"]["chain"]
    end = parse(authority.der).not_valid_after_utc
    assert status == "pass" and detail.startswith(f"its own authority, valid until {end:%Y-%m-%d}")
    assert "`boardcert ca trust` lets this computer trust it" in detail
    issuer = f"issued by serialNumber={UNIT},CN=kitchen authority"
    assert host["checks"]["self_signature"] == ("skip", issuer)
    assert host["checks"]["lifetime"] == ("pass", "397 days")
    assert host["authority"] == {
        "fingerprint": fingerprint(authority.der),
        "not_after": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "permitted_names": ["kitchen.local", "kitchen.boards.example", "localhost"],
    }


def test_once_imported_that_is_said(verify):
    """An imported authority is recognised by this very certificate, not by an earlier one."""
    leaf, authority = make_pair()
    kept_authorities.keep("kitchen.local", parse(make_pair()[1].der))
    assert "`boardcert ca trust`" in verify(leaf, authority)[1]["checks"]["chain"][1]
    kept_authorities.keep("kitchen.local", parse(authority.der))
    assert verify(leaf, authority)[1]["checks"]["chain"][1].endswith("was told to trust")


def test_a_person_reads_it_in_the_first_line(tmp_path, capsys):
    """The first line names the board's own authority, and not for a self-signed board."""
    leaf, authority = make_pair()
    with tls_server(leaf, tmp_path, chain=(authority,)) as port:
        assert main(["verify", f"127.0.0.1:{port}"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first == f"127.0.0.1:{port}: valid, by its own authority"
    with tls_server(make(), tmp_path) as port:
        assert main(["verify", f"127.0.0.1:{port}"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"127.0.0.1:{port}: valid"


def test_a_pin_holds_across_the_change(verify):
    """If a self-signed board gets an authority, its key and its pin stay the same."""
    key = ec.generate_private_key(ec.SECP384R1())
    leaf, authority = make_pair(key=key)
    own = make(key=key)
    pins.add_pin("kitchen.local", _facts(own), 443, None)
    code, host = verify(leaf, authority)
    assert (code, host["checks"]["known"][0]) == (0, "pass")
    assert "with a new certificate for the same key" in host["checks"]["known"][1]
    other = make_pair(authority_key=authority.key)
    code, host = verify(*other)
    assert (code, host["checks"]["known"][0]) == (1, "fail")
    assert host["reasons"][0] == "changed key"


def _facts(identity):
    return describe(parse(identity.der))


def test_a_served_authority_that_did_not_sign_is_told(verify):
    """An authority with the right name but another key is reported."""
    leaf, authority = make_pair(signer=ec.generate_private_key(ec.SECP384R1()))
    code, host = verify(leaf, authority)
    expected = "of the board's own authority: it has not signed the board's certificate"
    assert (code, host["checks"]["chain"]) == (1, ("fail", expected))
    assert host["reasons"] == ["not trusted"]


def test_without_its_authority_a_leaf_is_of_an_unknown_ca(verify):
    """A leaf sent without its authority is from an unknown CA."""
    leaf, _ = make_pair()
    code, host = verify(leaf)
    assert (code, host["authority"]) == (1, None)
    assert "not trusted here" in host["checks"]["self_signature"][1]


def test_another_ca_is_no_authority_of_a_boards_own(verify):
    """A company's CA that sends its root still needs --ca."""
    ca = make_ca()
    code, host = verify(issue(ca), ca, name="localhost")
    assert (code, host["authority"]) == (1, None)
    assert host["checks"]["chain"][0] == "skip"


def test_with_ca_openssl_decides(verify, tmp_path):
    """With --ca, OpenSSL decides: the board's authority is accepted, another board's is not."""
    leaf, authority = make_pair()
    file = tmp_path / "authority.pem"
    file.write_bytes(pem(authority))
    code, host = verify(leaf, authority, more=["--ca", str(file)])
    assert (code, host["checks"]["chain"]) == (0, ("pass", f"trusted by {file}"))
    file.write_bytes(pem(make_pair()[1]))
    code, host = verify(leaf, authority, more=["--ca", str(file)])
    assert (code, host["checks"]["chain"][0]) == (1, "fail")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"permitted": ["pantry.local"]}, "it may not sign for kitchen.local"),
        ({"authority_days": (-20, -10)}, "it is valid from "),
        ({"authority_days": (-1, 3700)}, "it is valid for more than ten years"),
        ({"signer": ec.generate_private_key(ec.SECP384R1())}, "it has not signed the board's"),
    ],
)
def test_what_keeps_an_authority_from_being_trusted(changes, fault):
    """Each fault of an authority has its own reason."""
    leaf, authority = (parse(one.der) for one in make_pair(**changes))
    found = faults(authority, leaf, _NOW)
    assert any(fault in one for one in found), found


@pytest.mark.parametrize("base", ["local", "boards.example", "com", "co.uk", "bank.test"])
def test_an_authority_for_more_than_the_board_is_a_warning(verify, base):
    """An authority that permits more names is a warning, and `ca trust` refuses it."""
    permitted = [base, "kitchen.local", "kitchen.boards.example", "localhost"]
    code, host = verify(*make_pair(permitted=permitted))
    status, detail = host["checks"]["chain"]
    assert (code, status) == (0, "warn") and f"may sign for all of {base}" in detail


@pytest.mark.parametrize(
    ("names", "permitted"),
    [
        (["kitchen.local", "kitchen"], ["kitchen.local", "kitchen"]),
        (["com", "kitchen.local"], ["com", "kitchen.local"]),
        (["board.co.uk"], ["board.co.uk", "bank.co.uk"]),
        (["board.github.io"], ["board.github.io", "other.github.io"]),
    ],
)
def test_a_name_below_which_others_have_theirs_is_too_wide(names, permitted):
    """Permitting a public suffix is too wide, even if the board is called kitchen."""
    leaf, authority = (parse(one.der) for one in make_pair(names, permitted=permitted))
    (found,) = excess(authority, leaf)
    assert found == f"all of {permitted[0 if permitted[0] == 'com' else 1]}"


def test_a_key_for_both_is_refused():
    """A key used for both authority and board is refused."""
    key = ec.generate_private_key(ec.SECP384R1())
    leaf, authority = (parse(one.der) for one in make_pair(key=key, authority_key=key))
    assert faults(authority, leaf, _NOW) == [
        "it has the board's own key, which programs on the board use"
    ]


def test_other_cas_have_the_faults_of_their_kind():
    """No limits, subordinate CAs, and other usages are faults."""
    ca = make_ca()
    found = faults(parse(ca.der), parse(issue(ca).der), _NOW)
    assert found == [
        "its basicConstraints are not those of a CA for end entities alone",
        "its key may be used for more than signing certificates",
    ]
    assert excess(parse(ca.der), parse(issue(ca).der)) == ["programs and mail", "every name"]


def test_names_that_the_board_had_are_no_fault():
    """Former names are no fault, as an authority stays when names below it are removed."""
    permitted = ["kitchen.local", "pantry.local"]
    leaf, authority = (
        parse(one.der)
        for one in make_pair(["kitchen.local", "a.kitchen.local"], permitted=permitted)
    )
    assert faults(authority, leaf, _NOW) == []
    assert excess(authority, leaf) == []
    assert constrained_to(authority) == permitted
    assert faults(authority, leaf, _NOW + timedelta(days=3000)) == []


@pytest.mark.parametrize("purposes", [None, [_SERVERS, ExtendedKeyUsageOID.CODE_SIGNING]])
def test_an_authority_for_more_than_tls_is_a_warning(verify, purposes):
    """An authority that may sign programs or mail is a warning, as names do not limit these."""
    leaf, authority = make_pair()
    read = parse(authority.der)
    builder = x509.CertificateBuilder(read.issuer, read.subject, read.public_key(), 7)
    builder = builder.not_valid_before(read.not_valid_before_utc)
    builder = builder.not_valid_after(read.not_valid_after_utc)
    for one in read.extensions:
        if not isinstance(one.value, x509.ExtendedKeyUsage):
            builder = builder.add_extension(one.value, one.critical)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), False)
    signed = builder.sign(authority.key, hashes.SHA384()).public_bytes(Encoding.DER)
    code, host = verify(leaf, Identity(authority.key, signed))
    status, detail = host["checks"]["chain"]
    assert (code, status) == (0, "warn") and "may sign for programs and mail;" in detail


@pytest.mark.parametrize(
    "name", ["\nkitchen authority", "token:kitchen authority", "-d authority", "kitchen  authority"]
)
def test_a_name_that_stores_would_not_find_again_is_no_boards(name):
    """A name by which stores could not find the authority again is refused."""
    number = x509.NameAttribute(NameOID.SERIAL_NUMBER, UNIT)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kitchen"), number])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), number])
    assert not is_boards_own(issuer, subject)
    assert is_boards_own(parse(make_pair()[1].der).subject, subject)


def test_it_is_found_by_its_form_alone():
    """It is recognised as a second certificate named after the leaf's board."""
    leaf, authority = make_pair()
    chain = [leaf.der, authority.der]
    found = find_authority(chain)
    assert found == parse(authority.der)
    for other in ([leaf.der], [*chain, authority.der], [authority.der, leaf.der], [b"", b""]):
        assert find_authority(other) is None


def test_a_scan_recognises_the_leaf():
    """A scan recognises the leaf by names and number, unless another CA has signed it."""
    leaf, _ = make_pair()
    assert has_boards_form(parse(leaf.der))
    assert not has_boards_form(parse(issue(make_ca()).der))


def test_show_prints_both(tmp_path, capsys):
    """`show` prints the leaf, signed by the authority, and the authority's limits."""
    leaf, authority = make_pair()
    with tls_server(leaf, tmp_path, chain=(authority,)) as port:
        assert main(["show", f"127.0.0.1:{port}"]) == 0
    output = capsys.readouterr().out
    assert "valid: made by certificate 2" in output and "valid: self-signed" in output
    assert "kitchen.boards.example" in output.partition("certificate 2 of 2")[2]


def test_pin_add_takes_it(tmp_path, capsys):
    """`pin add` stores the pin of the leaf's key."""
    leaf, authority = make_pair()
    pin = _facts(leaf)["public_key_pin"]
    with tls_server(leaf, tmp_path, chain=(authority,)) as port:
        assert main(["pin", "add", f"127.0.0.1:{port}", "--pin", pin]) == 0
    assert f"pinned, {pin}" in capsys.readouterr().out
