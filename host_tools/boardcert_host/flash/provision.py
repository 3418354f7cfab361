"""The second half of `boardcert flash`: package, settings, identity, pin, verification over TLS."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from ..board import access, installation, kept_files, mpremote, own_program, usb_report
from ..board.kept_files import BoardState
from ..board.over_usb import BoardUSB
from ..board.reports import own_name, portal_port
from ..certificates.fingerprint import KeyPin, fingerprint_words, key_fingerprint
from ..errors import Error
from ..inventory.changes import note_provisioned
from ..renewal.following import follow
from ..targets import Target, in_local
from ..trust import look_up, pins
from ..verify import hosts
from ..verify.own_ca import own_ca_file
from ..verify.remembering import remember
from .board_kinds import Board
from .host_names import chosen
from .story import Story

_SERVE_TIMEOUT_S = 60
_TLS_TIMEOUT_S = 20
_NAMED_FILES = 4


@dataclass(frozen=True)
class Provision:
    """What a board is to have. *wifi*: name and password; *replace*: its key may be a new one.

    *target*: where it serves in the end, when that is not its address in the Wi-Fi. *program*: the
    maker's own. *serial_number*: of the device, for the inventory.
    """

    host_name: str | None = None
    wifi: tuple[str, str] | None = None
    replace: bool = False
    target: Target | None = None
    program: own_program.Program | None = None
    serial_number: str | None = None


def provision(story: Story, board: Board, wanted: Provision, port: str, mark: str | None) -> bool:
    """Bring a board that runs MicroPython to a pinned, verified certificate.

    *mark*: the pin of the key that it had before. Returns whether what it serves is valid.
    """
    _install(story, port)
    _install_microdot(story, port)
    if wanted.program:
        _copy_program(story, wanted.program, port)
    state = kept_files.read_state(port)
    with chosen(wanted.host_name, state.unique_id) as host_name:
        wanted = replace(wanted, host_name=host_name)
        settings = _set(story, board, wanted, state, port)
        joined = _join(story, wanted, settings, port)
        report = _identify(story, port, mark)
        page = portal_port(report)
        target = wanted.target or (Target(joined, page) if joined and page else None)
        _follow_name(story, state.settings.get("hostname"), report)
        _pin(story, wanted, report, target.port if target else page, joined)
    _keep_token(story, port, report)
    mpremote.reset(port)
    if target is None:
        later = "`boardcert verify` does it when the board can be reached"
        story.step("verify", "skipped", f"neither --wifi nor --at was given; {later}")
        return True
    return _verify(story, wanted, report, target)


def _install(story: Story, port: str) -> None:
    with story.working("looking for the package"):
        architecture = installation.survey(port).architecture
    with story.progress("installing the package") as progress:
        done = installation.install(port, progress=progress)
    is_new = done.copied or done.removed
    counts = f"{len(done.copied)} copied, {len(done.removed)} removed, {done.kept} kept"
    story.step("package", "done" if is_new else "kept", f"modules for {architecture}: {counts}")
    if done.slow:
        effect = "all modules are there, but found more slowly: a start may take a second longer"
        reason = ": ".join(filter(None, (done.slow.message, done.slow.hint)))
        story.step("log", "failed", f"{effect}; {reason}")


def _install_microdot(story: Story, port: str) -> None:
    with story.working("installing Microdot"):
        is_new = installation.install_microdot(port)
    story.step("microdot", "done" if is_new else "kept", "its core, for your application")


def _copy_program(story: Story, program: own_program.Program, port: str) -> None:
    with story.working("copying your program"):
        done = own_program.copy(port, program)
    names = ", ".join(path.lstrip("/") for path in done.written[:_NAMED_FILES])
    more = len(done.written) - _NAMED_FILES
    names += f" and {more} more" if more > 0 else ""
    written = f"{names} copied, " if names else ""
    story.step("program", "done" if done.written else "kept", f"{written}{done.kept} the same")


def _set(
    story: Story, board: Board, wanted: Provision, state: BoardState, port: str
) -> dict[str, Any]:
    """Write the settings, keeping those that were not named; and a main.py. Returns all of them."""
    settings = state.settings | ({"hostname": wanted.host_name} if wanted.host_name else {})
    is_new = kept_files.write_settings(port, settings)
    named = [f"host name {settings.get('hostname', 'from the chip number')}"]
    if wanted.wifi:
        is_new |= kept_files.write_wifi(port, *wanted.wifi)
        named.append(f"Wi-Fi {wanted.wifi[0]}")
    story.step("settings", "done" if is_new else "kept", ", ".join(named))
    if wanted.program and wanted.program.has_main:
        return settings
    if state.has_main:
        story.step("main.py", "kept", "it must call boardcert.run()")
    else:
        kept_files.write_example_main(port, board.name)
        story.step("main.py", "done", "an example, which serves the page")
    return settings


def _join(story: Story, wanted: Provision, settings: dict[str, Any], port: str) -> str | None:
    """Join the Wi-Fi once now, so that a wrong password is noticed; return the board's address."""
    if not wanted.wifi:
        return None
    with story.working(f"joining {wanted.wifi[0]}"):
        address, date = kept_files.join_wifi(port, settings.get("hostname"), wanted.wifi[0])
    clock = f"date {date}" if date else "no date: no time server answered"
    story.step("network", "done", f"joined {wanted.wifi[0]}, address {address}, {clock}")
    return address


