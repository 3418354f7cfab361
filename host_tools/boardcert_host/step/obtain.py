"""A certificate from step-ca for a board, by a one-time token: request, signature, installation."""

from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from ..certificates.certificate import describe
from ..certificates.read_files import in_order
from ..console import questions, say
from ..enrolment import delivery
from ..enrolment.renewals import Obtained, OnStep
from ..enrolment.way import Way, covered_name
from ..errors import CHECKED_AND_BAD, Error
from ..files import write_new
from .authority import Authority
from .token import Token

_MOST_FILES = 20


def obtain(way: Way, token: Token, root_file: Path | None, spare: Path, step: OnStep) -> Obtained:
    """Have the board's request signed, install it, and see it served. Raises Error.

    *spare*: the file to which the chain is written when the board cannot be given it, also after
    Ctrl-C: a token is good once.
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
        raise Error(error.message, _saved(text, spare, way.host), error.code) from error
    except KeyboardInterrupt:
        say(_saved(text, spare, way.host))
        raise
    return Obtained(describe(files.chain[0]), files.chain_pem, remarks, True)


def _saved(chain: str, spare: Path, host: str | None) -> str:
    """Write *chain* to *spare*, or a name after it that is free; return what to do with it.

    Where no file can be written, it is printed: it holds no secret.
    """
    for number in range(1, _MOST_FILES + 1):
        path = spare.with_stem(f"{spare.stem}-{number}") if number > 1 else spare
        try:
            write_new(path, chain.encode(), 0o644)
        except OSError as error:
            say(f"cannot write {path}: {error.strerror or error}")
            break
        except Error:  # It is there already, of an earlier token.
            continue
        return f"what was issued is in {path}: boardcert install {host} {path}"
    for line in chain.splitlines():
        questions().print(line, markup=False)
    return f"what was issued is printed above: keep it in a FILE, boardcert install {host} FILE"
