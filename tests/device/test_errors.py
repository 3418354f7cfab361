"""Wrong arguments and damaged files: an Error, ValueError or OSError states the fault."""

import os

import scratch
from boardcert import Error
from boardcert.credentials import generate, generated, lifecycle
from boardcert.credentials.background_key import prepare
from boardcert.credentials.settings import Settings
from boardcert.crypto.ecdsa import InvalidSignature
from boardcert.storage import store
from identities import Replaced, check_notice, identity, on_board, raising


def _message(kind, function, *arguments, **more):
    """Return the message of the error, which must be of this *kind* and not empty."""
    try:
        function(*arguments, **more)
    except kind as error:
        assert type(error) is kind or kind is OSError, repr(error)
        assert str(error) and not str(error).endswith(": "), repr(error)
        return str(error)
    raise AssertionError((arguments, more))


def test_arguments_of_a_wrong_type_are_named():
    with on_board():
        for name, value in (
            ("directory", 5),
            ("directory", None),
            ("directory", ""),
            ("progress", 5),
            ("new_key", 5),
            ("new_key", b"key"),
            ("prefix", 5),
            ("prefix", None),
            ("names", "kitchen"),
            ("key_type", []),
            ("portal_port", None),
            ("https", True),
            ("unheard_of", 1),
        ):
            arguments = {"directory": scratch.fresh_directory()}
            arguments[name] = value
            message = _message(ValueError, lifecycle.Identity, **arguments)
            assert name in message, (name, message)


def test_a_progress_that_is_no_function_is_refused_where_nothing_is_made():
    directory = scratch.fresh_directory()
    with on_board():
        identity(directory)
        message = _message(ValueError, identity, directory, progress=5)
        assert "progress must be a function" in message
        making = prepare(directory, progress=5, key_type="rsa2048")
        assert "progress must be a function" in _message(ValueError, making.send, None)


def test_keys_that_are_none_change_nothing():
    with on_board():
        me = identity()
        pin = me.public_key_pin
        for act in (me.new_key, me.reset):
            for made in (5, "key", b"key", b""):
                assert "not a private key" in _message(ValueError, act, made)
        assert me.public_key_pin == pin and me.source == "generated"


def test_a_directory_that_cannot_be_made_is_named():
    with on_board():
        message = _message(OSError, identity, scratch.fresh_directory() + "/not/there")
        assert "cannot create the directory" in message


def test_a_file_in_place_of_the_directory_is_told_with_the_reason():
    """A file in place of the directory is reported with a reason: ENOTDIR has no text there."""
    directory = scratch.fresh_directory()
    with on_board():
        identity(directory)
        message = _message(Error, identity, directory + "/generated.bin")
        assert "generated.bin/config.json cannot be read: " in message and "20" in message


def test_a_config_that_cannot_be_read_is_told_with_the_reason():
    directory = scratch.fresh_directory()
    with on_board():
        identity(directory)
        os.mkdir(directory + "/config.json")
        assert "config.json cannot be read: " in _message(Error, identity, directory)
        store.open = raising(OSError())  # A medium may fail like this.
        try:
            assert "config.json cannot be read: OSError" in _message(Error, identity, directory)
        finally:
            del store.open


def test_a_config_of_any_form_is_named():
    """A malformed config file is named; a byte order mark is accepted."""
    for text in (
        "",
        "[]",
        "nul",
        "{",
        "{} x",
        "[" * 1500,
        '{"hostname": 5}',
        '{"portal_port": "x"}',
    ):
        kind = ValueError if ":" in text else Error
        assert "config.json" in _message(kind, Settings, {}, text, b"12345678"), text
    assert Settings({}, '\ufeff{"hostname": "a"}', b"12345678").hostname == "a"


def test_what_fails_in_making_the_identity_is_an_error():
    """A wrong signature or a full stack is an error, and the next boot makes the identity."""
    for failure in (InvalidSignature("it does not hold"), RuntimeError("recursion"), KeyError()):
        directory = scratch.fresh_directory()
        with on_board():
            with Replaced(generate, make=raising(failure)):
                assert "load failed: " in _message(Error, identity, directory)
            assert identity(directory).generated


def test_a_failure_without_words_is_named_in_its_notice():
    with on_board():
        me = identity()
        with Replaced(generated, mark=raising(KeyError())):
            me.renew()
        check_notice(me, "writing the marker failed: KeyError")
