"""Generate a certificate, and a key unless there is one: from noise to a checked record.

Imported when needed, and released afterwards, with all of the arithmetic.
"""

from .. import __version__, board
from ..certificates import keys
from ..entropy.seeding import seed
from ..modules import borrowed
from ..storage.record import Record
from .steps import Steps

CLOCKLESS_DAYS = 3650
"""Without a clock, a certificate is valid for at least this long after board.EARLIEST_DATE: the
package's age is unknown. It gets the wanted lifetime once the clock is set."""


def make(private_key: bytes | None, key_type: str, contents: tuple, progress) -> tuple:
    """Return (a Record for *private_key* or a new key of *key_type*, {step: milliseconds}).

    *contents*: (host name, names for subjectAltName, days of validity, the date or None).
    *progress*: see Identity. EntropyError before anything is generated, InvalidSignature or
    ValueError if the result does not verify; the caller checks that it can be read back.
    """
    steps = Steps(progress)
    steps.begin("entropy")
    random, entropy = seed(contents[3])
    steps.begin("key")
    key = find_key(private_key, key_type, random, progress)
    steps.begin("sign")
    tbs = apart(_tbs, key, contents, random)
    signature = key.sign(tbs, random)
    steps.begin("check")
    # Before use: a fault in signing could reveal the key.
    key.check(tbs, signature, random)
    certificate = keys.signed(key, tbs, signature)
    return Record(key.to_der(), [certificate], facts_of(contents, entropy)), steps.finish()


def find_key(private_key: bytes | None, key_type: str, random, progress):
    """Return the pair of *private_key*, or a new one of *key_type*."""
    if private_key:
        return keys.from_der(private_key)
    if key_type.startswith("rsa"):
        from ..transport.rsa_memory import check

        check(key_type)
    return keys.generate(key_type, random, progress)


def facts_of(contents: tuple, entropy: dict) -> dict:
    """Return the first facts of a record with *contents*, see make."""
    _, _, days, now = contents
    return {
        "clock": now is not None,
        "entropy": entropy,
        "unique_id": board.unique_id().hex(),
        "validity_days": days,
        "version": __version__,
    }


def make_request(host_name: str | None, names: list, private_key: bytes) -> bytes:
    """Return the DER of a PKCS#10 request for *names*, signed by *private_key*.

    *host_name*: the common name; None for none. InvalidSignature for a faulty signature.
    """
    random, _ = seed(board.utc_now())
    key = keys.from_der(private_key)
    info = apart(_request_info, key, host_name, names)
    signature = key.sign(info, random)
    key.check(info, signature, random)
    return keys.signed(key, info, signature)


def apart(function, *arguments):
    """Return function(*arguments); release what it imported: the arithmetic leaves no room."""
    with borrowed() as lent:
        lent.at_once = False
        return function(*arguments)


def _tbs(key, contents: tuple, random) -> bytes:
    from ..certificates import issue

    host_name, names, days, now = contents
    subject = issue.encode_subject(host_name, board.unique_id().hex())
    serial = random(issue.SERIAL_BYTES)
    return issue.tbs_certificate((subject, key), names, validity(now, days), serial)


def validity(now: tuple | None, days: int) -> tuple:
    """Return (not_before, not_after): from yesterday's midnight, since clocks may be slow."""
    from ..certificates import fields

    if now is None:
        first = board.EARLIEST_DATE
        return first, fields.add_days(first, max(days, CLOCKLESS_DAYS))
    return fields.add_days(now, -1)[:3] + (0, 0, 0), fields.add_days(now, days)


def _request_info(key, host_name: str | None, names: list) -> bytes:
    from ..certificates import issue

    if host_name is None:
        subject = issue.empty_subject()
    else:
        subject = issue.encode_subject(host_name, board.unique_id().hex())
    return issue.request_info(key, subject, names)
