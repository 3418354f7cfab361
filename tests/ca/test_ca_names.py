"""Names, and a CA's limits for them: RFC 5280 name constraints."""

import ipaddress
import subprocess

import micropython_server
import pytest
from boardcert_host.ca import authorities
from boardcert_host.ca.names import make_constraints, may_claim, parse_name
from boardcert_host.errors import Error
from ca_cases import NOW, extension, issue, request
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


@pytest.fixture(scope="module")
def limited():
    """Return a CA for one domain and one network."""
    return authorities.create("Example Ltd. boards", ["boards.example", "192.168.4.0/24"], NOW)


@pytest.mark.parametrize("name", ["boards.example", "a.b.boards.example", "192.168.4.255"])
def test_names_within_the_limits_are_signed(limited, name):
    """The domain itself, all names below it, and the network's addresses are signed."""
    assert issue(limited, request(names=(name,)))


@pytest.mark.parametrize(
    "name",
    ["example", "xboards.example", "boards.example.com", "kitchen.local", "192.168.5.1", "fd00::1"],
)
def test_names_outside_the_limits_are_refused(limited, name):
    """Names outside the limits are refused before signing."""
    with pytest.raises(Error, match="must not sign for"):
        issue(limited, request(names=("boards.example", name)))


@pytest.mark.parametrize(
    "name",
    ["kitchen.local", "a.b.local", "192.168.4.1", "10.0.0.1", "fd00::7"],
)
def test_a_device_may_claim_what_is_nobodys(name):
    """A device may request local names, and private addresses."""
    assert may_claim(None, parse_name(name))


@pytest.mark.parametrize(
    "name",
    [
        *("bank.com", "local.com", "xlocal.org", "a.boards.com", "router.lan", "a.home.arpa"),
        *("db.internal", "8.8.8.8", "2600::1", "::ffff:8.8.4.4"),
    ],
)
def test_a_device_may_not_claim_what_is_somebodys(name):
    """A device may not request public names unless the CA is limited to their domain or network."""
    assert not may_claim(None, parse_name(name))
    limited = make_constraints(["boards.com", "8.8.8.0/24"])
    assert may_claim(limited, parse_name(name)) is (name in ("a.boards.com", "8.8.8.8"))


@pytest.mark.parametrize(
    "name",
    [
        *("localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"),
        *("kitchen", "wpad.lan", "WPAD.a.lan", "isatap.local", "isatap", "wpad"),
        *("0.0.0.0", "::", "224.0.0.251"),
    ],
)
def test_a_device_may_not_claim_what_clients_trust_blindly(name):
    """Names that clients trust implicitly need the user's consent, even within the CA's limits."""
    limited = make_constraints(["lan", "local", "localhost", "kitchen", "0.0.0.0/0", "::/0"])
    assert not may_claim(None, parse_name(name)) and not may_claim(limited, parse_name(name))


@pytest.mark.parametrize("name", ["2001:0:4136:e378:8000:63bf:3fff:fdd2", "2002:c000:204::1"])
def test_tunnels_are_public_addresses(name):
    """Teredo and 6to4 addresses contain a public IPv4 address, and are treated as public."""
    assert not may_claim(None, parse_name(name))
    assert may_claim(make_constraints(["2001::/16", "2002::/16"]), parse_name(name))


@pytest.mark.parametrize(
    ("permitted", "good", "bad"),
    [
        (["local"], "kitchen.local", "127.0.0.1"),
        (["local"], "kitchen.local", "fd00::1"),
        (["10.0.0.0/8"], "10.1.2.3", "kitchen.local"),
        (["10.0.0.0/8"], "10.1.2.3", "fd00::1"),
        (["fd00::/8"], "fd00::1", "10.1.2.3"),
        ([".local", "10.0.0.1"], "10.0.0.1", "10.0.0.2"),
    ],
)
@pytest.mark.needs("openssl")
def test_a_limit_of_one_kind_excludes_the_others(permitted, good, bad, tmp_path):
    """A limit of one kind excludes the others, which RFC 5280 would permit; OpenSSL agrees."""
    authority = authorities.create(None, permitted, NOW)
    assert extension(authority.certificate, x509.NameConstraints)[1]
    free = authorities.Authority(authorities.create(None, [], NOW).certificate, authority.key)
    anchor = tmp_path / "ca.pem"
    anchor.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    for name, is_good in ((good, True), (bad, False)):
        wanted = request(names=(name,))
        if is_good:
            issue(authority, wanted)
        else:
            with pytest.raises(Error, match="must not sign for"):
                issue(authority, wanted)
        # The CA looks the same to a client, but has no limits of its own.
        unlimited = authorities.Authority(_without_limits(authority), authority.key)
        leaf = tmp_path / "leaf.pem"
        leaf.write_bytes(issue(unlimited, wanted).public_bytes(Encoding.PEM))
        assert free.certificate != authority.certificate
        verify = ["openssl", "verify", "-x509_strict", "-attime", str(int(NOW.timestamp()))]
        done = subprocess.run([*verify, "-CAfile", anchor, leaf], capture_output=True, text=True)
        assert (done.returncode == 0) is is_good, done.stderr


def _without_limits(authority):
    """Return a certificate with the same key and name, without constraints."""
    limited = authority.certificate
    builder = x509.CertificateBuilder(
        limited.issuer,
        limited.subject,
        limited.public_key(),
        limited.serial_number,
        limited.not_valid_before_utc,
        limited.not_valid_after_utc,
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(limited.public_key())
    builder = builder.add_extension(identifier, False)
    return builder.sign(authority.key, limited.signature_hash_algorithm)


def test_a_board_cannot_check_such_limits(tmp_path):
    """Board clients cannot use such a CA, as mbedTLS does not read it: the README says so."""
    anchor = tmp_path / "ca.der"
    read = "import sys, tls\ncontext = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)"
    read += "\ncontext.load_verify_locations(open(sys.argv[1], 'rb').read())"
    for permitted in ([], ["local"]):
        authority = authorities.create(None, permitted, NOW)
        anchor.write_bytes(authority.certificate.public_bytes(Encoding.DER))
        if permitted:
            with pytest.raises(AssertionError, match="invalid cert"):
                micropython_server.run(read, str(anchor))
        else:
            micropython_server.run(read, str(anchor))


@pytest.mark.parametrize("text", ["*", "*.local", "10.0.0.1/8", "a b", "", "-a", "a/b", "1.2.3/24"])
def test_invalid_limits_are_refused(text):
    """A wildcard, or 10.0.0.1/8, is not a valid limit."""
    with pytest.raises(Error, match=r"not a (name or network|host name or address)"):
        make_constraints([text])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Kitchen.Local.", x509.DNSName("kitchen.local")),
        ("küche.local", x509.DNSName("xn--kche-0ra.local")),
        ("*.boards.example", x509.DNSName("*.boards.example")),
        ("192.168.4.1", x509.IPAddress(ipaddress.ip_address("192.168.4.1"))),
        ("FD00:0::7", x509.IPAddress(ipaddress.ip_address("fd00::7"))),
    ],
)
def test_names_are_read_in_one_spelling(text, name):
    """Equal names have one spelling, so that none is listed twice."""
    assert parse_name(text) == name


@pytest.mark.parametrize("text", ["", "a b", "*.10.0.0.1", "a.*.b", "**.b", "fe80::1%eth0", "a:1"])
def test_invalid_names_are_refused(text):
    """Invalid names are refused, including link-local addresses."""
    with pytest.raises(Error, match="not a host name or address"):
        parse_name(text)
