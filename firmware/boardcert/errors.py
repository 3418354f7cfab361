"""The errors of the device side. Bad arguments are ValueError, flash and network OSError."""


class Error(Exception):
    """What a user of boardcert must see and can act on."""


class EntropyError(Error):
    """The noise source is missing, stuck or failed its health tests; nothing was generated."""


class DamagedError(Error):
    """A stored identity is truncated, altered, foreign or inconsistent; it must not be served."""
