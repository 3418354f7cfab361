"""A fingerprint as words that can be read aloud: proquints (D. Wilkerson, arXiv:0901.4016).

Each word holds 16 bits, the most significant first: a consonant for four, a vowel for two, and so
on. 127.0.0.1 is lusab-babad. A board's page shows the same words.
"""

_CONSONANTS = "bdfghjklmnprstvz"
_VOWELS = "aiou"
_LETTERS = ((12, _CONSONANTS), (10, _VOWELS), (6, _CONSONANTS), (4, _VOWELS), (0, _CONSONANTS))
# Half of a SHA-256: nobody finds another key for 128 bits.
_SHOWN_BYTES = 16


def words(fingerprint: str) -> list[str]:
    """Return the first half of a fingerprint "AB:CD:..." as eight words."""
    octets = bytes.fromhex(fingerprint.replace(":", ""))[:_SHOWN_BYTES]
    return [_word(int.from_bytes(octets[at : at + 2], "big")) for at in range(0, len(octets), 2)]


def _word(number: int) -> str:
    return "".join(letters[number >> at & len(letters) - 1] for at, letters in _LETTERS)
