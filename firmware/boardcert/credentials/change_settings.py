"""Change settings for the next boot: in config.json, with the checks of a boot."""

import json

from .. import RefusedError, board
from ..storage import store
from ..storage.store_write import Writer
from .settings import Settings

_NUMBERS = ("validity_days", "portal_port")


def change_settings(directory: str, arguments: dict, changes: dict) -> None:
    """Write config.json with *changes*, if all hold together; else raise RefusedError.

    That has the name of the change which brought in what does not. *arguments*: what the program
    sets, which takes precedence: that cannot be changed here. A value may be a text, as in forms:
    digits for a number, names with commas between. None, or an empty text, stands for the default.
    """
    before = store.read_config(directory)
    config = store.parse_config(before)
    now = Settings(arguments, before, board.unique_id())
    refused = None
    for name, value in changes.items():
        value = _value(name, value)
        shown = now.names[1:] if name == "names" else getattr(now, name, None)
        if value == shown or not (value or shown):
            continue  # A form sends back what it showed.
        if name in arguments:
            raise RefusedError(name, "the board's program sets this: change it there")
        if value is None:
            config.pop(name, None)
        else:
            config[name] = value
        try:
            _check(config, arguments)
            refused = None  # What was too much in all may not be with this one.
        except ValueError as error:
            if str(error) != str(refused):
                refused = RefusedError(name, str(error))
    if refused:
        raise refused
    Writer(directory, []).write_text(store.CONFIG_NAME, json.dumps(config))


def _check(config: dict, arguments: dict) -> None:
    """Raise ValueError for what would not hold at the next boot."""
    wanted = dict(config)
    wanted.update(arguments)
    Settings(wanted, None, board.unique_id())
    if len(json.dumps(config)) > store.MAX_TEXT_BYTES:
        raise ValueError(f"the settings take more than {store.MAX_TEXT_BYTES} bytes")


def _value(name: str, value):
    """Return the *value* of a setting as config.json has it; what is not a number stays text."""
    if isinstance(value, str):
        value = value.strip()
        if name in _NUMBERS and value.isdigit():
            return int(value)
        if value and name == "names":
            return value.replace(",", " ").split()
    return None if value == "" else value
