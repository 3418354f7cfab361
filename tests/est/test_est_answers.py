"""`boardcert est` and the server's answers: RFC 7030's examples, other spellings, wrong ones."""

import base64
import importlib.util
import time

import pytest
from boardcert_host.acme import plan as orders
from boardcert_host.acme.kept import SHELF as ORDERS
from boardcert_host.acme.kept import Kept as Order
from boardcert_host.certificates.fingerprint import KeyPin
from boardcert_host.cli import main
from boardcert_host.enrolment.way import Way
from boardcert_host.errors import Error
from boardcert_host.est import attributes, content, plan
from boardcert_host.est.answer import Answer
from boardcert_host.est.kept import SHELF, Kept
from boardcert_host.est.plan import Plan
from ca_cases import kitchen_request, make_request
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from est_rfc7030 import CACERTS, CSRATTRS_OF_APPENDIX_A_2, CSRATTRS_OF_SECTION_4_5_2
from est_server import Reply, parsed
from rsa_keys import rsa_2048
from run_command import run

_KIND = "application/pkcs7-mime"


def answer(data, kind=_KIND, status=200):
    """Return an answer with *data*."""
    return Answer(status, "OK", kind, {}, data)


def test_the_cacerts_of_the_standard_are_read():
    """RFC 7030, appendix A.1: two roots, and each key certified by the other."""
    found = content.certificates(answer(CACERTS), "est")
    names = [(one.subject.rfc4514_string()[-3:], one.issuer.rfc4514_string()[-3:]) for one in found]
    assert names == [("OwO", "OwO"), ("NwO", "OwO"), ("OwN", "NwN"), ("NwN", "NwN")]
    assert found[0].serial_number == 11121883874307308188


def request(key):
    """Return a board's request with *key*."""
    return x509.load_der_x509_csr(kitchen_request(key=key))


_P384, _P256 = (ec.generate_private_key(curve()) for curve in (ec.SECP384R1, ec.SECP256R1))
_RSA = rsa_2048()


def test_the_csrattrs_of_the_standard_are_read():
    """RFC 7030, section 4.5.2 and appendix A.2: OIDs alone, with values, and unknown ones."""
    first = attributes.wanted(answer(CSRATTRS_OF_SECTION_4_5_2), "est")
    assert first == {
        "1.2.840.113549.1.9.7": [],
        "1.2.840.10045.2.1": ["1.3.132.0.34"],
        "1.2.840.113549.1.9.14": ["1.3.6.1.1.1.1.22"],
        "1.2.840.10045.4.3.3": [],
    }
    second = attributes.wanted(answer(CSRATTRS_OF_APPENDIX_A_2), "est")
    assert list(second)[:3] == ["1.3.6.1.1.1.1.22", "2.999.1", "1.2.840.113549.1.9.7"]
    assert second["2.999.2"] == ["2.999.3", "2.999.4"]
    told = attributes.lacking(first, request(_P384))
    assert told == [
        "wants requests bound to the TLS connection, which a board cannot make",
        "wants extensions that a board does not ask for: 1.3.6.1.1.1.1.22",
    ]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (_P256, "wants keys on P-384; boardcert set HOST key_type=p384, then boardcert new-key"),
        (_RSA, "wants EC keys; boardcert set HOST key_type=p384"),
    ],
)
def test_another_kind_of_key_is_named(key, expected):
    """If the server wants another key type, the error says what to do."""
    asked = attributes.wanted(answer(CSRATTRS_OF_SECTION_4_5_2), "est")
    assert any(one.startswith(expected) for one in attributes.lacking(asked, request(key)))


@pytest.mark.parametrize(
    ("sizes", "key", "expected"),
    [
        (["4096"], _RSA, ["wants RSA keys of 4096 bits"]),
        (["2048", "4096"], _RSA, []),
        ([], _P384, ["wants RSA keys; boardcert set HOST key_type=rsa2048, then boardcert "]),
    ],
)
def test_a_length_of_rsa_is_named(sizes, key, expected):
    """An RSA length is read as servers write such attributes."""
    found = attributes.lacking({"1.2.840.113549.1.1.1": sizes}, request(key))
    assert [one[:67] for one in found] == [one[:67] for one in expected]


def test_attributes_that_cannot_be_read_are_told():
    """An empty answer or an error means no attributes; a damaged one is reported."""
    for data, status in ((b"", 200), (b"", 204), (b"<html>", 404)):
        assert attributes.wanted(answer(data, status=status), "est") == {}
    for data in (b"MEEGCSqGSIb3DQEJ", b"!", base64.b64encode(b"\x30\x00\x30\x00")):
        with pytest.raises(Error, match="est sent"):
            attributes.wanted(answer(data), "est")


