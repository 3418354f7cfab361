"""Between the CA and the board: fetch its request, install the chain.

Each of the two has a connection of its own: minutes may pass in between, in which the board's
program continues.
"""

import contextlib
import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography import x509

from ..board import access, installable
from ..board.access import Board
from ..board.installable import Installable
from ..board.over_https import BoardAPI
from ..ca.csr import Request, read_request, request_pem, require_names
from ..certificates.certificate import alternative_names
from ..certificates.items import read_items
from ..certificates.read_files import certificates_of
from ..errors import CHECKED_AND_BAD, Error
from ..trust.look_up import place_of
from .way import Way

# After an installation a board may be busy with the connection before; on esp32, it restarts.
_SERVE_TIMEOUT_S = 60


def host_on(way: Way) -> str:
    """Return what the board on the cable is called here."""
    with board_on(way) as board:
        return str(board.names[0])


@contextlib.contextmanager
def board_on(way: Way, asks: bool = True) -> Iterator[Board]:
    """Yield the board, by its cable or its page. Raises Error. *asks*: see `access.open_board`."""
    if way.usb:
        with access.open_usb(way.host, way.usb, way.pin, way.name) as board:
            yield board
        return
    yield access.open_board(
        way.host or "",
        name=way.name,
        pin=way.pin,
        ca=way.ca,
        token_file=Path(way.token_file) if way.token_file else None,
        timeout_s=way.timeout_s,
        asks=asks,
    )


def name_of(way: Way) -> str:
    """Return the name by which clients look for the board."""
    return way.name or place_of(way.host or "", way.name).target.host


def ask(way: Way, names: Sequence[str], asks: bool) -> tuple[bytes, Request]:
    """Return the board's request, PEM, and what it says; by its own key.

    *names*: what it is for; empty: the board's own.
    """
    with board_on(way, asks) as board:
        data = board.csr(names)
    request = read_request(data, takes_wildcards=bool(names))
    if names:
        require_names(request, names)
    return request_pem(data).encode(), request


def served(way: Way, asks: bool) -> x509.Certificate | None:
    """Return the certificate that the board serves; None for a board on a cable.

    Over a connection that is checked.
    """
    if way.usb:
        return None
    with board_on(way, asks) as board:
        return board.certificate() if isinstance(board, BoardAPI) else None


def is_for_key(chain: str, request: Request) -> bool:
    """Return whether the *chain* (PEM) is for the key of *request*, and still good."""
    leaf = _certificates(chain)[0]
    is_good = leaf.not_valid_after_utc > datetime.datetime.now(datetime.timezone.utc)
    return is_good and leaf.public_key() == request.public_key


def is_for(chain: str, request: Request, domains: Sequence[str]) -> bool:
    """Return whether the *chain* (PEM) is for this key and these names, and still good."""
    names = {name.lower() for name in alternative_names(_certificates(chain)[0])}
    return is_for_key(chain, request) and names == set(domains)


def choose(chains: Sequence[str], name: str) -> tuple[Installable, list[str]]:
    """Return the first of *chains* (PEM) that a board can serve as *name*, and remarks on it.

    Raises Error with the reason of the first: it has too many certificates, or one that a board's
    TLS cannot read. The root is left out: who trusts it has it.
    """
    now = datetime.datetime.now(datetime.timezone.utc)
    refused: list[Error] = []
    for chain in chains:
        files = Installable(_without_root(_certificates(chain)))
        try:
            disliked = installable.check_installable(files, name, now)
        except Error as error:
            refused.append(error)
            continue
        return files, [installable.remark(check) for check in disliked]
    first = refused[0]
    message = f"no board can serve what the CA has issued: {first.message}"
    hint = "it is kept: run this again to try once more, or see --help for a new request"
    raise Error(message, first.hint or hint, CHECKED_AND_BAD)


def install(way: Way, files: Installable, asks: bool) -> None:
    """Install it, follow the board to this key, and see it served: over TLS, or by its report."""
    with board_on(way, asks) as board:
        before = board.report()
        report = board.install(files)
        access.follow_report(board, before["public_key_pin"], report)
        if isinstance(board, BoardAPI):
            access.wait_served(board, files.fingerprint, _SERVE_TIMEOUT_S)
        elif report["fingerprint"] != files.fingerprint:
            raise Error("the board serves another certificate", None, CHECKED_AND_BAD)


def _certificates(chain: str) -> list[x509.Certificate]:
    return certificates_of(read_items(chain.encode()), "the CA's answer")


def _without_root(chain: list[x509.Certificate]) -> list[x509.Certificate]:
    return [one for one in chain if one is chain[0] or one.issuer != one.subject]
