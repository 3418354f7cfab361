"""Make the certificates of a board that is its own authority: a leaf, signed by its second key.

Used instead of generate for the setting chain "authority", and released in the same way. The
authority signs for the board's names only, see authority_certificate. Its certificate is the one
that people import: it stays for ten years, while leaves of 397 days follow each other.
"""

from .. import board
from ..certificates import keys
from ..entropy.seeding import seed
from ..storage.record import Record
from .generate import CLOCKLESS_DAYS, apart, facts_of, find_key, validity
from .steps import Steps

KEY_TYPE = "p384"

DAYS = CLOCKLESS_DAYS
"""Of the authority's certificate, whether there is a clock or not."""

LEAF_DAYS = 397
"""Apple and the CA/Browser Forum allow 398, the first and the last day included."""

RENEWAL_DAYS = 30
"""Before its end, a leaf is signed again; in the last third of its time if that is shorter."""

_PROOF = b"boardcert: the private key belongs to the certificate"


def make(
    private_key: bytes | None, key_type: str, contents: tuple, progress, old: Record | None
) -> tuple:
    """Return what generate.make does; the record's chain is leaf and authority.

    *old*: a Record whose authority stays if it has one, or None. Its certificate stays, too, unless
    a name of the leaf is not among those it permits, it ends before the leaf, or a clock that was
    wrong had it begin in the future: then it is signed again. Each signature, and each new key
    pair, is verified.
    """
    steps = Steps(progress)
    steps.begin("entropy")
    random, entropy = seed(contents[3])
    steps.begin("key")
    key = find_key(private_key, key_type, random, progress)
    authority_key = find_key(old and old.authority_key, KEY_TYPE, random, None)
    steps.begin("sign")
    certificate, tbs, leaf_tbs, facts = apart(_contents, key, authority_key, contents, random, old)
    alike = key if isinstance(key, keys.PrivateKey) and key.key_type == KEY_TYPE else None
    if tbs and alike:
        first, signature = _sign_both(authority_key, key, (tbs, leaf_tbs), random, steps)
    else:
        first = tbs and authority_key.sign(tbs, random)
        signature = authority_key.sign(leaf_tbs, random)
        steps.begin("check")
        if tbs:
            authority_key.check(tbs, first, random)
        if alike:
            alike.check(leaf_tbs, signature, random, authority_key)
        else:
            authority_key.check(leaf_tbs, signature, random)
            key.check(_PROOF, key.sign(_PROOF, random), random)
    if tbs:
        certificate = keys.signed(authority_key, tbs, first)
    facts.update(facts_of(contents, entropy))
    leaf = keys.signed(authority_key, leaf_tbs, signature)
    record = Record(key.to_der(), [leaf, certificate], facts)
    record.authority_key = authority_key.to_der()
    return record, steps.finish()


def _sign_both(authority_key, key, data: tuple, random, steps: Steps) -> list:
    """Return the DER signatures of both *data*, verified with both key pairs at once."""
    from ..crypto import ecdsa_pair

    return ecdsa_pair.sign_both(
        keys.find_curve(KEY_TYPE),
        [(one._d, one._public_point) for one in (authority_key, key)],
        data,
        random,
        lambda: steps.begin("check"),
    )


def _contents(key, authority_key, contents: tuple, random, old) -> tuple:
    """Return (the authority's certificate, what it is to sign for itself, and the leaf, facts).

    One of the first two is None: the certificate that stays, or what makes another one.
    """
    from ..certificates import authority_certificate, issue

    host_name, names, days, now = contents
    unique_id = board.unique_id().hex()
    period = _leaf_validity(now, days)
    permitted = authority_certificate.dns_names(names)
    certificate = tbs = known = None
    if old and old.authority_key:
        certificate, known = old.chain[1], old.facts["authority"]
        authority = authority_certificate.subject_in(certificate, authority_key), authority_key
    else:
        authority = authority_certificate.subject_of(host_name, unique_id), authority_key
    is_outdated = known is None or _is_outdated(known, permitted, period[1])
    was_ahead = known and now and not is_outdated and known["not_before"] > board.isoformat(now)
    if is_outdated or was_ahead:
        certificate = None
        tbs, known = _new_authority(authority, permitted, now, random)
        if was_ahead:
            known["was_ahead"] = True  # Clients do not mind, see generated.
    holder = issue.encode_subject(host_name, unique_id), key
    leaf = issue.tbs_certificate(holder, names, period, random(issue.SERIAL_BYTES), authority)
    return certificate, tbs, leaf, {"authority": known, "renew_from": _renew_from(period)}


def _new_authority(authority: tuple, permitted: list, now: tuple | None, random) -> tuple:
    """Return (what makes a certificate of the *authority*, what is to be known of that)."""
    from ..certificates import authority_certificate, issue

    lifetime = validity(now, DAYS)
    serial = random(issue.SERIAL_BYTES)
    tbs = authority_certificate.tbs_authority(authority, permitted, lifetime, serial)
    first, last = map(board.isoformat, lifetime)
    return tbs, {"names": permitted, "not_before": first, "not_after": last}


def _leaf_validity(now: tuple | None, days: int) -> tuple:
    """Return (not_before, not_after) of a leaf; without a clock, of one that is replaced soon."""
    from ..certificates import fields

    first, last = validity(now, min(days, LEAF_DAYS))
    return first, last if now is None else min(last, fields.add_days(first, LEAF_DAYS))


def _renew_from(period: tuple) -> str:
    from ..certificates import fields

    first, last = period
    days = fields.day_number(*last[:3]) - fields.day_number(*first[:3])
    return board.isoformat(fields.add_days(last, -min(RENEWAL_DAYS, days // 3)))


def _is_outdated(known: dict, names: list, last: tuple) -> bool:
    """Return whether the authority may not sign for all of *names*, or not until *last*."""
    if known["not_after"] < board.isoformat(last):
        return True
    for name in names:
        if not any([name == tree or name.endswith("." + tree) for tree in known["names"]]):
            return True
    return False
