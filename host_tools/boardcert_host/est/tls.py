"""The TLS context for an EST server: whom it trusts, and its client certificate."""

import ssl
from pathlib import Path

from ..errors import USAGE, Error
from ..passwords import Password
from ..verify.tls_probe import ca_context
from .plan import Plan


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
