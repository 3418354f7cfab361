"""Verify by arithmetic what offer has read: the signatures of a chain, and the key pair."""

from .. import RefusedError
from ..certificates import keys
from ..crypto.ecdsa import InvalidSignature
from ..entropy.seeding import seed

_PROOF = b"boardcert: the private key belongs to the certificate"


def prove_chain(signatures: list) -> None:
    """Raise RefusedError unless all *signatures* are valid; see chain.signatures."""
    from ..certificates.signatures import verify

    for number, public_key_der, algorithm, data, signature in signatures:
        try:
            verify(public_key_der, algorithm, data, signature)
        except InvalidSignature as error:
            reason = f"certificate {number} was not signed by the CA that comes with it"
            raise RefusedError("chain", reason) from error
        except ValueError as error:
            reason = f"the signature of certificate {number} cannot be verified: {error}"
            raise RefusedError("chain", reason) from error


def prove_key(private_key: bytes, now: tuple | None) -> None:
    """Sign with *private_key* (stored form), and verify that; raise RefusedError if it fails.

    *now*: the date or None. Raises EntropyError if there is no noise to sign with.
    """
    try:
        key = keys.from_der(private_key)
        random, _ = seed(now)
        key.check(_PROOF, key.sign(_PROOF, random), random)
    except InvalidSignature as error:
        reason = "the private key does not match its public key"
        raise RefusedError("key", reason) from error
    except ValueError as error:
        raise RefusedError("key", str(error)) from error
