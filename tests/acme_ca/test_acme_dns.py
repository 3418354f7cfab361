"""How `boardcert acme` changes the DNS, checks the change, and uses CA accounts.

PowerDNS is a real name server, whose zone dns-lexicon changes by its API. Pebble binds accounts.
"""

import http.server
import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager

import acme_servers
import pytest
import requests
from acme_servers import API_KEY, ZONE
from boardcert_host.acme import propagation
from boardcert_host.acme.kept import SHELF
from boardcert_host.errors import Error
from http_servers import http_server
from run_command import run

pytestmark = [
    pytest.mark.needs("pebble", "pebble-challtestsrv"),
    pytest.mark.skipif(not acme_servers.dns_program(), reason="pdns_server is not installed"),
]

_KITCHEN = ["--domain", f"kitchen.{ZONE}"]
_KEY_ID, _MAC_KEY = "board-7", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"


@pytest.fixture(scope="module")
def name_server(tmp_path_factory):
    """Run PowerDNS; yield its port and its API."""
    with acme_servers.power_dns(tmp_path_factory.mktemp("dns") / "pdns") as found:
        yield found


@pytest.fixture(scope="module")
def binding_ca(tmp_path_factory, name_server):
    """Run a CA with another root that queries PowerDNS and requires accounts of its own."""
    directory = tmp_path_factory.mktemp("ca") / "pebble"
    keys, more = {_KEY_ID: _MAC_KEY}, {"PEBBLE_ALTERNATE_ROOTS": "1"}
    with acme_servers.pebble(directory, name_server[0], keys, **more) as found:
        yield found


@pytest.fixture
def by_lexicon(binding_ca, name_server, host, tmp_path, monkeypatch):
    """Return the command with lexicon's credentials in the environment, without an account key."""
    port, api = name_server
    monkeypatch.setenv("LEXICON_POWERDNS_PDNS_SERVER", api)
    monkeypatch.setenv("LEXICON_POWERDNS_AUTH_TOKEN", API_KEY)
    dns = ["--dns", "powerdns", "--dns-config", str(tmp_path), "--dns-server", f"127.0.0.1:{port}"]
    return ["acme", host, *_KITCHEN, *binding_ca.options, "--agree-tos", *dns]


def texts(api):
    """Return the TXT records in PowerDNS."""
    url = f"{api}/api/v1/servers/localhost/zones/{ZONE}."
    sets = requests.get(url, headers={"X-API-Key": API_KEY}, timeout=60).json()["rrsets"]
    return [one["name"] for one in sets if one["type"] == "TXT"]


def test_a_provider_and_an_account_that_is_bound(by_lexicon, name_server, tmp_path, capsys):
    """A bound account works with a provider; a wrong key is refused, and no key is shown."""
    code, told, _ = run(capsys, *by_lexicon)
    assert code == 2 and "--eab-kid KID" in told["error"]["hint"]
    key_file = tmp_path / "eab.key"
    bound = ["--eab-kid", _KEY_ID, "--eab-key-file", key_file]
    wrong = _MAC_KEY[::-1]
    for content, expected, reason in (("a b", 2, "not base64url"), (wrong, 1, "refuses: ")):
        key_file.write_text(content)
        code, told, messages = run(capsys, *by_lexicon, *bound)
        assert code == expected and reason in told["error"]["message"]
        assert content not in json.dumps(told) + messages
    key_file.write_text(f"{_MAC_KEY}\n")
    code, told, messages = run(capsys, *by_lexicon, *bound, "--domain", f"*.kitchen.{ZONE}")
    assert code == 0, messages
    assert set(told["certificate"]["names"]) == {f"*.kitchen.{ZONE}", f"kitchen.{ZONE}"}
    assert texts(name_server[1]) == []
    code, told, messages = run(capsys, *by_lexicon)
    assert code == 0, messages  # The account needs no key from here on.


@pytest.mark.parametrize("place", ["environment", "file"])
def test_wrong_credentials_are_told_and_not_shown(
    place, by_lexicon, binding_ca, tmp_path, monkeypatch, capsys
):
    """Wrong credentials, from the environment or a file, are reported but not shown."""
    secret = "wrong-and-secret"  # noqa: S105 (made up)
    if place == "file":
        monkeypatch.delenv("LEXICON_POWERDNS_AUTH_TOKEN")
        (tmp_path / "lexicon_powerdns.yml").write_text(f"auth_token: {secret}\n")
    else:
        monkeypatch.setenv("LEXICON_POWERDNS_AUTH_TOKEN", secret)
    monkeypatch.setenv("BOARDCERT_EAB_KEY", _MAC_KEY)
    code, told, messages = run(capsys, *by_lexicon, "--eab-kid", _KEY_ID)
    assert code == 3 and "powerdns did not write" in told["error"]["message"], messages
    assert "401 Unauthorized" in told["error"]["message"]
    assert secret not in json.dumps(told) + messages
    monkeypatch.delenv("LEXICON_POWERDNS_PDNS_SERVER")
    code, told, messages = run(capsys, *by_lexicon)
    assert code == 3 and "endpoint not defined (pdns_server)" in told["error"]["message"]
    code, told, _ = run(capsys, *by_lexicon, "--dns", "nobody")
    assert code == 2 and "nobody" in told["error"]["message"]


