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
from functools import partial
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import cryptography_vectors
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ORIGIN = Path(cryptography_vectors.__file__).parent
ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "build" / "vectors"

Case = dict[str, str]


def read_cases(path: str, section: str = "") -> Iterator[Case]:
    """Yield the cases of a NIST or RFC file, as {name: value}.

    A case ends where a name is repeated. *section*: only the lines after "[section]", up to that of
    the next curve or modulus.
    """
    inside = not section
    case: Case = {}
    for line in (ORIGIN / path).read_text().splitlines():
        if section and re.match(r"\[([PKB]-|mod)", line):
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


def hashes_of(path: str) -> Iterator[list[str]]:
    """Message, digest."""
    for case in read_cases(path):
        yield [case["Msg"][: int(case["Len"]) // 4], case["MD"]]


def hashes_in_a_row(path: str) -> Iterator[list[str]]:
    """Seed, and the digest a thousand steps later (SHAVS section 6.4); it is the next seed."""
    text = (ORIGIN / path).read_text()
    digests = re.findall(r"(?:Seed|MD) = (\w+)", text)
    for seed, digest in pairwise(digests):
        yield [seed, digest]


def macs(path: str) -> Iterator[list[str]]:
    """Key, message, MAC."""
    for case in read_cases(path):
        yield [case["Key"], case["Msg"], case["MD"]]


def key_pairs(path: str, curve: str) -> Iterator[list[str]]:
    """d, Qx, Qy."""
    for case in read_cases(path, curve):
        if "Qx" in case:
            yield [padded(case[name]) for name in ("d", "Qx", "Qy")]


def signatures(path: str, curve: str, hash_name: str) -> Iterator[list[str]]:
    """Message, d, Qx, Qy, k, r, s."""
    for case in read_cases(path, f"{curve},{hash_name}"):
        yield [padded(case[name]) for name in ("Msg", "d", "Qx", "Qy", "k", "R", "S")]


def verifications(path: str, curve: str) -> Iterator[list[str]]:
    """Digest's bytes, message, Qx, Qy, r, s, 01 for a valid signature or 00."""
    sections = [read_cases(path, f"{curve},{name}") for name in HASHES]
    for cases in zip(*sections, strict=True):
        for size, case in zip(HASHES.values(), cases, strict=True):
            fields = [padded(case[name]) for name in ("Msg", "Qx", "Qy", "R", "S")]
            yield [f"{size:02x}", *fields, passes(case)]


def rsa_verifications(path: str) -> Iterator[list[str]]:
    """Digest's bytes, message, n, e, signature, 01 for a valid one or 00; a valid one is first."""
    sizes = {name.replace("-", ""): size for name, size in HASHES.items()}
    cases = []
    for bits in (2048, 3072, 4096):
        n = ""
        for case in read_cases(path, f"mod = {bits}"):
            n = case.get("n", n)
            if case.get("SHAAlg") in sizes:
                size = sizes[case["SHAAlg"]]
                fields = [f"{size:02x}", case["Msg"], n, case["e"], case["S"], passes(case)]
                cases.append(fields)
    first = next(fields for fields in cases if fields[-1] == "01")
    yield first
    yield from (fields for fields in cases if fields is not first)


def public_keys(path: str, curve: str) -> Iterator[list[str]]:
    """Qx, Qy, 01 for a valid public key or 00."""
    for case in read_cases(path, curve):
        yield [padded(case["Qx"]), padded(case["Qy"]), passes(case)]


def passes(case: Case) -> str:
    """Return 01 if the result of a case is P, else 00."""
    return "01" if case["Result"].startswith("P") else "00"


def deterministic_signatures(path: str, curve: str) -> Iterator[list[str]]:
    """Digest's bytes, d, message, DER signature (RFC 6979 A.2.5 to A.2.7)."""
    text = (ORIGIN / path).read_text()
    pem = text[text.index("-----BEGIN", text.index(f"PrivateKey={curve}_PRIV\n")) :]
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    d = padded(f"{key.private_numbers().private_value:x}")
    pattern = r'DigestSign = (\w+)\nKey = (.+)_PRIV\n.*\nInput = "(\w+)"\nOutput = (\w+)'
    sizes = {name.replace("-", ""): size for name, size in HASHES.items()}
    for name, owner, message, signature in re.findall(pattern, text):
        if owner == curve and name in sizes:
            yield [f"{sizes[name]:02x}", d, message.encode().hex(), signature]


HASHES = {"SHA-256": 32, "SHA-384": 48, "SHA-512": 64}
CURVES = {"P-256": "SHA-256", "P-384": "SHA-384", "P-521": "SHA-512"}
ECDSA = "asymmetric/ECDSA/"
FILES: dict[str, tuple[Callable[[str], Iterable[list[str]]], str]] = {
    "rsa_verifications": (rsa_verifications, "asymmetric/RSA/FIPS_186-2/SigVer15_186-3.rsp"),
    "sha384_monte": (hashes_in_a_row, "hashes/SHA2/SHA384Monte.rsp"),
}
for _size in ("384", "512"):
    _sha = f"hashes/SHA2/SHA{_size}"
    FILES[f"sha{_size}_short"] = (hashes_of, f"{_sha}ShortMsg.rsp")
    FILES[f"sha{_size}_long"] = (hashes_of, f"{_sha}LongMsg.rsp")
    FILES[f"hmac_sha{_size}"] = (macs, f"HMAC/rfc-4231-sha{_size}.txt")
for _curve, _hash in CURVES.items():
    _name = _curve.lower().replace("-", "")
    _cavp = f"{ECDSA}FIPS_186-3/"
    FILES[f"{_name}_key_pairs"] = (partial(key_pairs, curve=_curve), f"{_cavp}KeyPair.rsp")
    FILES[f"{_name}_public_keys"] = (partial(public_keys, curve=_curve), f"{_cavp}PKV.rsp")
    _made = partial(signatures, curve=_curve, hash_name=_hash)
    FILES[f"{_name}_signatures"] = (_made, f"{_cavp}SigGen.txt")
    _judged = partial(verifications, curve=_curve)
    FILES[f"{_name}_verifications"] = (_judged, f"{_cavp}SigVer.rsp")
    _deterministic = partial(deterministic_signatures, curve=_curve)
    FILES[f"{_name}_rfc6979"] = (_deterministic, f"{ECDSA}RFC6979/evppkey_ecdsa_rfc6979.txt")


def make() -> None:
    """Write every file that is missing or older than this one, each of them whole."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    stamp = OUTPUT / "made_from"
    times = [path.stat().st_mtime_ns for path in sorted(Path(__file__).parent.glob("make_*.py"))]
    made_from = f"{version('cryptography-vectors')} {times}\n"
    if stamp.exists() and stamp.read_text() == made_from:
        return
    for name, (cases, path) in FILES.items():
        write_lines(name, cases(path))
    sys.path.append(str(ROOT / "tests" / "shared"))  # The folder of certificates.
    import make_rsa_vectors
    from make_bad_chains import refused  # Imported here, as importing them makes keys.
    from make_chains import accepted, lines

    write_lines("rsa_keys", make_rsa_vectors.keys())
    write_lines("rsa_signatures", make_rsa_vectors.signatures())
    write_lines("chains_accepted", lines(accepted()))
    write_lines("chains_refused", lines(refused()))
    write_whole(stamp, made_from)


def write_lines(name: str, cases: Iterable[list[str]]) -> None:
    """Write the file *name*, one case a line."""
    lines = [",".join(fields) + "\n" for fields in cases]
    write_whole(OUTPUT / f"{name}.txt", "".join(lines))


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader finds either the whole new one or the old one."""
    scratch = path.with_suffix(f".{os.getpid()}")
    scratch.write_text(text)
    os.replace(scratch, path)


if __name__ == "__main__":
    make()
