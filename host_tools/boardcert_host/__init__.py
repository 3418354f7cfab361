"""The computer's half of boardcert: the command that flashes, verifies and administers boards."""


def __getattr__(name: str) -> str:
    """Read the version when it is asked for: until `entry.main` runs, Ctrl-C is a traceback."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("boardcert")
