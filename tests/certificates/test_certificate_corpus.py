"""What a board accepts as a certificate, cryptography and OpenSSL read with the same result.

These are the first mutations; fuzz_certificates tries more of them offline.
"""

from pathlib import Path

import pytest
from certificate_mutations import mutants, seeds
from certificate_readers import (
    disagreement,
    read_by_board,
    read_by_cryptography,
    refused_by_openssl,
)

_MUTATIONS = 4000
_OF_OPENSSL = 200


def test_sound_certificates_are_read_alike(tmp_path: Path) -> None:
    """No seed is refused, so that the mutations start from certificates that can be installed."""
    for der in seeds():
        assert read_by_board(der) == read_by_cryptography(der)
    assert refused_by_openssl(seeds(), tmp_path) == ""


def test_the_readers_tell_what_they_cannot_read(tmp_path: Path) -> None:
    """The comparison would detect a certificate that the board accepts wrongly."""
    der = seeds()[0]
    odd = der.replace(b"kitchen.example\x82", b"kitchen exampl\xff\x82")
    assert odd != der and read_by_board(odd) is None
    with pytest.raises(ValueError, match="asn1"):
        read_by_cryptography(odd)
    no_sequence = der.replace(bytes.fromhex("04023000"), bytes.fromhex("04020500"))
    assert "WARNING code=-1" in refused_by_openssl([no_sequence, der], tmp_path)


def test_mutations_are_refused_or_read_alike(tmp_path: Path) -> None:
    """Accepted dates, serial numbers, names and keys equal cryptography's; OpenSSL reads all."""
    accepted = []
    for number, der in enumerate(mutants(0, _MUTATIONS)):
        if read_by_board(der) is not None:
            assert disagreement(der) is None, number
            accepted.append(der)
    assert 0.1 < len(accepted) / _MUTATIONS < 0.5
    for first in range(0, len(accepted), _OF_OPENSSL):
        assert refused_by_openssl(accepted[first : first + _OF_OPENSSL], tmp_path) == "", first
