"""Compare the board's reading of mutated certificates with cryptography and OpenSSL, offline.

    python tests/certificates/fuzz_certificates.py FIRST COUNT

tries the mutations with these numbers, some 1,000 a second, and prints those that the board accepts
and another reader refuses or reads differently. `make test` tries the first few thousand, see
test_certificate_corpus.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_TESTS / "shared"), str(_TESTS / "device" / "cpython")]
sys.path.append(str(_TESTS.parent / "firmware"))

from certificate_mutations import mutants  # noqa: E402 (only found from now on)
from certificate_readers import disagreement, read_by_board, refused_by_openssl  # noqa: E402

_BATCH = 200


def main(first: int, count: int) -> int:
    """Print the findings, each kind once with its first number; return how many there were."""
    found: Counter[str] = Counter()
    accepted = 0
    batch: list[bytes] = []
    with tempfile.TemporaryDirectory() as name:
        for number, der in enumerate(mutants(first, count), first):
            if read_by_board(der) is not None:
                accepted += 1
                batch.append(der)
                reason = disagreement(der)
                if reason and not found[reason]:
                    print(f"{number}: {reason}", flush=True)
                found[reason or ""] += 1
            if len(batch) == _BATCH or (batch and number == first + count - 1):
                reason = refused_by_openssl(batch, Path(name))
                if reason:
                    print(f"up to {number}, OpenSSL: {reason}", flush=True)
                    found[reason] += 1
                batch = []
    del found[""]
    print(f"{count} mutations, {accepted} accepted, {found.total()} disagreements")
    return found.total()


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]), int(sys.argv[2]))))
