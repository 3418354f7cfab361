"""Print what boardcert.run has to report while it serves, and restart the board if necessary."""

# The stubs leave out much of machine.
# pyright: reportAttributeAccessIssue=false

import asyncio

from micropython import const

from ..modules import borrowed
from .wifi import addresses_in_use

_NEWS_MS = const(500)
_STARVED_TIMES = const(20)
"""Looks for news in a row: 10 s."""


class News:
    """News of the Identity *me*, and of *urls*: the port of each thing served, by name.

    *restarts*: whether the board may be restarted while nobody is connected.
    """

    def __init__(self, me, urls: dict, restarts: bool) -> None:
        self._me = me
        self._urls = urls
        self._restarts = restarts
        self._starved = 0

    async def watch(self) -> None:
        """Print notices and URLs whenever they are new."""
        printed = []
        notices = 0
        self._print_key()
        while True:
            for notice in self._me.notices[notices:]:
                announce(notice)
            notices = len(self._me.notices)
            if self._restarts:
                self._restart_if_due()
            hosts = [self._me.names[0]] + addresses_in_use()
            lines = self._addresses(hosts)
            for line in lines:
                if line not in printed:
                    print(line)
            printed = lines
            await asyncio.sleep_ms(_NEWS_MS)

    def _restart_if_due(self) -> None:
        """Restart while nobody is connected, if that helps.

        It does if the heap has holes, or on esp32 has grown into the memory of TLS; and, where
        memory is short, if the certificate is stale, unless this boot could not sign it.
        """
        from ..serving.sharing import is_anyone_connected

        is_short = self._me.lacks_memory()
        if is_short:
            try:
                self._me.follow()
            except OSError:  # Of the flash: the servers report it.
                return
        has_signed = self._me.took_memory and not is_short
        self._starved = self._starved + 1 if _is_starved(has_signed) else 0
        if self._starved > _STARVED_TIMES:
            restart("for lack of memory for clients")
        elif self._me.wish and self._me.was_settled and not is_anyone_connected():
            restart("to sign the certificate again")

    def _print_key(self) -> None:
        """Print the fingerprint, to compare with the label or a browser."""
        with borrowed():
            from ..page.words import of_key

            fingerprint, words = of_key(self._me.public_key_pin)
            announce("SHA-256 of the public key: " + fingerprint)
            announce(f"its first 16 bytes as words: {words}")

    def _addresses(self, hosts: list) -> list:
        """Return a line for each thing that is served, and one if there is no network."""
        lines = []
        if self._urls and len(hosts) == 1:
            lines.append("boardcert: no network: nothing can be reached yet")
        for name, port in self._urls.items():
            scheme = "http" if name == "page" and self._me.https != "required" else "https"
            suffix = "" if port == 443 else f":{port}"
            lines.append("  ".join([name] + [f"{scheme}://{host}{suffix}" for host in hosts]))
        return lines


def _is_starved(has_signed: bool) -> bool:
    """Return whether the servers lack memory for any client though nobody is connected.

    False if they never had it, unless signing has left holes: a restart would not help.
    """
    from ..serving.sharing import fits, is_anyone_connected, servers

    if is_anyone_connected() or not (has_signed or any([one.accepted for one in servers])):
        return False
    return bool(servers) and not any([fits(server) for server in servers])


def restart(reason: str) -> None:
    """Announce the reason, and restart the board."""
    from machine import reset

    announce(f"restarting, {reason}")
    reset()


def announce(sentence: str) -> None:
    """Print a message on the console."""
    print("boardcert: " + sentence)