def test_a_number_that_is_too_long_is_told():
    """A number of more than 4,300 digits, which Python does not print, is reported."""
    number = b"\x02\x82\x0b\xb8" + 3000 * b"\x01"
    values = b"\x31\x82\x0b\xbc" + number
    attribute = b"\x30\x82\x0b\xcb" + bytes.fromhex("06092a864886f70d010101") + values
    data = b"\x30\x82\x0b\xcf" + attribute
    assert attributes.decoder.decode(data)[1] == b""
    with pytest.raises(Error, match="attributes for requests that cannot be read"):
        attributes.wanted(answer(data), "est")


def test_what_a_board_lacks_is_said_and_the_server_decides(server, words, capsys):
    """What the request lacks is reported, and enrolment continues."""
    server.attributes = Reply(200, CSRATTRS_OF_SECTION_4_5_2, "application/csrattrs")
    code, _, messages = run(capsys, *words)
    assert code == 0 and "wants requests bound to the TLS connection" in messages


@pytest.mark.parametrize(
    "spell",
    [
        lambda der: base64.b64encode(der),  # RFC 8951, section 3.1.
        lambda der: base64.encodebytes(der).replace(b"\n", b"\r\n"),
        lambda der: b"-----BEGIN PKCS7-----\n" + base64.encodebytes(der) + b"-----END PKCS7-----\n",
        lambda der: der,
    ],
)
def test_other_spellings_of_the_same_are_read(spell, server, words, capsys):
    """Other encodings of the same answer are read, whatever Content-Transfer-Encoding says."""
    both = [parsed(server.intermediate), parsed(server.root)]
    data = spell(pkcs7.serialize_certificates(both, Encoding.DER))
    head = {"Content-Transfer-Encoding": "binary"}
    server.always["cacerts"] = Reply(200, data, "application/pkcs7-mime", head)
    assert run(capsys, *words)[0] == 0


_HTML = Reply(200, b"<html>Welcome</html>", "text/html; charset=utf-8")


@pytest.mark.parametrize("operation", ["cacerts", "simpleenroll"])
@pytest.mark.parametrize(
    ("reply", "code", "message"),
    [
        (_HTML, 3, "sent text/html in place of certificates"),
        (Reply(200, b"MII*", _KIND), 3, "sent data that is not base64"),
        (Reply(200, b"MIIDUAYJ", _KIND), 3, "sent certificates that cannot be read: damaged"),
        (Reply(200, b"", _KIND), 3, "sent certificates that cannot be read"),
        (Reply(200, b"A" * 2_000_000, _KIND), 3, "sent too long an answer"),
        (Reply(400, b"bad\x1b[31m request\n"), 1, r"with 400: bad\x1b[31m request"),
        (Reply(403, b"<html>", "text/html"), 1, "with 403: Forbidden"),
        (Reply(404), 3, "with 404: Not Found"),
        (Reply(500, b"{}", "application/json"), 3, "with 500: {}"),
        (Reply(503), 3, "with 503: Service Unavailable"),
        (
            Reply(301, headers={"Location": "https://elsewhere.example/"}),
            3,
            "sends to https://elsewhere.example/",
        ),
    ],
)
def test_a_wrong_answer_is_told(operation, reply, code, message, server, words, host, capsys):
    """A wrong answer is an error of one sentence without control characters; nothing changes."""
    server.always[operation] = reply
    found, told, _ = run(capsys, *words)
    assert found == code and message in told["error"]["message"], told
    assert told["error"]["hint"] and SHELF.load(host).installed is None


@pytest.mark.parametrize("challenge", ['Digest nonce="1"', 'Digest realm="a"', "Digest x"])
def test_half_a_challenge_is_told(challenge, server, words, capsys):
    """An incomplete challenge is an error for one board, and --renew continues with the next."""
    server.always["cacerts"] = Reply(401, headers={"WWW-Authenticate": challenge})
    code, told, _ = run(capsys, *words)
    assert code == 3 and "sent a challenge for Digest without" in told["error"]["message"]


def test_an_answer_that_drips_ends(server, words, capsys, monkeypatch):
    """A slow answer ends at the limit, although each byte arrives in time."""
    monkeypatch.setattr("boardcert_host.enrolment.exchange._WHOLE_S", 1.5)
    server.always["cacerts"] = Reply(200, 100 * b"M", _KIND, drips=0.2)
    began = time.monotonic()
    code, told, _ = run(capsys, *words)
    assert code == 3 and told["error"]["message"].endswith("did not answer in time")
    assert time.monotonic() - began < 10


