"""What a board keeps besides the package (settings, Wi-Fi, main.py), and its state."""

import json
from dataclasses import dataclass
from typing import Any

from ..directories import data_directory
from ..errors import Error
from . import file_writer, mpremote

# Of these, 30 s for joining; the time server's name and answer may take the others.
_JOIN_TIMEOUT_S = 60
# Run on the board: what is there. An identity is known by its files, whatever wrote them.
STATE = """
import sys, os, json
def read(path):
    try:
        with open(path) as file:
            return file.read()
    except (OSError, UnicodeError):
        return None
def names(path):
    try:
        return os.listdir(path)
    except OSError:
        return []
try:
    from machine import unique_id
except ImportError:
    unique_id = bytes
d = {directory!r}
print(json.dumps({{"version": sys.version, "machine": sys.implementation._machine,
    "identity": [n for n in names(d) if n.endswith((".bin", ".alt"))],
    "mark": read(d + "/marker"), "config": read(d + "/config.json"),
    "main": "main.py" in names("/"), "files": len(names("/")), "unique_id": unique_id().hex()}}))
"""
_STATE_FIELDS = {"version": str, "machine": str, "identity": list, "main": bool}
_STATE_FIELDS |= {"files": int, "unique_id": str}
# littlefs as _boot.py makes it on rp2; esp32 is erased by esptool.
_FORMAT = """
import rp2, vfs
vfs.umount("/")
flash = rp2.Flash()
vfs.VfsLfs2.mkfs(flash, progsize=256)
vfs.mount(vfs.VfsLfs2(flash, progsize=256), "/")
"""
# Run on the board: join the network in wifi.json, set the clock, and say whether that went well.
JOIN = """
import json, network, time
with open({path!r}) as file:
    wifi = json.load(file)
if {host_name!r}:
    network.hostname({host_name!r}.split(".")[0][:32])
link = network.WLAN(network.STA_IF)
link.active(True)
link.connect(wifi["ssid"], wifi["password"])
for _ in range({seconds}):
    if link.isconnected():
        break
    time.sleep(1)
date = None
if link.isconnected():
    try:
        import ntptime
        ntptime.settime()
        date = "%d-%02d-%02d" % time.gmtime()[:3]
    except (ImportError, OSError):
        pass
print(json.dumps({{"is_connected": link.isconnected(), "address": link.ifconfig()[0],
    "status": link.status(), "date": date or ""}}))
"""
_JOIN_FIELDS = {"is_connected": bool, "address": str, "status": int, "date": str}
# Not in /boardcert: `import boardcert` would find that directory before the package in /lib.
DATA_DIRECTORY = "/boardcert-data"
CONFIG_FILE = f"{DATA_DIRECTORY}/config.json"
WIFI_FILE = f"{DATA_DIRECTORY}/wifi.json"


@dataclass(frozen=True)
class BoardState:
    """What runs on a board and what it keeps. *mark*: the pin of its last identity, if known.

    *unique_id*: of the chip, in hexadecimal; None where MicroPython does not know it.
    """

    version: str
    machine: str
    has_identity: bool
    mark: str | None
    settings: dict[str, Any]
    has_main: bool
    files: int
    unique_id: str | None = None

    @property
    def build(self) -> str:
        """The part of the version that an image contains as well; "" if it has no such part."""
        return self.version.partition("; ")[2]


def read_state(port: str) -> BoardState:
    """Ask a board that runs MicroPython, with or without the package."""
    answer = mpremote.ask_object(port, STATE.format(directory=DATA_DIRECTORY), _STATE_FIELDS)
    texts = [answer.get("mark") or "", answer.get("config") or "{}"]
    if not all(isinstance(text, str) for text in texts):
        raise mpremote.unreadable(port)
    mark, config = texts
    try:
        settings = json.loads(config)
    except (ValueError, RecursionError):
        settings = {}  # Written whole below; what cannot be read cannot be kept.
    return BoardState(
        version=answer["version"],
        machine=answer["machine"],
        has_identity=bool(answer["identity"]),
        mark=mark.strip() or None,
        settings=settings if isinstance(settings, dict) else {},
        has_main=answer["main"],
        files=answer["files"],
        unique_id=answer["unique_id"] or None,
    )


def format_files(port: str) -> None:
    """Make an empty file system on a board with a boot drive, which cannot be erased otherwise."""
    mpremote.execute(port, _FORMAT)


def write_settings(port: str, settings: dict[str, Any]) -> bool:
    """Write config.json, which the installed package reads; False when it was the same."""
    return file_writer.put_file(port, json.dumps(settings).encode(), CONFIG_FILE)


def write_wifi(port: str, ssid: str, password: str) -> bool:
    """Write the network that main.py joins; False when it was the same."""
    content = json.dumps({"ssid": ssid, "password": password}).encode()
    return file_writer.put_file(port, content, WIFI_FILE)


def write_example_main(port: str, board_name: str) -> None:
    """Write the example main.py: the board's own where there is one, else the common one."""
    own = data_directory("boards") / board_name / "main.py"
    common = data_directory("firmware") / "examples" / "main.py"
    file_writer.put_file(port, (own if own.is_file() else common).read_bytes(), "/main.py")


def join_wifi(port: str, host_name: str | None, ssid: str) -> tuple[str, str | None]:
    """Have the board join its Wi-Fi now, under its own name; return its address and the date.

    The date is None if no time server answers: the first certificate is then signed again later.
    """
    seconds = _JOIN_TIMEOUT_S // 2
    code = JOIN.format(path=WIFI_FILE, host_name=host_name, seconds=seconds)
    answer = mpremote.ask_object(port, code, _JOIN_FIELDS, _JOIN_TIMEOUT_S)
    if not answer["is_connected"]:
        raise Error(
            f"the board cannot join the Wi-Fi {ssid} (status {answer['status']})",
            "check name and password, then run the command again with the right ones",
        )
    return answer["address"], answer["date"] or None
