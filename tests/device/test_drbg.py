"""HMAC_DRBG against NIST's vectors, and its limits."""

from boardcert.crypto.drbg import HMACDRBG
from helpers import raises

# NIST CAVP drbgvectors_pr_false/HMAC_DRBG.rsp, [SHA-256], COUNT = 0 of the four groups without
# and with personalization string and additional input: entropy, nonce, personalization,
# reseed entropy, reseed additional, additional 1, additional 2, second output.
_CASES = (
    (
        "06032cd5eed33f39265f49ecb142c511da9aff2af71203bffaf34a9ca5bd9c0d",
        "0e66f71edc43e42a45ad3c6fc6cdc4df",
        "",
        "01920a4e669ed3a85ae8a33b35a74ad7fb2a6bb4cf395ce00334a9c9a5a5d552",
        "",
        "",
        "",
        "76fc79fe9b50beccc991a11b5635783a83536add03c157fb30645e611c2898bb"
        "2b1bc215000209208cd506cb28da2a51bdb03826aaf2bd2335d576d519160842"
        "e7158ad0949d1a9ec3e66ea1b1a064b005de914eac2e9d4f2d72a8616a802254"
        "22918250ff66a41bd2f864a6a38cc5b6499dc43f7f2bd09e1e0f8f5885935124",
    ),
    (
        "05ac9fc4c62a02e3f90840da5616218c6de5743d66b8e0fbf833759c5928b53d",
        "2b89a17904922ed8f017a63044848545",
        "",
        "2791126b8b52ee1fd9392a0a13e0083bed4186dc649b739607ac70ec8dcecf9b",
        "43bac13bae715092cf7eb280a2e10a962faf7233c41412f69bc74a35a584e54c",
        "3f2fed4b68d506ecefa21f3f5bb907beb0f17dbc30f6ffbba5e5861408c53a1e",
        "529030df50f410985fde068df82b935ec23d839cb4b269414c0ede6cffea5b68",
        "02ddff5173da2fcffa10215b030d660d61179e61ecc22609b1151a75f1cbcbb4"
        "363c3a89299b4b63aca5e581e73c860491010aa35de3337cc6c09ebec8c91a62"
        "87586f3a74d9694b462d2720ea2e11bbd02af33adefb4a16e6b370fa0effd57d"
        "607547bdcfbb7831f54de7073ad2a7da987a0016a82fa958779a168674b56524",
    ),
    (
        "fa0ee1fe39c7c390aa94159d0de97564342b591777f3e5f6a4ba2aea342ec840",
        "dd0820655cb2ffdb0da9e9310a67c9e5",
        "f2e58fe60a3afc59dad37595415ffd318ccf69d67780f6fa0797dc9aa43e144c",
        "e0629b6d7975ddfa96a399648740e60f1f9557dc58b3d7415f9ba9d4dbb501f6",
        "",
        "",
        "",
        "f92d4cf99a535b20222a52a68db04c5af6f5ffc7b66a473a37a256bd8d298f9b"
        "4aa4af7e8d181e02367903f93bdb744c6c2f3f3472626b40ce9bd6a70e7b8f93"
        "992a16a76fab6b5f162568e08ee6c3e804aefd952ddd3acb791c50f2ad69e9a0"
        "4028a06a9c01d3a62aca2aaf6efe69ed97a016213a2dd642b4886764072d9cbe",
    ),
    (
        "cdb0d9117cc6dbc9ef9dcb06a97579841d72dc18b2d46a1cb61e314012bdf416",
        "d0c0d01d156016d0eb6b7e9c7c3c8da8",
        "6f0fb9eab3f9ea7ab0a719bfa879bf0aaed683307fda0c6d73ce018b6e34faaa",
        "8ec6f7d5a8e2e88f43986f70b86e050d07c84b931bcf18e601c5a3eee3064c82",
        "1ab4ca9014fa98a55938316de8ba5a68c629b0741bdd058c4d70c91cda5099b3",
        "16e2d0721b58d839a122852abd3bf2c942a31c84d82fca74211871880d7162ff",
        "53686f042a7b087d5d2eca0d2a96de131f275ed7151189f7ca52deaa78b79fb2",
        "dda04a2ca7b8147af1548f5d086591ca4fd951a345ce52b3cd49d47e84aa31a1"
        "83e31fbc42a1ff1d95afec7143c8008c97bc2a9c091df0a763848391f68cb4a3"
        "66ad89857ac725a53b303ddea767be8dc5f605b1b95f6d24c9f06be65a973a08"
        "9320b3cc42569dcfd4b92b62a993785b0301b3fc452445656fce22664827b88f",
    ),
)


def test_nist_vectors():
    """NIST's vectors: instantiate, reseed, generate twice; the second output is compared."""
    for case in _CASES:
        entropy, nonce, personal, again, extra, first, second, expected = [
            bytes.fromhex(field) for field in case
        ]
        generator = HMACDRBG(entropy, nonce, personal)
        generator.reseed(again, extra)
        generator.generate(128, first)
        assert generator.generate(128, second) == expected


def test_entropy_limits():
    """Entropy below the strength, or below that of strength and nonce together, is refused."""
    assert raises(ValueError, HMACDRBG, b"")
    assert raises(ValueError, HMACDRBG, bytes(31), bytes(17))
    assert raises(ValueError, HMACDRBG, bytes(32), bytes(15))
    assert raises(ValueError, HMACDRBG, bytes(47))
    HMACDRBG(bytes(32), bytes(16))
    generator = HMACDRBG(bytes(48))
    assert raises(ValueError, generator.reseed, bytes(31))
    generator.reseed(bytes(32))


def test_request_limits():
    """A request returns the requested number of bytes, up to a limit."""
    assert HMACDRBG.MAX_REQUEST_BYTES == 65536
    generator = HMACDRBG(bytes(48))
    generator.MAX_REQUEST_BYTES = 500
    for n in (0, 1, 31, 32, 33, 65, 500):
        assert len(generator.generate(n)) == n
    assert raises(ValueError, generator.generate, 501)
    assert raises(ValueError, generator.generate, -1)


def test_reseed_interval():
    """After the reseed interval, nothing is generated until it is seeded again."""
    generator = HMACDRBG(bytes(48))
    generator.RESEED_INTERVAL = 2
    generator.generate(1)
    generator.generate(1)
    assert raises(RuntimeError, generator.generate, 1)
    generator.reseed(bytes(32))
    assert len(generator.generate(1)) == 1


def test_every_input_changes_the_output():
    """Entropy, nonce, personalization, additional input and reseeding each change the output."""
    outputs = [
        HMACDRBG(bytes(48)).generate(32),
        HMACDRBG(bytes(47) + b"\1").generate(32),
        HMACDRBG(bytes(48), b"\0").generate(32),
        HMACDRBG(bytes(48), b"", b"\1").generate(32),
        HMACDRBG(bytes(48)).generate(32, b"\0"),
    ]
    generator = HMACDRBG(bytes(48))
    outputs.append(generator.generate(64)[32:])
    outputs.append(generator.generate(32))
    generator.reseed(bytes(32))
    outputs.append(generator.generate(32))
    assert len(set(outputs)) == len(outputs)
