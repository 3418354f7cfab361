"""The device package, compiled for a board's processor."""