def test_its_own_name_servers_are_asked(name_server):
    """The zone's own name servers are queried until all have the record; the others are named."""
    port, api = name_server
    server, name = f"127.0.0.1:{port}", f"_acme-challenge.hall.{ZONE}"
    with pytest.raises(Error, match=rf"ns1\.{ZONE} \(127\.0\.0\.1\) has no such record of {name}"):
        propagation.wait_seen({name: ["one"]}, server, 0, lambda _: None)
    records = [{"content": f'"{value}"', "disabled": False} for value in ("one", "two")]
    change = {"name": f"{name}.", "type": "TXT", "ttl": 60, "changetype": "REPLACE"}
    url = f"{api}/api/v1/servers/localhost/zones/{ZONE}."
    body = {"rrsets": [change | {"records": records}]}
    headers = {"X-API-Key": API_KEY}
    assert requests.patch(url, json=body, headers=headers, timeout=60).ok
    propagation.wait_seen({name: ["two", "one"]}, server, 0, lambda _: None)
    body = {"rrsets": [change | {"changetype": "DELETE"}]}
    assert requests.patch(url, json=body, headers=headers, timeout=60).ok


def test_a_chain_that_is_too_long_is_refused_and_kept(host, dns, tmp_path, capsys):
    """A chain that is too long is kept with the reason, and the next run places no other order."""
    more = {"PEBBLE_CHAIN_LENGTH": "3", "PEBBLE_VA_ALWAYS_VALID": "1"}
    with acme_servers.pebble(tmp_path / "pebble", dns[0], {}, **more) as ca:
        where = ["--dns-hook", "true", "--dns-server", f"127.0.0.1:{dns[0]}"]
        challenges = _everything_seen(dns)
        with challenges:
            words = ["acme", host, *_KITCHEN, *ca.options, "--agree-tos", *where]
            code, told, _ = run(capsys, *words)
        assert code == 1 and "4 certificates; a board keeps 3" in told["error"]["message"]
        log = ca.ca_file.parent / "pebble.log"
        assert run(capsys, "acme", host)[0] == 1
        assert log.read_text().count("Issued certificate serial") == 1
        assert len(SHELF.load(host).chains) == 1


@contextmanager
def _everything_seen(dns) -> Iterator[None]:
    """Treat every record as seen: this CA checks none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("boardcert_host.acme.obtain.wait_seen", lambda *_: None)
        yield


class _AcmeDNS(http.server.BaseHTTPRequestHandler):
    """The API of acme-dns, written from its README; it passes records on to Pebble's DNS.

    *manage*: that DNS's management port; *password*: the one that it assigns and then requires.
    """

    manage = 0
    password = "of-the-domain"  # noqa: S105 (made up)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.path == "/register":
            self._answer(201, {"username": "u", "password": self.password, "allowfrom": []})
        elif self.headers["X-Api-Key"] != self.password:
            self._answer(401, {"error": "forbidden"})
        else:
            told = json.loads(content)
            manage = f"http://127.0.0.1:{self.manage}/set-txt"
            acme_servers.post(manage, {"host": "board.acme-dns.example.", "value": told["txt"]})
            self._answer(200, {"txt": told["txt"]})

    def _answer(self, status: int, content: dict) -> None:
        names = {"fulldomain": "board.acme-dns.example", "subdomain": "board"}
        body = json.dumps(content | names).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing."""


@pytest.fixture
def acme_dns(dns, monkeypatch):
    """Run an acme-dns server; yield its URL."""
    monkeypatch.setattr(_AcmeDNS, "manage", dns[1])
    with http_server(_AcmeDNS) as url:
        yield url


def test_an_acme_dns_server_needs_one_cname(acme_dns, ca, dns, host, tmp_path, capsys):
    """The CNAME to create is shown once; only the owner can read the server's credentials."""
    where = ["--acme-dns", acme_dns, "--dns-server", f"127.0.0.1:{dns[0]}"]
    words = ["acme", host, *_KITCHEN, *ca.options, "--agree-tos", *where]
    name = f"_acme-challenge.kitchen.{ZONE}"
    code, told, _ = run(capsys, *words)
    assert code == 1 and f"{name}. CNAME board.acme-dns.example." in told["error"]["hint"]
    (file,) = (tmp_path / "acme" / "acme-dns").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    cname = {"host": f"{name}.", "target": "board.acme-dns.example."}
    acme_servers.post(f"http://127.0.0.1:{dns[1]}/set-cname", cname)
    try:
        code, _, messages = run(capsys, "acme", host)
        assert code == 0, messages
        file.write_text(file.read_text().replace(_AcmeDNS.password, "another"))
        code, told, messages = run(capsys, "acme", host)
        assert code == 1 and "refuses to update: forbidden" in told["error"]["message"]
        assert "another" not in json.dumps(told) + messages
    finally:
        acme_servers.post(f"http://127.0.0.1:{dns[1]}/clear-cname", {"host": f"{name}."})
