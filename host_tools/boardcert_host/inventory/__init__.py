"""The inventory: every known board, with its names, keys, certificates and history."""