def test_a_chain_that_no_board_can_serve_is_told(server, words, capsys):
    """A certificate that is not for a server is reported with that reason."""
    server.change = lambda extensions: extensions.update(
        basic_constraints=(x509.BasicConstraints(True, None), True)
    )
    code, told, _ = run(capsys, *words)
    assert code == 1
    assert told["error"]["message"].startswith("no board can serve what the CA has issued: ")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "a HOST is needed, or --usb PORT, or --renew"),
        (["--renew", "kitchen.local"], "it takes no HOST"),
        (["--forget"], "--forget needs a HOST"),
        (["kitchen.local"], "no EST server is known for kitchen.local"),
        (["kitchen.local", "--server", "http://est.example"], "not the URL of an EST server"),
        (["kitchen.local", "--server", "https://a:b@est.example"], "not the URL of an EST"),
        (["kitchen.local", "--server", "https://e/x/simpleenroll"], "without the operation: "),
        (["kitchen.local", "--server", "https://e", "--label", "a/b"], "not a label: a/b"),
        (["kitchen.local", "--label", "a"], "--label belongs to --server"),
        (["kitchen.local", "--client-key", "k"], "--client-key belongs to --client-cert"),
        (["kitchen.local", "--password-file", "k"], "--password-file belongs to --user"),
        (["kitchen.local", "--wait", "-1"], "--wait must be 0 to 86400 seconds"),
        (["kitchen.local", "--server", "https://e", "--server-ca", "none"], "no such file: none"),
        (["kitchen.local", "--server", "https://e", "--san", "a b"], "a b"),
    ],
)
def test_wrong_options_are_usage_errors(words, reason, capsys):
    """Each wrong option is reported with its reason before any connection."""
    code, told, _ = run(capsys, "est", *words)
    assert code == 2 and reason in told["error"]["message"]


@pytest.mark.parametrize(("command", "extra"), [("est", "est"), ("step", "client")])
def test_without_the_extra_the_error_names_it(command, extra, monkeypatch, capsys):
    """Without the extra, the error names it, and other commands work."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main([command, "kitchen.local"]) == 3
    captured = capsys.readouterr().err
    assert "needs packages that are not installed: " in captured and "requests" in captured
    assert f"pip install 'boardcert[{extra}]'" in captured


@pytest.mark.parametrize(
    ("text", "label", "expected"),
    [
        ("https://est.example", None, "https://est.example/.well-known/est"),
        ("https://est.example:8443/", "boards", "https://est.example:8443/.well-known/est/boards"),
        ("https://[::1]/.well-known/est/a", None, "https://[::1]/.well-known/est/a"),
        ("https://ca.example/ejbca/est", "x", "https://ca.example/ejbca/est/x"),
    ],
)
def test_where_the_operations_are(text, label, expected):
    """RFC 7030, section 3.2.2, gives the path; a URL with a path overrides it."""
    assert plan.server_url(text, label) == expected


def test_two_ways_do_not_take_turns(capsys):
    """A board renewed by ACME or EST is not renewed by the other until that is forgotten."""
    way = Way("kitchen.local")
    ORDERS.save("kitchen.local", Order(orders.Plan(way, ("a.example",), orders.DNS(hook="true"))))
    code, told, _ = run(capsys, "est", "kitchen.local", "--server", "https://e")
    assert code == 2 and told["error"]["message"] == "kitchen.local is renewed by boardcert acme"
    assert told["error"]["hint"] == "boardcert acme kitchen.local --forget"
    assert main(["acme", "kitchen.local", "--forget"]) == 0
    capsys.readouterr()
    SHELF.save("kitchen.local", Kept(Plan(way, "https://e/est")))
    words = ["--domain", "a.example", "--dns-hook", "true"]
    code, told, _ = run(capsys, "acme", "kitchen.local", *words)
    assert code == 2 and told["error"]["hint"] == "boardcert est kitchen.local --forget"


def test_what_is_kept_is_read_again():
    """A stored enrolment is read back unchanged; another shape is rejected."""
    request = make_request(encoding=Encoding.PEM).decode()
    way = Way("kitchen.local", pin=KeyPin.of_key("sha256//x"))
    login = plan.Login("operator", "/password", "/me.pem")
    state = Kept(Plan(way, "https://e/est", "/ca.pem", login, ("a.example",), 9.0), request=request)
    SHELF.save("kitchen.local", state)
    assert SHELF.load("kitchen.local") == state and SHELF.hosts() == ["kitchen.local"]
    (path,) = (SHELF.home() / "boards").glob("*.json")
    path.write_text('{"host": "kitchen.local"}')
    with pytest.raises(Error, match="is damaged"):
        SHELF.load("kitchen.local")
