"""No content of a file or answer of a server causes a traceback: the first part of fuzz_reading."""

import pytest
from boardcert_host.certificates.items import read_items
from certificate_mutations import mutants
from fuzz_reading import files, pkcs12_file, read

_MUTATIONS = 500

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def test_sound_files_are_read() -> None:
    """The unmutated files are read: one item each, three certificates of PKCS#7."""
    found = [read_items(data, lambda: "secret") for data in files()]
    assert [len(items) for items in found] == [1] * (len(found) - 1) + [4]
    unread = [item.reason for items in found for item in items if item.value is None]
    assert unread == ["wrong passphrase, or damaged"]  # Invented, unlike valid ones.
    assert len(read_items(pkcs12_file())) == 2


def test_mutations_of_all_kinds_are_read_or_refused() -> None:
    """show, verify, install and ca sign read or refuse each mutation, raising nothing but Error."""
    for data in (*mutants(0, _MUTATIONS, files()), *mutants(0, _MUTATIONS // 6, [pkcs12_file()])):
        read(data)


@pytest.mark.parametrize("number", [9927, 12028, 12226])
def test_mutations_that_ended_in_a_traceback_once_do_no_more(number: int) -> None:
    """Unknown PKCS#7 versions, a BIT STRING in a name, a negative serial cause no traceback."""
    for data in mutants(number, 1, files()):
        read(data)
