"""Do what was deferred until this boot, see wishes, before the server takes the memory."""

import json
from binascii import a2b_base64, b2a_base64

from .. import Error, RefusedError, board
from ..storage import store
from ..storage.record import GENERATED, WIPING, WISH
from ..storage.store_write import Writer
from .performing import perform
from .report import OUTCOME

_TASK = "wish"  # The task of wiping for a wish with a key.


def fulfil(me) -> None:
    """Do for the Identity *me* what the file WISH asks for: once, even if it fails."""
    wiper = _wiper(me)
    wish = _take(me._directory, wiper)
    task = wish.get("task")
    outcome = {"task": task, "id": wish.get("id"), "error": None, "field": None, "wiped": None}
    try:
        now = wish.get("now")
        do = _TASKS.get(str(task), _refuse)
        outcome.update(do(me, wish, wish.get("addresses"), now and tuple(now)))
    except RefusedError as error:
        outcome["error"], outcome["field"] = str(error), error.field
    except (Error, OSError, ValueError, MemoryError) as error:
        outcome["error"] = f"{type(error).__name__}: {error}"
    if "key" in wish:
        outcome["wiped"] = _forget_key(wiper, outcome)
    if outcome["error"]:
        me._add_notices([f"{task}, deferred to this boot, failed: {outcome['error']}"])
    if outcome["id"]:
        Writer(me._directory, me.notices).write_text(OUTCOME, json.dumps(outcome))


def _take(directory: str, wiper) -> dict:
    """Return the wish, and delete its file, so that a failure is not repeated at each boot."""
    wish = None
    try:
        with open(f"{directory}/{WISH}") as file:
            wish = json.load(file)
    except (OSError, ValueError):
        pass
    if not isinstance(wish, dict) or wish.get("unique_id") != board.unique_id().hex():
        wish = {"task": "an unreadable task, or another board's"}
    if "key" in wish:
        wiper.begin(_TASK)
    wiper.delete(WISH)
    return wish


def _sign(me, wish: dict, addresses: list, now: tuple | None) -> dict:
    me._adopt(perform(me, "sign", addresses, now, wish["task"] == "renew"))
    return {}


def _install(me, wish: dict, _: list, now: tuple | None) -> dict:
    key = wish.get("key")
    chain = [a2b_base64(text) for text in wish["chain"]]
    today = wish.get("today") or (now and board.isoformat(now))
    return {"wiped": me.install(chain, key and a2b_base64(key), today)}


def _request(me, wish: dict, addresses: list, _: tuple | None) -> dict:
    names = wish.get("names")
    request = b2a_base64(perform(me, "request", addresses, names)).decode().rstrip()
    record = store.load(me._directory, GENERATED, [])
    return {"request": request, "names": names, "generation": record and record.generation}


def _remove(me, *_) -> dict:
    return {"wiped": me.remove()}


def _refuse(*_) -> dict:
    raise Error("there is no such task")


_TASKS = {
    "sign": _sign,
    "renew": _sign,
    "install": _install,
    "request": _request,
    "remove": _remove,
}
"""Each does a wish with the addresses and the date that the board knew when it was written, and
returns further members of its outcome."""


def _forget_key(wiper, outcome: dict) -> str | None:
    """Wipe the key of a wish, unless it is the one being served; return how far that went."""
    if outcome["error"]:
        return wiper.finish() or "what was deleted may still be in flash"
    wiper.delete(WIPING)  # It has the mark, unless installing has wiped another key.
    return outcome["wiped"]


def _wiper(me):
    from ..storage.wiping import Wiper

    return Wiper(me._directory, me.notices, me._progress)
