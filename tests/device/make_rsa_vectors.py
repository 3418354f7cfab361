"""Extract RSA keys and signatures from cryptography-vectors; make_vectors writes them."""

from collections.abc import Iterator

from make_vectors import ORIGIN, Case, padded

_ORIGIN = "asymmetric/RSA/FIPS_186-2/"


def keys() -> Iterator[list[str]]:
    """n, e, d, p, q, 1/q modulo p, of 2,048, 3,072 or 4,096 bits."""
    for case in _values("KeyGenRSA.rsp", "d"):
        yield _numbers(case)


def signatures() -> Iterator[list[str]]:
    """n, e, d, p, q, 1/q modulo p, message, signature with SHA-256."""
    for case in _values("SigVer15_186-3.rsp", "Result"):
        if case["SHAAlg"] == "SHA256" and case["Result"].startswith("P"):
            yield [*_numbers(case), case["Msg"], case["S"]]


def _values(name: str, last: str) -> Iterator[Case]:
    """Yield a file's values at the line of each case that sets *last*; only where e is 65537."""
    known: Case = {}
    for line in (ORIGIN / _ORIGIN / name).read_text().splitlines():
        key, _, value = line.partition(" = ")
        known[key] = value
        if key == last and len(known["n"]) >= 512 and int(known["e"], 16) == 65537:
            yield known


def _numbers(case: Case) -> list[str]:
    n, e, d, p, q = (int(case[name], 16) for name in ("n", "e", "d", "p", "q"))
    return [padded(f"{number:x}") for number in (n, e, d, p, q, pow(q, -1, p))]
