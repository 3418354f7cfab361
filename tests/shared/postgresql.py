"""A PostgreSQL server of the tests: on a socket in a new directory, and removed afterwards."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

_TIMEOUT_S = 120
_USER = "postgres"


def programs() -> Path | None:
    """Return the folder of initdb and pg_ctl, in Debian's place or on the path; else None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    path = shutil.which("initdb") or (str(found[-1]) if found else None)
    return Path(path).parent if path else None


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """Start a server with the programs in *folder*; yield the prefix of its databases' URLs.

    It refuses to run as root, and does not wait for the disk, which is not needed here.
    """
    user = _USER if os.geteuid() == 0 else None
    directory = Path(tempfile.mkdtemp(prefix="boardcert-pg-"))  # A socket's path is limited.
    if user:
        entry = pwd.getpwnam(user)
        os.chown(directory, entry.pw_uid, entry.pw_gid)
    data, log = directory / "data", directory / "log"

    def run(program: str, *words: str) -> None:
        command = [str(folder / program), "-D", str(data), *words]
        subprocess.run(
            command,
            check=True,
            user=user,
            cwd=directory,
            stdout=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            timeout=_TIMEOUT_S,
        )

    try:
        run("initdb", "-U", _USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-k {directory} -c listen_addresses='' -c max_connections=30"
        options += " -c fsync=off -c shared_buffers=16MB"
        run("pg_ctl", "-w", "-l", str(log), "-o", options, "start")
        try:
            yield f"postgresql://{_USER}@/{{name}}?host={directory}"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
