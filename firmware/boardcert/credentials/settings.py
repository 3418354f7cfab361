"""Settings: arguments, over config.json, over defaults; every value is checked.

| name          | default     | meaning                                                       |
|---------------|-------------|---------------------------------------------------------------|
| key_type      | "p384"      | the kind of key that is made, one of KEY_TYPES                |
| validity_days | 3650        | days for which a certificate is good from when it is signed   |
| hostname      | PREFIX-ID   | the common name, 1 to 63 characters; ID from the unique id    |
| prefix        | "board"     | the first part of the default host name                       |
| names         | []          | more names and addresses for subjectAltName                   |
| portal_port   | 20034       | the port of the configuration page; 0: no page                |
| https         | "required"  | for the page; "off": it is read-only, over plain HTTP           |
| chain         | "self"      | who signs the certificate; "authority": a CA of the board's own |

A certificate begins on the day before it is signed; a client's limit counts that as well. Changed
settings take effect when the identity is loaded next, with the same key: another key_type only
with the next new key.

The directory where all is kept, boardcert.DIRECTORY, and a progress callback are arguments only.
"""

from ..certificates import fields
from ..storage.store import CONFIG_NAME, parse_config

KEY_TYPES = ("p256", "p384", "p521", "rsa2048", "rsa3072", "rsa4096")
"""Chrome and Edge refuse p521; an RP2040 computes for minutes to make an RSA key."""

AUTHORITY = "authority"

MOST_CHARACTERS = 1000

_DEFAULTS = {
    "key_type": "p384",
    "validity_days": 3650,
    "hostname": None,
    "prefix": "board",
    "names": [],
    "portal_port": 20034,
    "https": "required",
    "chain": "self",
}


def take(arguments: dict) -> dict:
    """Remove those of *arguments* that are settings, and return them."""
    return {name: arguments.pop(name) for name in list(arguments) if name in _DEFAULTS}


class Settings:
    """Checked settings. *arguments*: what the caller said; ValueError when something is wrong.

    *config*: the text of config.json, or None; Error when it is not what it should be.
    """

    def __init__(self, arguments: dict, config: str | None, unique_id: bytes) -> None:
        written = parse_config(config)
        reason = self._refusal(unique_id, written, arguments)
        if reason and not self._refusal(unique_id, {}, arguments):
            reason = f"{CONFIG_NAME}: {reason}"
        if reason:
            raise ValueError(reason)

    def _refusal(self, unique_id: bytes, written: dict, arguments: dict) -> str | None:
        """Take the settings; return what is wrong with them, or None."""
        values = dict(_DEFAULTS)
        values.update(written)
        values.update(arguments)
        try:
            self._check(values, unique_id)
        except ValueError as error:
            return str(error)
        return None

    def _check(self, values: dict, unique_id: bytes) -> None:
        for name in values:
            if name not in _DEFAULTS:
                raise ValueError(f"unknown setting: {name!r}")
        self.key_type = _choice(values, "key_type", KEY_TYPES)
        self.validity_days = _number(values, "validity_days", 1, 36500)
        self.portal_port = _number(values, "portal_port", 0, 65535)
        self.https = _choice(values, "https", ("required", "off"))
        self.chain = _choice(values, "chain", ("self", AUTHORITY))
        self.hostname = _host_name(values, unique_id)
        self.names = _all_names(self.hostname, values["names"])


def _choice(values: dict, name: str, allowed: tuple) -> str:
    if values[name] not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}: {values[name]!r}")
    return values[name]


def _number(values: dict, name: str, least: int, most: int) -> int:
    value = values[name]
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"{name} must be a number from {least} to {most}: {value!r}")
    return value


def _host_name(values: dict, unique_id: bytes) -> str:
    """Return the host name: the one set, or prefix and the last four bytes of the unique id."""
    host_name = values["hostname"]
    if host_name is None:
        if not isinstance(values["prefix"], str):
            raise ValueError(f"prefix must be a string: {values['prefix']!r}")
        host_name = f"{values['prefix']}-{unique_id[-4:].hex()}"
    if fields.parse_name(host_name)[0] != "dns" or len(host_name) > 63:
        raise ValueError(f"hostname must be a name of at most 63 characters: {host_name!r}")
    return host_name.lower()


def _all_names(host_name: str, more: list) -> list:
    """Return every name for subjectAltName: the host name, as mDNS knows it, and *more*.

    A host name without a dot is included with .local only: linters refuse a dNSName that is not a
    full one. For clients that use the short name, it has to be in *more*.
    """
    if not isinstance(more, (list, tuple)):
        raise ValueError(f"names must be a list: {more!r}")
    found = [host_name if "." in host_name else host_name + ".local"]
    for name in more:
        kind, value = fields.parse_name(name)
        text = value.decode() if kind == "dns" else fields.format_address(value)
        if text not in found:
            found.append(text)
    check_size(found)
    return found


def check_size(names: list) -> None:
    """Raise ValueError for more *names* than a certificate for them could be sent with.

    mbedTLS sends the whole chain in one record, see offer.MAX_CHAIN_BYTES; the board's own
    authority has the names as well, beside those of the leaf.
    """
    if not 1 <= len(names) <= 20 or len("".join(names)) > MOST_CHARACTERS:
        raise ValueError(
            f"1 to 20 names and addresses, at most {MOST_CHARACTERS} characters in all"
        )
