"""Independent clients that trust a board's CA accept the board without a warning; others refuse."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from boardcert_host.cli import main
from micropython_server import ROOT
from outsiders import JAVA_CLIENT, WORDS, Board, browse, make_board, run

_SCREENSHOT = ROOT / "build" / "outsiders-chromium.png"


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    """Return a board with a certificate from a test CA, with the default key type."""
    directory = tmp_path_factory.mktemp("outsiders")
    assert main(["ca", "init", str(directory / "ca")]) == 0
    return make_board(directory, "p384", "localhost 127.0.0.1", directory / "ca")


@pytest.fixture(scope="module")
def port(board: Board) -> Iterator[int]:
    """Yield the port at which it serves."""
    with board.serving() as port:
        yield port


@pytest.fixture(scope="module")
def other_ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the certificate of a CA that has signed nothing."""
    directory = tmp_path_factory.mktemp("other") / "ca"
    assert main(["ca", "init", str(directory)]) == 0
    return directory / "ca.crt"


@pytest.mark.needs("curl")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_curl(board: Board, port: int, other_ca: Path, host: str) -> None:
    """curl connects by name and by address."""
    url = f"https://{host}:{port}/"
    code, answer = run("curl", "--silent", "--show-error", "--cacert", board.ca, url)
    assert code == 0 and WORDS in answer
    code, answer = run("curl", "--silent", "--show-error", "--cacert", other_ca, url)
    assert code == 60 and WORDS not in answer


@pytest.mark.needs("gnutls-cli")
def test_gnutls(board: Board, port: int, other_ca: Path) -> None:
    """GnuTLS, which many programs in Debian use, connects."""
    client = ["gnutls-cli", "--port", port, "--x509cafile"]
    code, answer = run(*client, board.ca, "localhost")
    assert code == 0 and "Status: The certificate is trusted" in answer
    code, answer = run(*client, other_ca, "localhost")
    assert code != 0 and "The certificate is NOT trusted" in answer


@pytest.mark.needs("java")
def test_java(board: Board, port: int, other_ca: Path) -> None:
    """Java connects with the checks of its standard library."""
    url = f"https://localhost:{port}/"
    code, answer = run(*JAVA_CLIENT, url, board.ca)
    assert code == 0 and WORDS in answer
    code, answer = run(*JAVA_CLIENT, url, other_ca)
    assert code != 0 and "PKIX path building failed" in answer


@pytest.mark.needs("certutil")
@pytest.mark.needs("chromium")
def test_chromium(board: Board, port: int, tmp_path: Path) -> None:
    """Chromium warns without `boardcert ca trust`, and does not with it."""
    database = tmp_path / ".pki/nssdb"
    database.mkdir(parents=True)
    assert run("certutil", "-N", "-d", f"sql:{database}", "--empty-password")[0] == 0
    _, answer = browse(port, tmp_path, "--dump-dom")
    assert WORDS not in answer
    assert run(*_boardcert("trust", board), home=tmp_path)[0] == 0
    code, answer = browse(port, tmp_path, "--dump-dom")
    assert code == 0 and f"<h1>{WORDS}</h1>" in answer and "<title>pump-7</title>" in answer
    _SCREENSHOT.unlink(missing_ok=True)
    browse(port, tmp_path, f"--screenshot={_SCREENSHOT}", "--window-size=640,200")
    assert _SCREENSHOT.stat().st_size > 1000


def _boardcert(action: str, board: Board) -> list[str]:
    program = shutil.which("boardcert") or str(ROOT / ".venv/bin/boardcert")
    return [program, "ca", action, str(board.ca), "--only", "nss", "--yes"]
