"""Turn the options of `boardcert acme` into a plan; options not given keep their last value."""

import argparse
import binascii
import os
from base64 import urlsafe_b64decode
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import USAGE, Error
from .enrolling import existing, is_way_given, way_of

if TYPE_CHECKING:
    from ..acme.plan import DNS, Plan, Registration


def plan_of(arguments: argparse.Namespace) -> "Plan":
    """Return what is to be done; its way has a host. Raises Error, a usage error, without it."""
    from ..acme.kept import SHELF
    from ..acme.plan import DIRECTORIES, Plan, directory_url, read_domains

    way = way_of(arguments)
    state = SHELF.load(way.host or "")
    before = state.plan if state else None
    if before and not is_way_given(arguments):
        way = before.way
    domains = read_domains(arguments.domain) or (before.domains if before else ())
    if not domains:
        hint = "--domain kitchen.example.org, a name whose DNS you can change"
        raise Error(f"no name was ordered for {way.host} yet", hint, USAGE)
    directory = before.directory if before else DIRECTORIES["letsencrypt"]
    trusted = before.directory_ca if before else None
    if arguments.directory:
        directory, trusted = directory_url(arguments.directory), None
    if arguments.directory_ca:
        trusted = existing(arguments.directory_ca, "--directory-ca")
    return Plan(way, domains, _dns(arguments, before.dns if before else None), directory, trusted)


def registration_of(arguments: argparse.Namespace) -> "Registration":
    """Return what a new account needs. Raises Error for a key that is not base64url."""
    from ..acme.plan import Registration
    from ..passwords import Password

    file, kid = arguments.eab_key_file, arguments.eab_kid
    if kid is None:
        if file:
            raise Error("--eab-key-file belongs to --eab-kid", None, USAGE)
        return Registration(arguments.agree_tos, arguments.email)
    key = Password("EAB key", "--eab-key-file", "BOARDCERT_EAB_KEY", file).get().strip()
    try:
        is_key = bool(urlsafe_b64decode(key + "=" * (-len(key) % 4)))
    except (binascii.Error, ValueError):
        is_key = False
    if not is_key:
        raise Error("the EAB key is not base64url, as the CA has given it", None, USAGE)
    return Registration(arguments.agree_tos, arguments.email, kid, key.rstrip("="))


def _dns(arguments: argparse.Namespace, before: "DNS | None") -> "DNS":
    from ..acme.plan import DNS

    provider, hook, service = arguments.dns, arguments.dns_hook, arguments.acme_dns
    if provider or hook or service:
        config = str((arguments.dns_config or Path.cwd()).absolute())
        dns = DNS(provider, config if provider else None, hook and _program(hook), service)
        if before:
            dns = replace(dns, wait_s=before.wait_s, server=before.server)
    elif before:
        dns = before
    else:
        hint = "--dns PROVIDER, --dns-hook PROGRAM or --acme-dns URL"
        raise Error("no way to change the DNS was given", hint, USAGE)
    if arguments.dns_wait is not None:
        dns = replace(dns, wait_s=arguments.dns_wait)
    return replace(dns, server=arguments.dns_server) if arguments.dns_server else dns


def _program(hook: str) -> str:
    """Return the program by a path that holds in other directories, too."""
    return str(Path(hook).absolute()) if os.sep in hook else hook
