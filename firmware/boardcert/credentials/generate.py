"""Make a key and a certificate, or a new certificate for a key: noise to checked record.

Imported when it is needed and released afterwards: it draws in all of the arithmetic.
"""

from .. import __version__, board
from ..asn1 import der
from ..certificates import keys
from ..entropy.seeding import seed
from ..modules import borrowed
from ..storage.record import Record
from .steps import Steps

CLOCKLESS_DAYS = 3650
"""Without a clock nobody knows how old the package is: a certificate then is good for at least
so long after board.EARLIEST_DATE, and gets the days that were asked for once the clock is known."""


def make(
    key_type: str,
    validity_days: int,
    host_name: str,
    names: list,
    now: tuple | None,
    private_key: bytes | None,
    progress,
) -> tuple:
    """Return (a Record for *private_key*, or a new key when that is None, {step: milliseconds}).

    *key_type*, *validity_days*, *host_name*: see settings; *names*: for subjectAltName; *now*: the
    date or None; *progress*: see Identity. Raises EntropyError before anything is made,
    InvalidSignature or ValueError when what was made does not hold; whether the certificate reads
    back, with this key, is for who takes it.
    """
    steps = Steps(progress)
    steps.begin("entropy")
    random, entropy = seed(now)
    steps.begin("key")
    if private_key:
        key = keys.from_der(private_key)
    else:
        if key_type.startswith("rsa"):
            from ..transport.rsa_memory import check as check_room

            check_room(key_type)
        key = keys.generate(key_type, random, progress)
    steps.begin("sign")
    tbs = _apart(_tbs, key, host_name, names, now, validity_days, random)
    certificate = keys.sign(key, tbs, random)
    del tbs
    steps.begin("check")
    check(key, certificate, random)
    facts = {
        "clock": now is not None,
        "entropy": entropy,
        "unique_id": board.unique_id().hex(),
        "validity_days": validity_days,
        "version": __version__,
    }
    return Record(key.to_der(), [certificate], facts), steps.finish()


def make_request(host_name: str | None, names: list, private_key: bytes) -> bytes:
    """Return the DER of a PKCS#10 request for *names*, signed by *private_key*.

    *host_name*: the common name; None: the subject is empty. Raises InvalidSignature, as check
    does, before a faulty signature leaves the board.
    """
    random, _ = seed(board.utc_now())
    key = keys.from_der(private_key)
    info = _apart(_request_info, key, host_name, names)
    request = keys.sign(key, info, random)
    check(key, request, random)
    return request


def _apart(function, *arguments):
    """Return function(*arguments), and forget the modules that it has imported.

    Beside the arithmetic, there is no memory for what encodes certificates.
    """
    with borrowed() as lent:
        lent.at_once = False
        return function(*arguments)


def _tbs(key, host_name: str, names: list, now: tuple | None, validity_days: int, random) -> bytes:
    """Return what is to be signed."""
    from ..certificates import issue

    subject = issue.encode_subject(host_name, board.unique_id().hex())
    serial = random(issue.SERIAL_BYTES)
    return issue.tbs_certificate(key, subject, names, _validity(now, validity_days), serial)


def _validity(now: tuple | None, days: int) -> tuple:
    """Return (not_before, not_after): from yesterday at midnight, for clocks that are slow."""
    from ..certificates import fields

    if now is None:
        first = board.EARLIEST_DATE
        return first, fields.add_days(first, max(days, CLOCKLESS_DAYS))
    return fields.start_of_day(fields.add_days(now, -1)), fields.add_days(now, days)


def _request_info(key, host_name: str | None, names: list) -> bytes:
    from ..certificates import issue

    if host_name is None:
        subject = issue.empty_subject()
    else:
        subject = issue.encode_subject(host_name, board.unique_id().hex())
    return issue.request_info(key, subject, names)


def check(key, signed: bytes, random) -> None:
    """Raise InvalidSignature or ValueError unless *key*'s halves and its signature hold.

    *signed*: a certificate or request that is about to leave the arithmetic: a fault in computing
    the signature could give the key away.
    """
    content = der.decode_one(signed, der.SEQUENCE)
    _, end = der.decode_next(content, der.SEQUENCE, 0)
    _, offset = der.decode_next(content, der.SEQUENCE, end)
    signature = der.decode_bit_string(der.decode_one(content[offset:], der.BIT_STRING))
    key.check(content[:end], signature, random)
