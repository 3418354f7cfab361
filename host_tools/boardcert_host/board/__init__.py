"""A board, over its cable or over HTTPS: what it has, and changes to it."""
