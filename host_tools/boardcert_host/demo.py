"""`boardcert demo`: a board makes its own certificate, from nothing, and the host checks it all.

The board is the virtual one: the official MicroPython image, unmodified, in an emulator. All that
is done to it over its USB serial port and over TLS is what is done to a real one, by the same code.
Times are the board's own: simulated milliseconds at 125 MHz, the same on every computer.
"""

import json
import tempfile
import time
from collections.abc import Callable, Collection
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rich.console import Console

from . import __version__, device
from .boards import Firmware, data_directory, load_board
from .checks import Check
from .console import in_groups, messages, print_checks, to_compare
from .errors import CHECKED_AND_BAD, Error
from .files import write_whole
from .firmware import firmware_image
from .targets import Target
from .tls_probe import get
from .verify import HostResult, Options, verify_hosts
from .virtual import VirtualBoard

_BOARD = "VIRTUAL_PICO_W"
_HOST_NAME = "kitchen"
_NAME = "kitchen.local"
_PAGE = "/api/identity"
# An emulated handshake takes some 2 s of real time; a busy computer may need ten times as long.
_TIMEOUT_S = 30
_UP_TIMEOUT_S = 60
_Result = TypeVar("_Result")
_REAL_BOARD = """\
With a real Pico W on a USB cable, from the bag to a pinned certificate:
  boardcert flash RPI_PICO_W --hostname kitchen --wifi NETWORK
In your own program on the board, these two lines:
  import boardcert
  boardcert.run()
And from then on, to see that it is still the same board:
  boardcert verify kitchen.local:20034"""


class Demo:
    """The story in its order; `record` grows with it and becomes demo.json."""

    def __init__(self, output: Path, console: Console) -> None:
        self._record_file = output / "demo.json"
        self._certificate = output / "demo-cert.pem"
        self._console = console
        self.record: dict[str, Any] = {
            "boardcert": __version__,
            "ok": False,
            "board": _BOARD,
            "fingerprint": {},
            "public_key_pin": {},
            "checks": [],
        }

    def run(self) -> bool:
        """Tell the whole story; return whether every check held. Raises Error to break off."""
        self._prepare_output()
        board_data = load_board(_BOARD)
        image, source = firmware_image(board_data)
        self._tell_firmware(board_data.firmware, source)
        with (
            tempfile.TemporaryDirectory(prefix="boardcert-") as flash,
            VirtualBoard(flash, firmware=image) as board,
        ):
            board.wait_ready()
            self._install(board)
            first = self._first_boot(board)
            self._save_certificate(first)
            self._second_boot(board)
        return self._finish()

    def _prepare_output(self) -> None:
        """Remove what is stale, and see that a file can be written, before a minute of work."""
        output = self._record_file.parent
        try:
            output.mkdir(parents=True, exist_ok=True)
            for stale in (self._record_file, self._certificate):
                stale.unlink(missing_ok=True)
            with tempfile.TemporaryFile(dir=output):
                pass
        except OSError as error:
            raise Error(f"cannot write to {output}: {error.strerror or error}") from error

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False)

    def _chapter(self, title: str) -> None:
        self._console.print()
        self._console.print(title, style="bold", markup=False)

    def _show_checks(self, when: str, checks: list[Check], known: Collection[str] = ()) -> None:
        """Keep *checks*, with the boot they belong to, and print those that say something new.

        *known*: ids of checks that passed before; they are printed again only when they fail.
        """
        self.record["checks"] += [{"when": when, **asdict(check)} for check in checks]
        made = [check for check in checks if check.status != "skip"]
        again = [check for check in made if check.id in known and check.status == "pass"]
        if again:
            self._say(f"{len(again)} checks from above pass again.")
        print_checks(self._console, [check for check in made if check not in again])

    def _keep_digests(self, when: str, facts: dict[str, Any]) -> None:
        for kind in ("fingerprint", "public_key_pin"):
            self.record[kind][when] = facts[kind]

    def _tell_firmware(self, firmware: Firmware, source: str) -> None:
        self._chapter("1. A board with the official firmware on it, and nothing else")
        self._say(f"{firmware.file}, unmodified; its SHA-256 is the pinned one:")
        self._say(firmware.sha256)
        self._say("It runs on an emulated Pico W with empty flash.")
        described = {key: getattr(firmware, key) for key in ("file", "version", "sha256")}
        self.record["firmware"] = {**described, "source": source}

    def _install(self, board: VirtualBoard) -> None:
        self._chapter("2. The package goes onto it over the USB serial port")
        main = data_directory("boards") / _BOARD / "main.py"
        with messages().status("mpremote copies the package, and Microdot for the page"):
            done = device.install(board.usb_port)
            device.install_microdot(board.usb_port)
            device.write_settings(board.usb_port, {"hostname": _HOST_NAME})
            device.put_file(board.usb_port, main.read_bytes(), "/main.py")
        self._say(f"{len(done.copied)} modules, Microdot, the host name {_HOST_NAME}, a main.py.")
        self._say("There is no key and no certificate yet, neither there nor here.")
        self.record["modules_installed"] = len(done.copied)

    def _first_boot(self, board: VirtualBoard) -> HostResult:
        self._chapter("3. First boot: the board makes its own key and certificate")
        reports: list[dict[str, Any]] = []

        def read_report() -> dict[str, Any]:
            reports.append(device.read_report(board.usb_port))
            return reports[0]

        with messages().status("the board gathers entropy, makes a key, signs, and serves"):
            device.reset(board.usb_port)
            result = _verify_when_up(board, Options(name=_NAME, read_report=read_report))
        certificate = _certificate_of(result)
        (report,) = reports
        self._say(f"It took {_in_steps(report['timings_ms'])}.")
        self._say("The private key has not left the board, and nothing here ever asks for it.")
        self._chapter("4. Over TLS, and over the USB cable: the same certificate?")
        made = _check("generated", "made by this boot", report["generated"], report["source"])
        self._show_checks("first boot", [*result.checks, made])
        self._keep_digests("usb", report)
        self._keep_digests("tls", certificate)
        self.record["certificate"] = certificate
        self.record["first_boot_ms"] = report["timings_ms"]["total"]
        self.record["first_boot_timings_ms"] = report["timings_ms"]
        self.record["entropy"] = report["entropy"]
        return result

    def _save_certificate(self, first: HostResult) -> None:
        certificate = x509.load_der_x509_certificate(first.certificate_der or b"")
        write_whole(self._certificate, certificate.public_bytes(Encoding.PEM))

    def _second_boot(self, board: VirtualBoard) -> None:
        self._chapter("5. The power goes, and comes back: still the same?")
        pin = ("fingerprint", self.record["fingerprint"]["usb"])
        with messages().status("the board starts, and loads what it made"):
            board.power_off()
            board.power_on()
            result = _verify_when_up(board, Options(name=_NAME, pin=pin))
            page = self._page_check(board)
            report = device.read_report(board.usb_port)
        self._say(f"Loading took {_in_steps(report['timings_ms'])}.")
        kept = _check("kept", "nothing made anew", not report["generated"], report["source"])
        known = {check["id"] for check in self.record["checks"] if check["status"] == "pass"}
        self._show_checks("second boot", [*result.checks, page, kept], known)
        self._keep_digests("after_reboot", _certificate_of(result))
        self.record["load_ms"] = report["timings_ms"]["total"]
        self.record["memory"] = device.read_memory(board.usb_port)

    def _page_check(self, board: VirtualBoard) -> Check:
        """Use the saved certificate as a client does that was told to trust it."""
        id, title, address = "https_request", "HTTPS request", board.uart_address
        try:
            body = _call(lambda: get(*address, _TIMEOUT_S, _NAME, str(self._certificate), _PAGE))
            same = json.loads(body)["fingerprint"] == self.record["fingerprint"]["usb"]
        except (Error, ValueError, KeyError) as error:
            return _check(id, title, False, str(error))
        return _check(id, title, same, f"https://{_NAME}{_PAGE}, trusting demo-cert.pem alone")

    def _finish(self) -> bool:
        """Show the result, and leave it in demo.json."""
        record = self.record
        record["ok"] = all(check["status"] != "fail" for check in record["checks"])
        record["certificate_file"] = str(self._certificate)
        write_whole(self._record_file, json.dumps(record, indent=2).encode() + b"\n")
        self._chapter("The certificate")
        certificate = record["certificate"]
        for title in ("subject", "names", "not_before", "not_after"):
            value = certificate[title]
            self._say(f"{title:<12}{', '.join(value) if isinstance(value, list) else value}")
        for number, line in enumerate(to_compare(certificate["public_key_pin"])):
            self._say(f"{'' if number else 'key':<12}{line}")
        for number, line in enumerate(in_groups(certificate["fingerprint"])):
            self._say(f"{'' if number else 'certificate':<12}{line}")
        used, free = record["memory"]["used_bytes"], record["memory"]["free_bytes"]
        self._say(f"First boot {record['first_boot_ms']} ms, later ones {record['load_ms']} ms.")
        self._say(f"Memory while it serves: {used:,} bytes of {used + free:,}.")
        self._say(f"Left here: {self._record_file} and {self._certificate}")
        self._chapter("Every check held." if record["ok"] else "NOT every check held.")
        self._say(_REAL_BOARD)
        return bool(record["ok"])


