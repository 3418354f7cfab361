"""Certificates from elsewhere: a valid one is served at once, any other changes nothing."""

import os

import scratch
import vectors
from boardcert import RefusedError
from boardcert.asn1 import pem, pem_blocks
from boardcert.certificates import fields, keys
from boardcert.certificates.certificate import Certificate
from boardcert.storage.store import Record, load
from identities import TODAY, foreign_record, identity, on_board, raising


class Refusing:
    """A module tls whose contexts accept no certificate."""

    PROTOCOL_TLS_SERVER = 0

    class SSLContext:
        def __init__(self, protocol):
            self.load_cert_chain = raising(ValueError("invalid cert"))


def chain_cases(name):
    """Yield (name, field, words, chain, key or None) of a file of make_chains.py."""
    for title, field, words, chain, key in vectors.cases(name):
        yield title.decode(), field.decode(), words.decode(), chain, key or None


def _certificates(chain):
    """Return the DER of each certificate in PEM or DER, without repetitions."""
    found = pem.read_certificates(chain)
    return [found[i] for i in range(len(found)) if found[i] not in found[:i]]


def when_made():
    """Return the day after the certificates of the cases become valid."""
    _, _, _, chain, _ = next(chain_cases("chains_accepted"))
    return fields.add_days(Certificate(_certificates(chain)[0]).not_before, 1)


def _files(directory):
    return {name: scratch.read(f"{directory}/{name}") for name in os.listdir(directory)}


def refused_by(me, chain, key=None):
    """Return the error by which *me* refuses these; None if it takes them."""
    try:
        me.install(chain, key)
    except RefusedError as error:
        return error
    return None


def test_sound_chains_are_installed_and_loaded_again():
    """Certificates and keys install in every program's form, and the whole chain is served."""
    directory = scratch.fresh_directory()
    with on_board(when_made()):
        me = identity(directory)
        for name, _, _, chain, key in chain_cases("chains_accepted"):
            me.install(chain, key)
            wanted = _certificates(chain)
            assert me.source == "installed" and me.chain == wanted, name
            assert me.certificate == wanted[0] and me.report()["chain"] == len(wanted), name
            again = identity(directory)
            assert again.source == "installed" and again.chain == wanted, name
            assert set(again.timings_ms) == {"total"} and again.notices == [], (name, again.notices)
            assert not again.report()["own_key"] and again.report()["issuer"], name


def test_unsound_chains_and_keys_change_nothing():
    """An invalid chain or key is refused with its field and the reason."""
    directory = scratch.fresh_directory()
    with on_board(when_made()):
        me = identity(directory)
        files, context = _files(directory), me.server_context()
        for name, field, words, chain, key in chain_cases("chains_refused"):
            error = refused_by(me, chain, key)
            assert error is not None, name
            assert error.field == field, (name, error.field, error)
            assert words in str(error) and len(str(error)) < 200, (name, error)
        assert me.server_context() is context and me.source == "generated" and not me.notices
        assert _files(directory) == files


