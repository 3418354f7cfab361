"""The inventory: every board that is known, with its names, keys, certificates and history."""
