"""Turn the files of the package cryptography-vectors into short ones that a board can read.

Each case is one line of comma-separated hexadecimal fields, so that a test needs no parser
and never holds more than one case. The origin of each file is in FILES, its fields in the
function that makes it. conftest.py calls make() before the tests; by hand:

    python tests/device/make_vectors.py
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import cryptography_vectors

ORIGIN = Path(cryptography_vectors.__file__).parent
ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "build" / "vectors"

Case = dict[str, str]


def read_cases(path: str, section: str = "") -> Iterator[Case]:
    """Yield the cases of a NIST or RFC file, as {name: value}.

    A case ends where a name comes again. *section*: only what follows the line
    "[section]", up to the next curve's.
    """
    inside = not section
    case: Case = {}
    for line in (ORIGIN / path).read_text().splitlines():
        if section and re.match(r"\[[PKB]-", line):
            if inside:
                break
            inside = line == f"[{section}]"
        match = re.match(r"(\w+) = ?(.*)", line)
        if not (inside and match):
            continue
        name, value = match.groups()
        if name in case:
            yield case
            case = {}
        case[name] = value
    yield case


def padded(hexadecimal: str) -> str:
    """Return a hexadecimal number with an even count of digits."""
    return hexadecimal.zfill(len(hexadecimal) + len(hexadecimal) % 2)


def sha384(path: str) -> Iterator[list[str]]:
    """Message, digest."""
    for case in read_cases(path):
        yield [case["Msg"][: int(case["Len"]) // 4], case["MD"]]


def sha384_monte(path: str) -> Iterator[list[str]]:
    """Seed, and the digest a thousand steps later (SHAVS section 6.4); it is the next seed."""
    text = (ORIGIN / path).read_text()
    digests = re.findall(r"(?:Seed|MD) = (\w+)", text)
    for seed, digest in pairwise(digests):
        yield [seed, digest]


def hmac_sha384(path: str) -> Iterator[list[str]]:
    """Key, message, MAC."""
    for case in read_cases(path):
        yield [case["Key"], case["Msg"], case["MD"]]


def key_pairs(path: str) -> Iterator[list[str]]:
    """d, Qx, Qy."""
    for case in read_cases(path, "P-384"):
        if "Qx" in case:
            yield [padded(case[name]) for name in ("d", "Qx", "Qy")]


def signatures(path: str) -> Iterator[list[str]]:
    """Message, d, Qx, Qy, k, r, s."""
    for case in read_cases(path, "P-384,SHA-384"):
        yield [padded(case[name]) for name in ("Msg", "d", "Qx", "Qy", "k", "R", "S")]


def verifications(path: str) -> Iterator[list[str]]:
    """Message, Qx, Qy, r, s, 01 when the signature is good or 00."""
    for case in read_cases(path, "P-384,SHA-384"):
        result = "01" if case["Result"].startswith("P") else "00"
        yield [padded(case[name]) for name in ("Msg", "Qx", "Qy", "R", "S")] + [result]


def public_keys(path: str) -> Iterator[list[str]]:
    """Qx, Qy, 01 when the point is a public key or 00."""
    for case in read_cases(path, "P-384"):
        yield [padded(case["Qx"]), padded(case["Qy"]), "01" if case["Result"][0] == "P" else "00"]


def deterministic_signatures(path: str) -> Iterator[list[str]]:
    """Message, DER signature: RFC 6979 A.2.6 with SHA-384; the key is in the test."""
    text = (ORIGIN / path).read_text()
    pattern = r'DigestSign = SHA384\nKey = P-384_PRIV\n.*\nInput = "(\w+)"\nOutput = (\w+)'
    for message, signature in re.findall(pattern, text):
        yield [message.encode().hex(), signature]


ECDSA = "asymmetric/ECDSA/"
FILES: dict[str, tuple[Callable[[str], Iterable[list[str]]], str]] = {
    "sha384_short": (sha384, "hashes/SHA2/SHA384ShortMsg.rsp"),
    "sha384_long": (sha384, "hashes/SHA2/SHA384LongMsg.rsp"),
    "sha384_monte": (sha384_monte, "hashes/SHA2/SHA384Monte.rsp"),
    "hmac_sha384": (hmac_sha384, "HMAC/rfc-4231-sha384.txt"),
    "p384_key_pairs": (key_pairs, ECDSA + "FIPS_186-3/KeyPair.rsp"),
    "p384_public_keys": (public_keys, ECDSA + "FIPS_186-3/PKV.rsp"),
    "p384_signatures": (signatures, ECDSA + "FIPS_186-3/SigGen.txt"),
    "p384_verifications": (verifications, ECDSA + "FIPS_186-3/SigVer.rsp"),
    "p384_rfc6979": (deterministic_signatures, ECDSA + "RFC6979/evppkey_ecdsa_rfc6979.txt"),
}


def make() -> None:
    """Write every file that is not there, or is older than this one, each of them whole."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    stamp = OUTPUT / "made_from"
    times = [path.stat().st_mtime_ns for path in sorted(Path(__file__).parent.glob("make_*.py"))]
    made_from = f"{version('cryptography-vectors')} {times}\n"
    if stamp.exists() and stamp.read_text() == made_from:
        return
    for name, (cases, path) in FILES.items():
        write_lines(name, cases(path))
    sys.path.append(str(ROOT / "tests" / "host"))  # Where certificates is.
    from make_bad_chains import refused  # Here, as importing them makes keys.
    from make_chains import accepted, lines

    write_lines("chains_accepted", lines(accepted()))
    write_lines("chains_refused", lines(refused()))
    write_whole(stamp, made_from)


def write_lines(name: str, cases: Iterable[list[str]]) -> None:
    """Write the file *name*, a case a line."""
    lines = [",".join(fields) + "\n" for fields in cases]
    write_whole(OUTPUT / f"{name}.txt", "".join(lines))


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader finds all of it or the old one."""
    scratch = path.with_suffix(f".{os.getpid()}")
    scratch.write_text(text)
    os.replace(scratch, path)


if __name__ == "__main__":
    make()
