"""A certificate from step-ca for a board, by a one-time token: request, signature, installation."""

from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from ..certificates.certificate import describe
from ..certificates.read_files import in_order
from ..enrolment import delivery
from ..enrolment.renewals import Obtained, OnStep
from ..enrolment.way import Way, covered_name
from ..errors import CHECKED_AND_BAD, Error
from ..files import write_new
from .authority import Authority
from .token import Token


def obtain(way: Way, token: Token, root_file: Path | None, spare: Path, step: OnStep) -> Obtained:
    """Have the board's request signed, install it, and see it served. Raises Error.

    *spare*: the file to which the chain is written when the board cannot be given it: a token is
    good once.
    """
    step("asking the board for its request")
    pem, request = delivery.ask(way, token.names, asks=True)
    authority = Authority(token, root_file)
    step(f"waiting for the certificate of {token.url}")
    issued = authority.sign(pem)
    own = [one for one in issued if one.public_key() == request.public_key]
    if not own:
        message = "the CA has issued nothing for the key of the board"
        raise Error(message, None, CHECKED_AND_BAD)
    chain = in_order([own[0], *(one for one in issued if one not in own)])
    text = "".join(one.public_bytes(Encoding.PEM).decode() for one in chain)
    try:
        files, remarks = delivery.choose([text], covered_name(token.names))
        step("installing it on the board")
        delivery.install(way, files, asks=True)
    except Error as error:
        write_new(spare, text.encode(), 0o644)
        hint = f"what was issued is in {spare}: boardcert install {way.host} {spare}"
        raise Error(error.message, hint, error.code) from error
    return Obtained(describe(files.chain[0]), files.chain_pem, remarks, True)
