"""The DNS at a provider that dns-lexicon knows, with the credentials that lexicon reads.

From the environment, LEXICON_PROVIDER_AUTH_TOKEN and so on, or from lexicon.yml and
lexicon_PROVIDER.yml in a directory. They stay out of all messages.
"""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.exception
import dns.resolver
import requests
import yaml
from lexicon.client import Client
from lexicon.config import ConfigResolver
from lexicon.exceptions import ProviderNotAvailableError

from ..errors import USAGE, Error
from .propagation import resolver_at

# How long resolvers may cache a record.
_TTL_S = 60
_HIDDEN = "***"
# Shorter ones may be a part of any word.
_LEAST_SECRET = 4


class Provider:
    """The provider *name*. *config*: the directory of lexicon's files; None: the current one.

    *server*: HOST:PORT of the resolver that finds the zone; None: the system's.
    """

    def __init__(self, name: str, config: str | None, server: str | None) -> None:
        self._name = name
        self._directory = Path(config) if config else Path.cwd()
        self._server = server

    def present(self, domain: str, name: str, value: str) -> None:
        """Write the record."""
        del domain  # The name has it.
        with self._explained("write"), self._client(name) as client:
            client.create_record("TXT", name, value)

    def remove(self, name: str, value: str) -> None:
        """Remove the record."""
        with self._explained("remove"), self._client(name) as client:
            client.delete_record(None, "TXT", name, value)

    def _client(self, name: str) -> Client:
        """Return lexicon's client for the zone that *name* is in, as its name servers have it.

        By default lexicon would fetch a list of all top-level domains, and guess.
        """
        wanted = {"provider_name": self._name, "domain": name, "resolve_zone_name": "yes"}
        config = ConfigResolver().with_dict(wanted).with_env()
        if self._directory.is_dir():
            config.with_config_dir(self._directory)
        before = dns.resolver.default_resolver
        dns.resolver.default_resolver = resolver_at(self._server)
        try:
            return Client(config.with_dict({"ttl": _TTL_S}))
        finally:
            dns.resolver.default_resolver = before

    @contextlib.contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """Raise Error for what goes wrong at the provider.

        Without its cause, which --verbose would print, credentials and all.
        """
        failed = f"{self._name} did not {what} the TXT record"
        hint = f"its credentials: $LEXICON_{self._name.upper()}_..., or files in {self._directory}"
        try:
            yield
        except Error:
            raise
        except ProviderNotAvailableError as error:
            hint = "the providers of dns-lexicon are listed in its documentation"
            raise Error(str(error), hint, USAGE) from None
        except requests.HTTPError as error:
            answer = error.response
            status = "an error" if answer is None else f"{answer.status_code} {answer.reason}"
            raise Error(f"{failed}: its API answered {status}", hint) from None
        except requests.RequestException:
            raise Error(f"{failed}: its API is unreachable", "run it again") from None
        except dns.exception.DNSException as error:
            raise Error(f"{failed}: the zone was not found: {error}", "see --dns-server") from error
        except yaml.YAMLError:
            raise Error(f"{failed}: lexicon's file is not YAML", hint) from None
        except Exception as error:  # noqa: BLE001 (each provider raises its own)
            raise Error(f"{failed}: {self._harmless(error)}", hint) from None

    def _harmless(self, error: Exception) -> str:
        """Return what *error* says, without credentials, and without queries of URLs."""
        text = re.sub(r"\?\S+", f"?{_HIDDEN}", str(error) or type(error).__name__)
        for secret in sorted(self._secrets(), key=len, reverse=True):
            text = text.replace(secret, _HIDDEN)
        return " ".join(text.split())

    def _secrets(self) -> set[str]:
        """Return all that lexicon may have read."""
        found = [value for name, value in os.environ.items() if name.startswith("LEXICON_")]
        for path in self._directory.glob("lexicon*.yml"):
            found += _texts(yaml.safe_load(path.read_bytes()))
        return {one for one in found if len(one) >= _LEAST_SECRET}


def _texts(content: Any) -> list[str]:
    """Return the values of a YAML file."""
    if isinstance(content, dict):
        return [text for value in content.values() for text in _texts(value)]
    return [] if content is None else [str(content)]
