"""Boards that are their own authority, and what a client accepts of them."""

from boardcert.certificates import chain, keys
from boardcert.certificates.certificate import Certificate
from boardcert.crypto import ecdsa
from boardcert.crypto.sha384 import sha384
from boardcert.storage.store import load
from identities import identity


def authority(directory=None, **arguments):
    """Return the Identity of a board with that setting, in *directory* or in an empty one."""
    return identity(directory, chain="authority", **arguments)


def stored(directory):
    """Return the stored record, with the authority's key if there is one."""
    return load(directory, "generated", [], True)


def check_pair(me):
    """Check that a client with the authority accepts what *me* serves, except for names."""
    links = chain.read_links([Certificate(one) for one in me.chain])
    chain.check(links, None)
    assert me.chain == [me.certificate, me.authority]
    assert links[1].is_self_signed() and links[1].path_length == 0
    for _, public_key_der, _, data, signature in chain.signatures(links):
        assert public_key_der == links[1].certificate.public_key_der
        point = keys.find_curve("p384").decode_point(public_key_der[-97:])
        digest = sha384(data)
        ecdsa.verify(keys.find_curve("p384"), point, digest, ecdsa.decode_signature(signature))


def dates(certificate):
    read = Certificate(certificate)
    return read.not_before, read.not_after
