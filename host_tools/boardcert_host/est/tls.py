"""How requests connects to an EST server: by a TLS context of ours, and by no other.

By default requests trusts the CAs of its own package, beside those that it is given.
"""

import ssl
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter

from ..errors import USAGE, Error
from ..passwords import Password
from ..verify.tls_probe import ca_context
from .plan import Plan


class ContextAdapter(HTTPAdapter):
    """Sends requests over connections of *context*, which verifies the server, or does not."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        """Make connections by the context."""
        super().init_poolmanager(*arguments, ssl_context=self._context, **more)

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        """Make those through a proxy by the context, too."""
        return super().proxy_manager_for(proxy, ssl_context=self._context, **more)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave it to the context; requests would add its own CAs."""

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Have urllib3 leave the context's mode as it is."""
        place, settings = super().build_connection_pool_key_attributes(request, True, None)
        return place, settings | {"cert_reqs": self._context.verify_mode}


def verifying_context(plan: Plan, asks: bool) -> ssl.SSLContext:
    """Return the context for *plan*, with its client certificate. Raises Error.

    *asks*: a person for the passphrase of its key.
    """
    context = ca_context(plan.server_ca) if plan.server_ca else ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = True
    # A CA that was named is trusted, whether it has signed itself or not.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    _load_client(context, plan, asks)
    return context


def unverified_context() -> ssl.SSLContext:
    """Return a context that believes every server: for what is compared otherwise."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _load_client(context: ssl.SSLContext, plan: Plan, asks: bool) -> None:
    login = plan.login
    if not login.certificate:
        return
    key = login.key or login.certificate
    file = Path(login.passphrase_file) if login.passphrase_file else None
    secret = Password(f"passphrase of {key}", "--passphrase-file", "BOARDCERT_PASSPHRASE", file)

    def passphrase() -> str:
        return secret.get() if asks else secret.required()

    try:
        context.load_cert_chain(login.certificate, login.key, passphrase)
    except FileNotFoundError as error:
        raise Error(f"no such file: {login.certificate} or {key}", None, USAGE) from error
    except ssl.SSLError as error:
        reason = f"{login.certificate} and {key} are no certificate with its key, in PEM"
        raise Error(reason, "openssl pkcs12 -in FILE.p12 -out FILE.pem -nodes", USAGE) from error
