"""`boardcert audit-keys`: weak keys in the inventory."""

import argparse

from ..console import counted, messages, results, say
from ..errors import CHECKED_AND_BAD, OK
from .shared import Command, add_json, print_json

_EXAMPLES = """\
examples:
  boardcert audit-keys            shared primes, one key in two units, compromised and weak keys
  boardcert audit-keys --json
  badkeys --update-bl             once in a while: the list of compromised keys, from the Internet
"""


def _run(arguments: argparse.Namespace) -> int:
    from ..certificates import weak_keys
    from ..inventory.place import is_absent
    from ..verify.audit import Audit, audit

    done = Audit()
    if not is_absent():
        from ..inventory import store

        with messages().status("looking at every key"), store.reading() as connection:
            done = audit(connection)
    code = CHECKED_AND_BAD if done.findings else OK
    if arguments.json:
        print_json({"ok": code == OK} | done.to_json())
        return code
    for finding in done.findings:
        line = f"{finding.kind.upper()}: {finding.detail}: {', '.join(finding.units)}"
        results().print(line, markup=False)
    found = counted(len(done.findings), "finding") if done.findings else "nothing found"
    what = f"{counted(done.keys, 'key')}, {done.rsa_keys} of RSA"
    results().print(f"{what}: {found}", markup=False)
    if done.findings:
        say("give each of these boards another key: boardcert new-key HOST")
    if done.unseen:
        say(f"note: {done.unseen} keys have not been seen yet: boardcert verify HOST")
    if hint := weak_keys.update_hint():
        say(f"note: compromised keys were not looked for: {hint}")
    return code


COMMANDS = {
    "audit-keys": Command(
        "find weak keys among all that are known: shared primes, duplicates, compromised ones",
        _EXAMPLES,
        add_json,
        _run,
    ),
}
