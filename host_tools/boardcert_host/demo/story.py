"""The demo's story: a new board, verified again after a change of address and a power cut.

The board is the virtual Pico W: the official MicroPython image, unmodified, with its radio, in a
network of its own. Times are the board's own: simulated milliseconds at 125 MHz.
"""

import json
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from rich.console import Console

from ..board import file_writer, mpremote, usb_report
from ..certificates.fingerprint import KeyPin
from ..clock import from_text
from ..console import messages
from ..errors import Error
from ..flash.board_kinds import load_board
from ..flash.firmware import firmware_image
from ..targets import PORTAL_PORT
from ..verify.hosts import HostResult, Options
from ..verify.outcomes import Check
from ..verify.tls_probe import get
from .home import HTTPS_PORT, NAME, Home, new_home, when_up
from .record import Record

_BOARD = "VIRTUAL_PICO_W"
_PAGE = "/api/identity"
_TIMEOUT_S = 30
_FOREVER_S = threading.TIMEOUT_MAX
# The user's program: two lines, and an application of Microdot's.
_MAIN = """\
import boardcert
from microdot import Microdot

app = Microdot()


@app.get("/")
async def hello(request):
    return "Hello from the kitchen.\\n"


boardcert.run(app)
"""
_REAL_BOARD = """\
With a real Pico W on a USB cable, from new to a pinned certificate:
  boardcert flash RPI_PICO_W --hostname kitchen --wifi NETWORK
In your own program on the board, these two lines:
  import boardcert
  boardcert.run()
And from then on, to see that it is still the same board:
  boardcert verify kitchen.local:20034"""