def _check(id: str, title: str, held: bool, detail: str) -> Check:
    return Check(id, title, "pass" if held else "fail", detail)


def _certificate_of(result: HostResult) -> dict[str, Any]:
    """Return what the served certificate says. Raises Error, with the reason, without one."""
    if result.certificate is None:
        reasons = "; ".join(result.failures)
        raise Error(f"no certificate to go on with ({reasons})", None, CHECKED_AND_BAD)
    return result.certificate


def _in_steps(timings_ms: dict[str, int]) -> str:
    """Return the total, and the steps it is made of when there are any."""
    steps = [f"{step} {time_ms}" for step, time_ms in timings_ms.items() if step != "total"]
    return f"{timings_ms['total']} ms of the board's time" + (
        f": {', '.join(steps)}" if steps else ""
    )


def _verify_when_up(board: VirtualBoard, options: Options) -> HostResult:
    """Verify as soon as the board's program answers calls."""

    def verify() -> HostResult:
        target = Target(*board.uart_address)
        (result,) = verify_hosts([target], replace(options, timeout_s=_TIMEOUT_S))
        if result.error:
            raise result.error
        return result

    return _call(verify)


def _call(action: Callable[[], _Result]) -> _Result:
    """Do *action*, again when the line is hung up, until it is done or the time is up.

    The serial line of the virtual board takes one call at a time: it hangs up before its program
    runs, and on a caller who comes while the call before is being ended.
    """
    deadline = time.monotonic() + _UP_TIMEOUT_S
    while True:
        try:
            return action()
        except Error:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)


def run_demo(output: Path, console: Console) -> tuple[bool, dict[str, Any]]:
    """Tell the story on *console*; return whether every check held, and the record."""
    demo = Demo(output, console)
    return demo.run(), demo.record