def test_no_altered_byte_is_taken():
    """A changed byte is refused in each certificate whose issuer is present."""
    limit = min(vectors.LIMIT, 12)
    chains = {name: (chain, key) for name, _, _, chain, key in chain_cases("chains_accepted")}
    chain, key = chains.get("with the root") or chains["two certificates, PKCS#8"]
    certificates = _certificates(chain)
    with on_board(when_made()):
        me = identity()
        for number in range(len(certificates) - 1):
            good = certificates[number]
            for i in range(limit):
                changed = bytearray(good)
                changed[i * len(good) // limit] ^= 1 << i % 8
                altered = certificates[:number] + [bytes(changed)] + certificates[number + 1 :]
                assert refused_by(me, altered, key), (number, i)


def test_no_altered_byte_of_a_key_is_taken():
    """A changed byte of a key is refused in each form, even in numbers not used for signing."""
    limit = min(vectors.LIMIT, 16)
    forms = ("two certificates, PKCS#8", "by an RSA CA, SEC 1", "RSA, PKCS#8", "RSA, PKCS#1")
    with on_board(when_made()):
        me = identity()
        for name, _, _, chain, key in chain_cases("chains_accepted"):
            if name not in forms:
                continue
            good = pem_blocks.decode(key.decode().split("\n"))[0][1]
            for i in range(limit):
                changed = bytearray(good)
                # The lowest bit of the version comes later: it makes PKCS#8 of python-ecdsa.
                changed[(2 * i + 1) * len(good) // (2 * limit)] ^= 2 << i % 7
                assert refused_by(me, chain, bytes(changed)), (name, i)


def test_no_message_repeats_a_key():
    """No error repeats a key, whatever its line breaks have become."""
    with on_board(when_made()):
        me = identity()
        for name, _, _, chain, key in list(chain_cases("chains_accepted"))[:2]:
            text = key.decode().strip()
            secret = text.split("-----")[2].replace("\n", "")[16:]
            for separator in ("", " ", "\r", "\\n"):
                for changed in (text, text[:-1], text[:100], text + "\n-----", text[30:]):
                    refused = str(refused_by(me, chain, changed.replace("\n", separator)))
                    assert refused != "None" and len(refused) < 200, name
                    assert not any(secret[i : i + 8] in refused for i in range(len(secret) - 8))


def test_a_list_in_der():
    """A list of DER certificates, as a program may have it, is accepted."""
    one, other = foreign_record(), foreign_record()
    with on_board():
        me = identity()
        me.install(one.chain, one.private_key)
        assert me.chain == one.chain
        assert refused_by(me, []).field == "chain"
        assert refused_by(me, [b""]).field == "chain"
        assert refused_by(me, [one.chain[0] + b"\0"], one.private_key).field == "chain"
        assert "1 to 3" in str(
            refused_by(me, one.chain + [bytes([n]) for n in range(3)], one.private_key)
        )
        assert refused_by(me, bytearray(other.chain[0]), other.private_key) is None
        assert me.chain == other.chain


def test_what_is_no_certificate_at_all():
    """A value of the wrong type, passed by mistake, is refused with what is needed."""
    with on_board():
        me = identity()
        files = foreign_record()
        for chain in (None, 5, {}, [None], [files.chain[0], 5], [files.chain]):
            error = refused_by(me, chain, files.private_key)
            assert error.field == "chain" and "PEM or DER is needed" in str(error), chain
        for key in (5, {}, [files.private_key]):
            error = refused_by(me, files.chain, key)
            assert error.field == "key" and "PEM or DER is needed" in str(error), key


def test_a_certificate_for_the_boards_own_key_comes_without_it():
    """A CA's certificate for csr() installs without a key, also for an installed key."""
    directory = scratch.fresh_directory()
    with on_board():
        me = identity(directory)
        pin = me.public_key_pin
        own = keys.from_der(load(directory, "generated", []).private_key)
        signed = foreign_record("board.example", own)
        assert Certificate(signed.chain[0]).public_key_der in me.csr()
        me.install(signed.chain)
        assert me.source == "installed" and me.public_key_pin == pin
        assert me.report()["own_key"] is True
        assert Certificate(signed.chain[0]).public_key_der in me.csr()
        foreign = foreign_record()
        assert "private key is needed" in str(refused_by(me, foreign.chain))
        me.install(foreign.chain, foreign.private_key)
        renewed = foreign_record("later.example", keys.from_der(foreign.private_key))
        me.install(renewed.chain)
        assert me.names == ["later.example"] and me.report()["own_key"] is False
        assert Certificate(signed.chain[0]).public_key_der in me.csr()
        me.install(signed.chain)
        assert me.remove() == "no key was removed"
        assert me.source == "generated" and me.public_key_pin == pin


def test_what_the_firmware_cannot_serve_is_not_stored():
    """A certificate that the firmware's TLS refuses is not stored."""
    from boardcert.transport import tls
    from identities import Replaced

    record = foreign_record()
    directory = scratch.fresh_directory()
    with on_board(TODAY):
        me = identity(directory)
        before = me.certificate
        for answers, words in (
            (
                {"tls": Refusing},
                "cannot be served: this firmware's TLS does not accept this key",
            ),
            ({"server_context": raising(OSError(28))}, "cannot be served"),
        ):
            with Replaced(tls, **answers):
                refusal = refused_by(me, record.chain, record.private_key)
            assert refusal.field == "chain" and words in str(refusal)
        assert me.certificate == before and load(directory, "installed", []) is None


def test_what_is_held_for_tls_is_given_back_before_it_is_tried():
    """On esp32, memory reserved for TLS is released before the trial."""
    from boardcert.credentials import accept
    from identities import Replaced

    steps = []

    class Held:
        close = staticmethod(lambda: steps.append("closed"))

    serve, prove = accept._try_to_serve, accept._prove_key
    record = foreign_record()
    watched = {
        "_hold": Held,
        "_prove_key": lambda *key: steps.append("proven") or prove(*key),
        "_try_to_serve": lambda new: steps.append("served") or serve(new),
    }
    with on_board(), Replaced(accept, **watched):
        identity().install(record.chain, record.private_key)
    assert steps == ["proven", "closed", "served"]


def test_a_key_that_cannot_be_loaded_for_lack_of_memory_is_told_as_that():
    """A lack of memory is reported as that, though mbedTLS calls the key invalid in both cases."""
    from boardcert.transport import rsa_memory, tls
    from identities import Replaced

    directory = scratch.fresh_directory()
    record = foreign_record()
    with on_board():
        me = identity(directory)
        for free_bytes, words in (
            (7999, "7999 bytes are free"),
            (8000, "does not accept this key"),
        ):
            memory = Replaced(rsa_memory, tls_bytes=lambda n=free_bytes: n)
            with Replaced(tls, tls=Refusing), memory:
                refusal = refused_by(me, record.chain, record.private_key)
            assert words in str(refusal), refusal


def test_a_key_that_the_memory_cannot_serve_is_not_stored():
    """An RSA key too large for the free memory is refused, with the amount needed."""
    from boardcert.credentials import accept
    from boardcert.transport import rsa_memory
    from identities import Replaced

    rsa = [case for case in chain_cases("chains_accepted") if case[4] and _is_rsa(case[3])]
    directory = scratch.fresh_directory()
    with on_board(when_made()), Replaced(rsa_memory, _free_bytes=lambda: 33_999):
        me = identity(directory)
        for name, _, _, chain, key in rsa:
            refusal = refused_by(me, chain, key)
            assert refusal.field == "chain" and "34000 bytes of free memory" in str(refusal), name
        assert rsa or vectors.is_slow()  # A board reads the first cases only.
        assert me.source == "generated" and load(directory, "installed", []) is None
        for key_type in ("rsa2048", "rsa3072", "rsa4096"):
            try:
                accept._try_to_serve(Record(b"", [], {"key_type": key_type}))
                raise AssertionError(key_type)
            except RefusedError as error:
                assert error.field == "chain" and key_type in str(error)


def _is_rsa(chain):
    return Certificate(_certificates(chain)[0]).key_type.startswith("rsa")