class Demo:
    """The story in its order."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._data = record.data

    def run(self, keep: bool) -> bool:
        """Run the whole story; return whether all checks passed. Raises Error to give up."""
        self._record.prepare()
        self._show_firmware()
        with new_home() as home:
            self._flash(home)
            self._serve(home)
            self._change_address(home)
            self._cut_power(home)
            ok = self._record.finish()
            self._show_page(home, keep)
        self._record.say(_REAL_BOARD)
        return ok

    def _show_firmware(self) -> None:
        board = load_board(_BOARD)
        _, source = firmware_image(board)
        firmware = board.firmware
        self._record.chapter("1. A new board, and a Wi-Fi called HomeNet")
        self._record.say(f"An emulated Pico W with empty flash, for {firmware.file}, unmodified.")
        self._record.say(f"Its SHA-256 is the pinned one: {firmware.sha256}")
        described = {key: getattr(firmware, key) for key in ("file", "version", "sha256")}
        self._data["board"] = _BOARD
        self._data["firmware"] = {**described, "source": source}

    def _flash(self, home: Home) -> None:
        command = "boardcert flash RPI_PICO_W --hostname kitchen --wifi HomeNet"
        self._record.chapter(f"2. {command}")
        record = home.flash()
        report = record["report"]
        address = home.board.network.wait_address()
        self._data["wifi_address"] = address
        self._data["first_boot_ms"] = report["timings_ms"]["total"]
        self._data["first_boot_timings_ms"] = report["timings_ms"]
        self._data["entropy"] = report["entropy"]
        self._record.keep_digests("usb", report)
        self._record.say(f"The board generated its identity in {_in_steps(report['timings_ms'])}.")
        self._record.say("The private key has not left the board, and nothing here asks for it.")
        made = _check("generated", "generated now", report["generated"], report["source"])
        dated = _check("dated", "clock set by NTP", *_dated_today(report["not_before"]))
        named = _check("addressed", "names its address", address in report["names"], address)
        self._record.show_checks("flash", [made, dated, named])

    def _serve(self, home: Home) -> None:
        self._record.chapter("3. Your own program: HTTPS on 443, the page on 20034")
        for line in _MAIN.rstrip().splitlines():
            self._record.say(f"    {line}")
        with messages().status("the program goes onto the board, and the board restarts"):
            file_writer.put_file(home.usb_port, _MAIN.encode(), "/main.py")
            mpremote.reset(home.usb_port)
            page, app = home.verify([PORTAL_PORT, HTTPS_PORT], Options(name=NAME))
            # The last use of the cable, since it interrupts the program.
            options = Options(name=NAME, read_report=lambda: usb_report.read_report(home.usb_port))
            (compared,) = home.verify([HTTPS_PORT], options)
        self._record.say("Does the board serve the certificate that it reports over USB?")
        self._record.show_checks("served", compared.checks)
        both = page.certificate_der == app.certificate_der
        detail = "443 and 20034 serve the same certificate"
        self._record.show_checks("served", [_check("both_ports", "both ports", both, detail)])
        self._keep(compared, "tls")
        mpremote.reset(home.usb_port)

    def _change_address(self, home: Home) -> None:
        self._record.chapter("4. The router restarts, and gives the board another address")
        before = self._data["certificate"]
        with messages().status("the board joins again, and signs its certificate again"):
            home.verify([HTTPS_PORT], Options(name=NAME))
            address = home.change_address()
            result = self._signed_again(home, address)
        after = _certificate_of(result)
        self._record.say(f"{self._data['wifi_address']} is now {address}.")
        for kind in ("public_key_pin", "fingerprint"):
            self._data[f"{kind}_before"], self._data[f"{kind}_after"] = before[kind], after[kind]
        signed = before["fingerprint"] != after["fingerprint"]
        self._record.show_checks(
            "address change",
            [
                _check("readdressed", "names the new address", address in after["names"], address),
                _check("signed_again", "signed again", signed, "another certificate"),
                *result.checks,
            ],
        )
        self._keep(result, "after_address_change")

    def _signed_again(self, home: Home, address: str) -> HostResult:
        """Return the result for the pinned key, once the certificate names *address*."""
        pin = KeyPin.of_key(self._data["public_key_pin"]["usb"])

        def look() -> HostResult:
            (result,) = home.verify([HTTPS_PORT], Options(name=NAME, pin=pin))
            if address not in _certificate_of(result)["names"]:
                raise Error(f"the certificate does not name {address}")
            return result

        return when_up(look)

    def _cut_power(self, home: Home) -> None:
        self._record.chapter("5. Power is cut, and restored: is it still the same board?")
        pin = KeyPin.of_certificate(self._data["fingerprint"]["after_address_change"])
        with messages().status("the board starts, joins, and serves its identity"):
            home.board.power_off()
            home.board.power_on()
            page = when_up(lambda: self._first_answer(home))
            (result,) = home.verify([HTTPS_PORT], Options(name=NAME, pin=pin))
            self._data["memory"] = usb_report.read_memory(home.usb_port)
            report = usb_report.read_report(home.usb_port)
        self._record.say(f"Loading took {_in_steps(report['timings_ms'])}.")
        kept = _check("kept", "nothing generated again", not report["generated"], report["source"])
        self._record.show_checks("power cycle", [*result.checks, page, kept])
        self._keep(result, "after_reboot")
        self._data["load_ms"] = report["timings_ms"]["total"]
        mpremote.reset(home.usb_port)

    def _first_answer(self, home: Home) -> Check:
        """Fetch the page's report as a client that trusts this certificate only."""
        target = home.target(PORTAL_PORT)
        trusted = str(self._record.certificate_file)
        body = get(target, _TIMEOUT_S, NAME, trusted, _PAGE)
        self._data["first_https_ms"] = home.board.clock_us // 1000
        fingerprint = json.loads(body)["fingerprint"]
        same = fingerprint == self._data["fingerprint"]["after_address_change"]
        detail = f"https://{NAME}:20034{_PAGE}, trusting only demo-cert.pem"
        return _check("https_request", "HTTPS request", same, detail)

    def _keep(self, result: HostResult, when: str) -> None:
        """Keep the certificate that is served now as demo-cert.pem."""
        self._data["certificate"] = certificate = _certificate_of(result)
        self._data["names"] = certificate["names"]
        self._record.keep_digests(when, certificate)
        self._record.save_certificate(result.certificate_der or b"")

    def _show_page(self, home: Home, keep: bool) -> None:
        """Print how to open the page; with *keep*, wait for Ctrl-C."""
        if not keep:
            self._record.say("To open its page in your browser: boardcert demo --keep")
            return
        home.verify([PORTAL_PORT], Options(name=NAME))
        self._record.say(f"Its page: https://{home.target(PORTAL_PORT)}")
        self._record.say(f"Its program: https://{home.target(HTTPS_PORT)}")
        self._record.say(f"Its USB serial port: mpremote connect {home.usb_port}")
        self._record.say("Ctrl-C stops it.")
        try:
            home.board.wait_off(timeout_s=_FOREVER_S)
        except KeyboardInterrupt:
            self._record.say("The board is switched off.")


def _check(id: str, title: str, held: bool, detail: str) -> Check:
    return Check(id, title, "pass" if held else "fail", detail)


def _certificate_of(result: HostResult) -> dict[str, Any]:
    if result.certificate is None:
        raise Error("the served certificate cannot be read")
    return result.certificate


def _dated_today(not_before: str) -> tuple[bool, str]:
    """Return whether a certificate begins yesterday, which shows that its board knows the date."""
    yesterday = datetime.now(timezone.utc) - timedelta(days=1)
    age = abs(from_text(not_before) - yesterday)
    return age <= timedelta(days=1), f"valid from {not_before}"


def _in_steps(timings_ms: dict[str, int]) -> str:
    """Return the total, followed by its steps if there are any."""
    steps = [f"{step} {time_ms}" for step, time_ms in timings_ms.items() if step != "total"]
    return f"{timings_ms['total']} ms of the board's time" + (
        f": {', '.join(steps)}" if steps else ""
    )


def run_demo(output: Path, console: Console, keep: bool = False) -> tuple[bool, dict[str, Any]]:
    """Run the demonstration on *console*; return whether all checks passed, and the record.

    *keep*: let the board run until Ctrl-C, for a browser.
    """
    record = Record(output, console)
    return Demo(record).run(keep), record.data
