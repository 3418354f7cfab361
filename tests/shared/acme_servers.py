"""Real servers on loopback for ACME: Pebble, its challenge test server, and PowerDNS."""

import contextlib
import functools
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import issued
import requests
from certificates import make_ca
from micropython_server import wait_for
from servers import reserved_port

ZONE = "example.org"
API_KEY = "key-of-the-test-dns"
_TRIES = 5
# Has the record in Pebble's own DNS, and logs its calls.
_HOOK = """\
#!/bin/sh
echo "$1 $2" >> {log}
test "$1" = present && action=set-txt || action=clear-txt
curl --silent --fail --data "{{\\"host\\": \\"$2.\\", \\"value\\": \\"$3\\"}}" \\
  http://127.0.0.1:{manage}/$action
"""


@dataclass(frozen=True)
class CA:
    """A Pebble: its directory, the file of the CA to trust, and its DNS."""

    directory: str
    ca_file: Path
    manage: str

    @property
    def options(self) -> list[str]:
        """Return the options of `boardcert acme` for it."""
        return ["--directory", self.directory, "--directory-ca", str(self.ca_file)]


@contextlib.contextmanager
def _running(
    prepare: Callable[[int, int], list[str]], log: Path, **more: str
) -> Iterator[tuple[int, int]]:
    """Run the command of prepare(port, other port); yield both ports once it listens on them.

    If another program has taken a port meanwhile, the command ends and is tried with other ports.
    """
    for _ in range(_TRIES):
        ports = reserved_port(), reserved_port()
        with log.open("ab") as output:
            process = subprocess.Popen(
                prepare(*ports), stdout=output, stderr=output, env=os.environ | more
            )
        with process:
            try:
                if all(wait_for(port, functools.partial(_is_running, process)) for port in ports):
                    yield ports
                    return
            finally:
                process.terminate()
    raise AssertionError(log.read_text("utf-8", "replace"))


def _is_running(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is None


def dns_program() -> str | None:
    """Return PowerDNS, which is outside most users' path in Debian."""
    return shutil.which("pdns_server", path=f"{os.environ['PATH']}:/usr/sbin")


@contextlib.contextmanager
def challenge_server(directory: Path) -> Iterator[tuple[int, int]]:
    """Run Pebble's DNS server; yield the ports of its DNS and of its management."""

    def prepare(dns: int, manage: int) -> list[str]:
        others = [word for name in ("http01", "https01", "tlsalpn01") for word in (f"-{name}", "")]
        addresses = ["-dns01", f"127.0.0.1:{dns}", "-management", f"127.0.0.1:{manage}"]
        return ["pebble-challtestsrv", *addresses, *others]

    with _running(prepare, directory / "challtestsrv.log") as ports:
        yield ports


def write_hook(path: Path, manage: int) -> Path:
    """Write the program that changes that DNS; it logs its calls to a .log file beside it.

    *manage*: the port of the DNS server's management.
    """
    path.write_text(_HOOK.format(log=path.with_suffix(".log"), manage=manage))
    path.chmod(0o755)
    return path


@contextlib.contextmanager
def pebble(directory: Path, dns: int, eab: dict[str, str], **more: str) -> Iterator[CA]:
    """Run Pebble, which queries the DNS on port *dns*. *eab*: keys for binding accounts.

    *more*: its settings, as environment variables.
    """
    directory.mkdir()
    ca = make_ca()
    leaf = issued.issue(ca)
    ca_file = issued.write(directory / "directory-ca.pem", issued.pem(ca))
    certificate = issued.write(directory / "pebble.pem", issued.pem(leaf))
    key_file = issued.write(directory / "pebble.key", leaf.key_pem())
    config = directory / "pebble.json"

    def prepare(port: int, manage: int) -> list[str]:
        content = {
            "listenAddress": f"127.0.0.1:{port}",
            "managementListenAddress": f"127.0.0.1:{manage}",
            "certificate": str(certificate),
            "privateKey": str(key_file),
            "httpPort": 1,
            "tlsPort": 1,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": bool(eab),
            "externalAccountMACKeys": eab,
        }
        config.write_text(json.dumps({"pebble": content}))
        return ["pebble", "-config", str(config), "-dnsserver", f"127.0.0.1:{dns}"]

    settings = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_AUTHZREUSE": "0"} | more
    with _running(prepare, directory / "pebble.log", **settings) as (port, manage):
        yield CA(f"https://localhost:{port}/dir", Path(ca_file), f"https://localhost:{manage}")


@contextlib.contextmanager
def power_dns(directory: Path) -> Iterator[tuple[int, str]]:
    """Run PowerDNS for ZONE, as its name server; yield the ports of its DNS and its API."""
    directory.mkdir()

    def prepare(dns: int, api: int) -> list[str]:
        settings = {
            "launch": "lmdb",
            "lmdb-filename": directory / "zones.lmdb",
            "lmdb-shards": 1,
            "daemon": "no",
            "guardian": "no",
            "socket-dir": directory,
            "local-address": "127.0.0.1",
            "local-port": dns,
            "api": "yes",
            "api-key": API_KEY,
            "webserver-address": "127.0.0.1",
            "webserver-port": api,
            "security-poll-suffix": "",
            "zone-cache-refresh-interval": 0,
            "cache-ttl": 0,
            "query-cache-ttl": 0,
            "negquery-cache-ttl": 0,
        }
        lines = [f"{name}={value}\n" for name, value in settings.items()]
        (directory / "pdns.conf").write_text("".join(lines))
        return [str(dns_program()), f"--config-dir={directory}"]

    with _running(prepare, directory / "pdns.log") as (dns, api):
        url = f"http://127.0.0.1:{api}"
        host = {"name": f"ns1.{ZONE}.", "type": "A", "ttl": 60}
        host["records"] = [{"content": "127.0.0.1", "disabled": False}]
        zone = {"name": f"{ZONE}.", "kind": "Native", "nameservers": [f"ns1.{ZONE}."]}
        post(f"{url}/api/v1/servers/localhost/zones", zone | {"rrsets": [host]})
        yield dns, url


def post(url: str, content: object) -> str:
    """Return the answer of a server's API."""
    answer = requests.post(url, json=content, headers={"X-API-Key": API_KEY}, timeout=60)
    answer.raise_for_status()
    return answer.text
