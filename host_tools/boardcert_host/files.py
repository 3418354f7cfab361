"""Output files that are whole or absent, and the user's own files that programs share."""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import platformdirs

from .errors import Error

SEE_PATHS = "see `boardcert paths`"
_LOCK_TIMEOUT_S = 10
# Far more than any chain or key: a wrong file, or a device without end, is not read into memory.
_SMALL_BYTES = 1 << 20


def cannot_read(path: Path, error: OSError) -> Error:
    """Return the Error for a file that *error* kept from being read."""
    return Error(f"cannot read {path}: {error.strerror or error}")


def read_small(path: Path) -> bytes:
    """Read a file of certificates or keys. Raises Error for one that is too large, and OSError."""
    with path.open("rb") as file:
        return read_stream(file, str(path))


def read_stream(file: IO[bytes], name: str) -> bytes:
    """Read what *file*, called *name*, has left; as `read_small`."""
    data = file.read(_SMALL_BYTES + 1)
    if len(data) > _SMALL_BYTES:
        raise Error(f"{name} is too large for certificates and keys")
    return data


@contextlib.contextmanager
def writing_whole(path: Path, mode: int = 0o644) -> Iterator[IO[bytes]]:
    """Yield a file beside *path*, renamed at the end: readers never see half of it, or its mode.

    When the body raises, *path* stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # mkstemp opens with O_EXCL and mode 0600.
        descriptor, name = tempfile.mkstemp(prefix=path.name, suffix=".part", dir=path.parent)
    except OSError as error:  # Which names a file that nobody asked for.
        raise OSError(error.errno, error.strerror, str(path)) from error
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.chmod(mode)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write *data* to *path*, whole or not at all."""
    with writing_whole(path, mode) as file:
        file.write(data)


def write_output(path: Path, data: bytes, is_forced: bool, mode: int = 0o644) -> None:
    """Write a file that a command was asked for; over an older one only when *is_forced*.

    A device, a pipe or a link is written to, and stays what it is.
    """
    if is_forced and (path.is_symlink() or (path.exists() and not path.is_file())):
        # What a link points to may not be there yet: it gets this mode, too.
        with open(path, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(data)
    elif is_forced:
        write_whole(path, data, mode)
    else:
        write_new(path, data, mode)


def write_own_json(path: Path, content: dict[str, Any]) -> None:
    """Write *content* as JSON, whole or not at all, readable by its owner only."""
    write_whole(path, json.dumps(content, indent=2).encode() + b"\n", 0o600)


def own_file(variable: str, name: str) -> Path:
    """Return the path in the environment's *variable*, or *name* in the user's configuration."""
    chosen = os.environ.get(variable)
    return Path(chosen) if chosen else Path(platformdirs.user_config_dir("boardcert")) / name


def reason(error: OSError) -> str:
    """Return why the system refused, and what, without its number."""
    where = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{where}"


@contextlib.contextmanager
def changing(path: Path, what: str) -> Iterator[None]:
    """Lock *path*, which keeps *what*, against other programs. Failures become Error."""
    import filelock  # Here, since it loads asyncio, which few commands need.

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{path}.lock", timeout=_LOCK_TIMEOUT_S, mode=0o600):
            yield
    except filelock.Timeout as error:
        raise Error(f"another program holds {path}", "wait for it, then try again") from error
    except OSError as error:
        raise Error(f"cannot write {what}: {reason(error)}", SEE_PATHS) from error


def write_new(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Create *path* with *data*, for its owner only; Error, and nothing is touched, if it is there.

    For private keys: never over an older one, and at no moment readable by others.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise Error(
            f"{path} exists already", "nothing was changed; choose another place"
        ) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
