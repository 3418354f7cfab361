"""Make a key and a certificate, or a new certificate for a key: noise to checked record.

Imported when it is needed and released afterwards: it draws in all of the arithmetic.
"""

import sys

from . import FirmwareFirst, __version__, board, der, keys
from .lifecycle import release
from .seeding import seed
from .store import Record

CLOCKLESS_DAYS = 3650
"""Without a clock nobody knows how old the package is: a certificate then is good for at least
so long after board.EARLIEST_DATE, and gets the days that were asked for once the clock is known."""


def make_record(
    settings, addresses: list, now: tuple | None, private_key: bytes | None, steps
) -> Record:
    """Return a Record for *private_key*, or for a new key when that is None.

    *settings*: see settings; *addresses*: the board's, as text; *now*: the date or None;
    *steps*: see steps. Raises EntropyError before anything is made, InvalidSignature or
    ValueError when what was made does not hold.
    """
    steps.begin("entropy")
    random, entropy = seed(now)
    steps.begin("key")
    if private_key:
        key = keys.from_der(private_key)
    else:
        if settings.key_type.startswith("rsa"):
            from .room import check as check_room

            check_room(settings.key_type)
        key = keys.generate(settings.key_type, random, steps.callback)
    steps.begin("sign")
    tbs = _apart(_tbs, key, settings, addresses, now, random)
    certificate = keys.sign(key, tbs, random)
    del tbs
    steps.begin("check")
    check(key, certificate, random)
    facts = {
        "clock": now is not None,
        "entropy": entropy,
        "unique_id": board.unique_id().hex(),
        "validity_days": settings.validity_days,
        "version": __version__,
    }
    return Record(key.to_der(), [certificate], facts)


def make_request(settings, addresses: list, private_key: bytes) -> bytes:
    """Return the DER of a PKCS#10 request for the board's names, signed by *private_key*.

    Raises InvalidSignature, as check does, before a faulty signature leaves the board.
    """
    random, _ = seed(board.utc_now())
    key = keys.from_der(private_key)
    info = _apart(_request_info, key, settings, addresses)
    request = keys.sign(key, info, random)
    content = der.decode_one(request, der.SEQUENCE)
    _, end = der.decode_next(content, der.SEQUENCE, 0)
    _, offset = der.decode_next(content, der.SEQUENCE, end)
    signature = der.decode_bit_string(der.decode_one(content[offset:], der.BIT_STRING))
    key.check(content[:end], signature, random)
    return request


def all_names(settings, addresses: list) -> list:
    """Return what stands in subjectAltName: the set names, then the board's addresses."""
    return settings.names + [name for name in addresses if name not in settings.names]


def _apart(function, *arguments):
    """Return function(*arguments), and release the modules that it has imported.

    Beside the arithmetic, there is no memory for what encodes and decodes certificates.
    """
    loaded = set(sys.modules)
    try:
        return function(*arguments)
    finally:
        if set(sys.modules) != loaded:
            release(loaded)


def _tbs(key, settings, addresses: list, now: tuple | None, random) -> bytes:
    """Return what is to be signed: it began yesterday at midnight, for clocks that are slow."""
    with FirmwareFirst():
        from . import fields, x509

    if now is None:
        not_before = board.EARLIEST_DATE
        not_after = fields.add_days(not_before, max(settings.validity_days, CLOCKLESS_DAYS))
    else:
        not_before = fields.start_of_day(fields.add_days(now, -1))
        not_after = fields.add_days(now, settings.validity_days)
    subject = x509.encode_subject(settings.hostname, board.unique_id().hex())
    names = all_names(settings, addresses)
    serial = random(x509.SERIAL_BYTES)
    return x509.tbs_certificate(key, subject, names, not_before, not_after, serial)


def _request_info(key, settings, addresses: list) -> bytes:
    with FirmwareFirst():
        from . import x509

    subject = x509.encode_subject(settings.hostname, board.unique_id().hex())
    return x509.request_info(key, subject, all_names(settings, addresses))


def check(key, certificate: bytes, random) -> None:
    """Raise InvalidSignature or ValueError unless *certificate*, about to be written, holds.

    It reads back with this key's public key; the key's halves belong together; the signature is
    by it: a fault in computing one could give the key away.
    """
    public_key_der, tbs, signature = _apart(_read, certificate)
    if public_key_der != key.public_key_der:
        raise ValueError("the certificate does not carry the key's public key")
    key.check(tbs, signature, random)


def _read(certificate: bytes) -> tuple:
    with FirmwareFirst():
        from .certificate import Certificate

    leaf = Certificate(certificate)
    return leaf.public_key_der, leaf.tbs, leaf.signature
