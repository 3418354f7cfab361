"""firmware/docs/api.md: its examples run unchanged, and its tables are complete."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import certificates
import micropython_server
import pytest
from boardcert.page.http import ACTIONS
from cryptography import x509
from issued import PublicKey, pem
from portal_server import Client, serving_page

_TEXT = (micropython_server.ROOT / "firmware" / "docs" / "api.md").read_text()
_EXAMPLES = re.findall(r"```sh\n(.*?)```", _TEXT, re.DOTALL)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Return a client of a board called kitchen."""
    with serving_page(tmp_path_factory.mktemp("docs") / "identity") as client:
        yield client


def _run(client: Client, directory: Path, example: str) -> str:
    """Run an example, with `set` where a reader would use it; return its output."""
    report = json.loads(client.get("/api/identity"))
    names = {
        "PAGE": f"https://localhost:{client.port}",
        "PIN": report["public_key_pin"],
        "TOKEN": client.token,
    }
    assignments = "".join(f"{name}={shlex.quote(value)}\n" for name, value in names.items())
    script = f"set -euo pipefail\n{assignments}{example}"
    completed = subprocess.run(
        ["bash", "-c", script], cwd=directory, capture_output=True, text=True, timeout=60
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


@pytest.mark.needs("curl")
@pytest.mark.parametrize("example", [text for text in _EXAMPLES if "jq" not in text])
def test_an_example_runs_as_it_stands(client: Client, tmp_path: Path, example: str) -> None:
    """Each example returns a report, or writes the file that it names."""
    output = _run(client, tmp_path, example)
    if "--output" in example:
        name = example.partition("--output ")[2].split()[0]
        assert (tmp_path / name).read_text().startswith("-----BEGIN CERTIFICATE")
    else:
        assert json.loads(output)["hostname"] == "kitchen"


@pytest.mark.needs("curl")
@pytest.mark.needs("jq")
def test_the_example_of_an_installation_runs(client: Client, tmp_path: Path) -> None:
    """The installation example runs with a CA's certificate for the board's request."""
    bearer = {"Authorization": f"Bearer {client.token}"}
    csr = x509.load_der_x509_csr(client.request("GET", "/request.der", headers=bearer)[1])
    ca = certificates.make_ca()
    leaf = certificates.make(issuer=ca, key=PublicKey(csr.public_key()))
    (tmp_path / "chain.pem").write_bytes(pem(leaf))
    (example,) = [text for text in _EXAMPLES if "jq" in text]
    assert json.loads(_run(client, tmp_path, example))["source"] == "installed"
    assert client.served_certificate() == leaf.der


@pytest.mark.needs("curl")
def test_the_pin_of_another_key_stops_curl(client: Client, tmp_path: Path) -> None:
    """With another key's pin, curl sends no token, as the text says."""
    other = _EXAMPLES[0].replace("$PIN", "sha256//" + "A" * 43 + "=")
    with pytest.raises(AssertionError):
        _run(client, tmp_path, other)


def test_every_action_and_fact_is_described() -> None:
    """The tables have exactly the existing actions and facts."""
    assert set(re.findall(r"`POST /api/([a-z-]+)`", _TEXT)) - {"session"} == set(ACTIONS)
    for name in ("words", "key_fingerprint", "days_left", "memory", "wrong_tokens", "connections"):
        assert f"`{name}`" in _TEXT
