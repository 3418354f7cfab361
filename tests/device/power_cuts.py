"""An administrator's tasks on the stored identities, for tests that cut the power meanwhile."""

import scratch
from boardcert.storage.store import load
from identities import foreign_record

# These are certificates from elsewhere.
FOREIGN = (
    [foreign_record(f"{name}.example") for name in ("one", "other")] if scratch.HAS_ROOM else []
)
# (Name, task, whether the first of FOREIGN is installed before.)
TASKS = (
    ("install", lambda me: me.install(FOREIGN[0].chain, FOREIGN[0].private_key), False),
    ("install another", lambda me: me.install(FOREIGN[1].chain, FOREIGN[1].private_key), True),
    ("remove", lambda me: me.remove(), True),
    ("renew", lambda me: me.renew(), False),
    ("new key", lambda me: me.new_key(), False),
    ("reset", lambda me: me.reset(), False),
    ("reset of all", lambda me: me.reset(), True),
)


def stored_keys(directory):
    """Return the private scalars of the stored records."""
    records = [load(directory, name, []) for name in ("generated", "installed")]
    return {record.private_key[8:56] for record in records if record}
