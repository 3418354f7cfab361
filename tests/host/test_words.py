"""Fingerprints as words: the published examples, and the device's own."""

import hashlib

from boardcert.portal_words import words as device_words
from boardcert_host.words import words

# arXiv:0901.4016: addresses, as two words each.
_PUBLISHED = {
    "127.0.0.1": "lusab-babad",
    "63.84.220.193": "gutih-tugad",
    "63.118.7.35": "gutuk-bisog",
    "140.98.193.141": "mudof-sakat",
    "64.255.6.200": "haguz-biram",
    "128.30.52.45": "mabiv-gibot",
    "147.67.119.2": "natag-lisaf",
    "212.58.253.68": "tibup-zujah",
    "216.35.68.215": "tobog-higil",
    "216.68.232.21": "todah-vobij",
    "198.81.129.136": "sinid-makam",
    "12.110.110.204": "budov-kuras",
}


def test_the_published_addresses_are_these_words():
    """In the proposal's own list."""
    for address, expected in _PUBLISHED.items():
        octets = ":".join(f"{int(part):02X}" for part in address.split("."))
        assert "-".join(words(octets)) == expected


def test_the_page_of_a_board_shows_the_same_words():
    """Of any fingerprint; eight words stand for its first half."""
    for number in range(200):
        digest = hashlib.sha256(bytes([number])).digest()
        found = words(digest.hex(":").upper())
        assert "-".join(found) == device_words(digest)
        assert len(found) == 8
