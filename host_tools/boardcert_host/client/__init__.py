"""For programs that talk to boards: connections to a known board, by its key, without a CA."""

from .known import context, session
from .pinned import PinnedContext

__all__ = ["PinnedContext", "context", "session"]