def _identify(story: Story, port: str, mark: str | None) -> dict[str, Any]:
    """Read the identity over USB; a board without one makes it now."""
    with story.working("waiting for the identity"):
        report = usb_report.read_report(port)
    story.record["report"] = report
    if mark and mark != report["public_key_pin"]:
        notices = "; ".join(report["notices"]) or "none"
        raise Error(
            f"this board had the key {mark}, now it has {report['public_key_pin']}",
            f"its old identity is lost; notices of the board: {notices}",
        )
    fingerprint = key_fingerprint(report["public_key_pin"])
    key = f"key {fingerprint_words(fingerprint)}, {fingerprint}"
    if report["generated"]:
        story.step("identity", "done", f"generated by the board: {key}")
    else:
        story.step("identity", "kept", f"{report['source']}: {key}")
    return report


def _follow_name(story: Story, before: object, report: dict[str, Any]) -> None:
    """Have what is known of a board follow it to a new name."""
    host = own_name(report)
    if not isinstance(before, str) or in_local(before) == host:
        return
    old = in_local(before)
    if pins.rename(old, host, report):
        follow(old, host, is_own=True)
        story.step("name", "done", f"{old} is {host} now, with the same key")


def _pin(
    story: Story,
    wanted: Provision,
    report: dict[str, Any],
    port: int | None,
    address: str | None,
) -> None:
    """Pin the key as it was read over USB, where nobody can interfere, and where it serves."""
    host = report["names"][0]
    unit = report.get("unique_id")
    mine = look_up.of_unit(unit) if unit else []
    stale = [
        pin
        for pin in dict.fromkeys([*mine, *look_up.place_of(host).pins])
        if pin.public_key_pin != report["public_key_pin"]
    ]
    if stale and not wanted.replace:
        raise pins.changed_key(stale[0], report["public_key_pin"])
    if stale:
        _replace_keys(story, stale, report)
    is_own_port = wanted.target is None and address is None
    pin, is_new = pins.add_pin(host, report, port, address, is_own_port)
    note_provisioned(host, wanted.serial_number)
    story.record["pin"] = asdict(pin)
    story.step("pin", "done" if is_new or stale else "kept", f"{host} is {pin.public_key_pin}")


def _replace_keys(story: Story, stale: list[pins.Pin], report: dict[str, Any]) -> None:
    """Pin the board's current key; forget other boards that had its name."""
    followed = pins.follow_key([stale[0].host], stale[0].public_key_pin, report)
    names = {pin.host for pin in followed}
    for known in stale:
        what = "replaced"
        if known.host not in names:
            pins.forget_pin(known.host)
            what = "forgotten"
        detail = f"{known.host} was {known.public_key_pin}: {what} because of --yes"
        story.step("pin", "done", detail)


def _keep_token(story: Story, port: str, report: dict[str, Any]) -> None:
    """Read the token over USB, by which the board is administered, and keep it."""
    host = report["names"][0]
    with story.working("asking for the token"):
        is_new = access.keep_token(BoardUSB(port, [host]), host, report)
    detail = f"on the key ring; `boardcert token {host}` shows it, for the page"
    story.step("token", "done" if is_new else "kept", detail)


def _verify(story: Story, wanted: Provision, report: dict[str, Any], target: Target) -> bool:
    """Check over TLS that the board serves what it said over USB."""
    key = KeyPin.of_key(report["public_key_pin"])
    name = report["names"][0]
    options = hosts.Options(name=name, pin=key, own_ca=own_ca_file(), timeout_s=_TLS_TIMEOUT_S)
    with story.working(f"waiting for {target}"):
        result = hosts.verify_when_up(target, options, _SERVE_TIMEOUT_S)
    if result.error:
        raise result.error
    story.record["verify"] = result.to_json()
    detail = "; ".join(result.failures) or f"{target} serves what was read over USB"
    story.step("verify", "done" if result.ok else "failed", detail)
    if result.ok and result.address:
        pins.add_pin(name, report, target.port, result.address)
    remember([result], [pin for pin in look_up.about(name) if pin.host == name])
    urls = [f"https://{Target(name, target.port)}", f"https://{target}"]
    story.record["urls"] = urls
    story.step("page", "done", f"open {urls[0]}, or {urls[1]}")
    # Not when --at named a tunnel to the page: nothing is known of one to port 443.
    if wanted.program and wanted.program.has_main and target.port == portal_port(report):
        urls += [f"https://{name}", f"https://{target.host}"]
        served = "what your program gives to boardcert.run() is served on port 443"
        story.step("main.py", "done", f"{served}: {urls[2]}, or {urls[3]}")
    return result.ok
