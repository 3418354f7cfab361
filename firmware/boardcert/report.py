"""Tell everything about an identity that may be told: nothing secret."""

from binascii import b2a_base64

from . import __version__, board


def make_report(identity, facts: dict, timings_ms: dict) -> dict:
    """Return values that JSON has. *identity*: see lifecycle; *facts*: of its record."""
    return {
        "board": board.name(),
        "unique_id": board.unique_id().hex(),
        "hostname": identity.hostname,
        "names": identity.names,
        "source": identity.source,
        "key_type": facts["key_type"],
        "fingerprint": identity.fingerprint,
        "public_key_pin": identity.public_key_pin,
        "serial_number": facts["serial_number"],
        "not_before": identity.not_before,
        "not_after": identity.not_after,
        "certificate": b2a_base64(identity.certificate).decode().strip(),
        "version": __version__,
        "firmware": board.firmware(),
        "timings_ms": timings_ms,
        "generated": identity.generated,
        "entropy": facts.get("entropy"),
        "notices": identity.notices,
    }
