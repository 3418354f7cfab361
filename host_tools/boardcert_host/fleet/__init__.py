"""Many boards: verified by an event loop, page by page, in memory that does not grow."""
