"""A Pico W's page over its serial line: reading, administration, and memory use."""

import hashlib
import json
import time
import urllib.parse
from typing import Any

import certificates
import files_on_board
import pytest
import uart_client
from boardcert_host.directories import data_directory
from boardcert_host.virtual import VirtualBoard
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from issued import pem
from page_browser import FORM, Reader
from tls_clients import read_all

_TIMEOUT_S = 60
# A Pico W has 205 KB of heap; the application uses what is left.
_LEAST_FREE_BYTES = 60_000
_ROUNDS = 2


@pytest.fixture(scope="module")
def board(package_board: VirtualBoard) -> tuple[VirtualBoard, str]:
    """Yield a board called kitchen that serves its page, and its token, read over USB."""
    board = package_board
    files_on_board.put(board, files_on_board.KITCHEN)
    main = data_directory("boards") / "VIRTUAL_PICO_W" / "main.py"
    board.reset()
    token = board.exec("import boardcert; print(boardcert.identity().admin_token())").strip()
    files_on_board.put(board, {files_on_board.MAIN: main.read_bytes()})
    board.reset()
    return board, token


def _request(
    board: VirtualBoard, method: str, path: str, headers: dict[str, str], body: str = ""
) -> tuple[int, dict[str, str], bytes, bytes]:
    """Return (status, headers, content, certificate) of one request over one call."""
    lines = [f"{method} {path} HTTP/1.1", "Host: kitchen", "Connection: close"]
    lines += [f"Content-Length: {len(body)}", *(f"{name}: {headers[name]}" for name in headers)]
    with uart_client.connect(board) as secure:
        certificate = secure.getpeercert(binary_form=True) or b""
        secure.sendall("\r\n".join([*lines, "", body]).encode())
        head, _, content = read_all(secure).partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    found = dict(line.split(": ", 1) for line in rest)
    assert int(found["Content-Length"]) == len(content)
    return int(first.split()[1]), found, content, certificate


def _api(board: VirtualBoard, action: str, token: str, **values: str) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = _request(board, "POST", f"/api/{action}", headers, json.dumps(values))
    return answer[0], json.loads(answer[2])


def _read(board: VirtualBoard) -> tuple[dict[str, Any], bytes]:
    """Return the report, and the certificate served with it."""
    status, _, content, certificate = _request(board, "GET", "/api/identity", {})
    assert status == 200
    report: dict[str, Any] = json.loads(content)
    assert report["fingerprint"] == hashlib.sha256(certificate).digest().hex(":").upper()
    assert report["memory"]["free_bytes"] >= _LEAST_FREE_BYTES, report["memory"]
    return report, certificate


def test_the_page_is_read_and_a_certificate_is_pasted(board: tuple[VirtualBoard, str]) -> None:
    """The forms sign in, install a chain of two certificates, and remove it."""
    kitchen, token = board
    own = _read(kitchen)[1]
    status, headers, page, _ = _request(kitchen, "GET", "/", {})
    assert status == 200 and headers["Content-Security-Policy"]
    browser = {**FORM, "Origin": "https://kitchen"}
    body = urllib.parse.urlencode({**Reader(page.decode()).forms["sign-in"], "token": token})
    status, headers, _, _ = _request(kitchen, "POST", "/", browser, body)
    assert status == 303
    browser["Cookie"] = headers["Set-Cookie"].partition(";")[0]
    page = _request(kitchen, "GET", "/", browser)[2]
    ca = certificates.make_ca()
    leaf = certificates.make(issuer=ca)
    values = {"chain": pem(leaf, ca).decode(), "key": leaf.key_pem().decode()}
    body = urllib.parse.urlencode({**Reader(page.decode()).forms["install"], **values})
    status, _, page, _ = _request(kitchen, "POST", "/", browser, body)
    assert status == 200, page
    assert _read(kitchen)[1] == leaf.der
    body = urllib.parse.urlencode(Reader(page.decode()).forms["remove"])
    assert _request(kitchen, "POST", "/", browser, body)[0] == 200
    assert _read(kitchen)[1] == own


def test_every_action_over_and_over(board: tuple[VirtualBoard, str]) -> None:
    """Every action repeatedly has enough memory, at the stack depth of a served page."""
    kitchen, token = board
    leaf = certificates.make()
    values = {"chain": pem(leaf).decode(), "key": leaf.key_pem().decode()}
    free = []
    for _ in range(_ROUNDS):
        for action, body in (
            ("install", values),
            ("remove", {}),
            ("renew", {}),
            ("new-key", {"hostname": "kitchen"}),
        ):
            status, answer = _api(kitchen, action, token, **body)
            assert status == 200, (action, answer)
        headers = {"Authorization": f"Bearer {token}"}
        assert _request(kitchen, "GET", "/request.pem", headers)[0] == 200
        free.append(_read(kitchen)[0]["memory"]["free_bytes"])
    assert max(free) - min(free) < 8_000, free


@pytest.mark.parametrize(("kind_of_ca", "kind"), [("rsa", "rsa"), ("p256", "p256"), ("rsa", "ec")])
def test_certificates_of_other_kinds(
    board: tuple[VirtualBoard, str], kind_of_ca: str, kind: str
) -> None:
    """Certificates with keys up to RSA 4096 can be checked while their connection is open."""
    kitchen, token = board
    makers = {
        "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "ec": lambda: ec.generate_private_key(ec.SECP384R1()),
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
    }
    authority = rsa.generate_private_key(65537, 4096) if kind_of_ca == "rsa" else makers["p256"]()
    ca = certificates.make_ca(key=authority)
    leaf = certificates.make(issuer=ca, key=makers[kind]())
    chain, key = pem(leaf, ca).decode(), leaf.key_pem().decode()
    status, answer = _api(kitchen, "install", token, chain=chain, key=key)
    assert status == 200, answer
    report, served = _read(kitchen)
    assert served == leaf.der and report["chain"] == 2
    assert _api(kitchen, "remove", token)[0] == 200


def test_a_restart_and_a_reset(board: tuple[VirtualBoard, str]) -> None:
    """After a restart the identity is the same; after a reset, identity and token are new."""
    kitchen, token = board
    before = _read(kitchen)[0]
    boots = kitchen.status()["boots"]
    assert _api(kitchen, "restart", token)[0] == 200
    deadline = time.monotonic() + _TIMEOUT_S
    while kitchen.status()["boots"] == boots:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert _read(kitchen)[0]["fingerprint"] == before["fingerprint"]
    status, answer = _api(kitchen, "reset", token, hostname="kitchen")
    assert status == 200 and "overwritten" in answer["wiped"], answer
    assert _read(kitchen)[0]["public_key_pin"] != before["public_key_pin"]
    assert _api(kitchen, "renew", token)[0] == 401
