"""A digest as words that can be read aloud: proquints (D. Wilkerson, arXiv:0901.4016).

Each word holds 16 bits, the most significant first: a consonant for four, a vowel for two, and so
on. 127.0.0.1 is lusab-babad.
"""

from binascii import a2b_base64, hexlify

_CONSONANTS = b"bdfghjklmnprstvz"
_VOWELS = b"aiou"
_SHOWN_BYTES = 16  # As many as the label shows: nobody finds a second key for 128 bits.


def of_key(pin: str) -> tuple:
    """Return the SHA-256 of the public key with that *pin*, as curl takes it: in hex, and as words.

    The base64 after the first "//" may contain another one.
    """
    digest = a2b_base64(pin.split("//", 1)[1])
    return hexlify(digest, ":").decode().upper(), words(digest)


def words(digest: bytes) -> str:
    """Return the first half of a SHA-256 *digest*, eight words joined by hyphens."""
    digest = digest[:_SHOWN_BYTES]
    return "-".join([_word(digest[i] << 8 | digest[i + 1]) for i in range(0, len(digest), 2)])


def _word(number: int) -> str:
    letters = bytearray()
    for shift, alphabet in (
        (12, _CONSONANTS),
        (10, _VOWELS),
        (6, _CONSONANTS),
        (4, _VOWELS),
        (0, _CONSONANTS),
    ):
        letters.append(alphabet[number >> shift & len(alphabet) - 1])
    return letters.decode()
