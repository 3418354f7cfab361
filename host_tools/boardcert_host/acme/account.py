"""The account at an ACME CA: a P-256 key, readable by its owner only, registered once."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from acme import client, errors, messages
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from josepy.jwa import ES256
from josepy.jwk import JWK, JWKEC
from josepy.util import ComparableECKey

from .. import __version__
from ..ca.store import private_pem
from ..errors import USAGE, Error
from ..files import read_small, write_new
from . import kept
from .plan import Registration
from .problems import is_kind

_RESOURCES = {"newNonce", "newAccount", "newOrder"}
_KEY_FILE = "account.key"
_TIMEOUT_S = 45
# The library tries twice; a server that is behind several addresses may take more.
_NONCE_ROUNDS = 6


class Network(client.ClientNetwork):
    """Signed requests. *ca_file*: the CA by which the directory is trusted; None: the system's."""

    def __init__(self, key: JWK, ca_file: str | None) -> None:
        agent = f"boardcert/{__version__}"
        super().__init__(key, alg=ES256, user_agent=agent, timeout=_TIMEOUT_S)
        if ca_file:
            self.verify_ssl = ca_file  # pyright: ignore[reportAttributeAccessIssue] (as requests)

    def post(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Post; try again with a new nonce when the server no longer knows the one sent."""
        for _ in range(_NONCE_ROUNDS - 1):
            try:
                return super().post(*args, **kwargs)
            except messages.Error as error:
                if not is_kind(error, "badNonce"):
                    raise
        return super().post(*args, **kwargs)


def opened(directory: str, ca_file: str | None, new: Registration) -> client.ClientV2:
    """Return a client with the account at *directory*, which is registered first if necessary.

    Raises Error for what is missing in *new* then, and what the library raises.
    """
    path = kept.account_directory(directory) / _KEY_FILE
    key = _load_key(path) if path.exists() else ec.generate_private_key(ec.SECP256R1())
    network = Network(JWKEC(key=ComparableECKey(key)), ca_file)
    acme = client.ClientV2(_directory(directory, network), network)
    if path.exists() and (uri := _existing(acme)):
        network.account = _resource(uri)
        return acme
    registration = _registration(acme, directory, new)
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_new(path, private_pem(key))  # First the key: an account without it is lost.
    try:
        acme.new_account(registration)
    except errors.ConflictError as error:
        network.account = _resource(error.location)
    return acme


def _directory(url: str, network: Network) -> messages.Directory:
    """Return the directory at *url*; ValueError for something else (RFC 8555, section 7.1.1)."""
    content = network.get(url).json()
    if not isinstance(content, dict) or not content.keys() >= _RESOURCES:
        raise ValueError("not an ACME directory")
    return messages.Directory.from_json(content)


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(read_small(path), None)
    except (ValueError, TypeError) as error:
        raise _no_key(path) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _no_key(path)
    return key


def _no_key(path: Path) -> Error:
    return Error(f"{path} is not an account's key", "move it away: a new one is made then")


def _existing(acme: client.ClientV2) -> str | None:
    """Return the account's URL, None when the CA does not know the key."""
    try:
        acme.new_account(messages.NewRegistration(only_return_existing=True))
    except errors.ConflictError as error:
        return error.location
    except messages.Error as error:
        if not is_kind(error, "accountDoesNotExist"):
            raise
    return None


def _resource(uri: str) -> messages.RegistrationResource:
    return messages.RegistrationResource(uri=uri, body=messages.Registration())


def _registration(
    acme: client.ClientV2, directory: str, new: Registration
) -> messages.NewRegistration:
    """Return what registers an account. Raises Error for what the CA wants and *new* lacks."""
    place = urlsplit(directory).netloc
    terms = getattr(acme.directory.meta, "terms_of_service", None)
    if terms and not new.agrees:
        hint = "--agree-tos, once, to register an account"
        raise Error(f"{place} has terms of service, see {terms}", hint, USAGE)
    binding = None
    if new.eab_kid and new.eab_key and acme.net.key:
        public_key = acme.net.key.public_key()
        binding = messages.ExternalAccountBinding.from_data(
            public_key, new.eab_kid, new.eab_key, acme.directory
        )
    elif acme.external_account_required():
        hint = "it gives you a key identifier and a key: --eab-kid KID --eab-key FILE"
        raise Error(f"{place} requires external account binding", hint, USAGE)
    return messages.NewRegistration.from_data(
        email=new.email,
        terms_of_service_agreed=bool(terms) or None,
        external_account_binding=binding,
    )
