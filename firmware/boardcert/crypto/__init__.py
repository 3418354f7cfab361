"""Hashes, random bits from a seed, curves, ECDSA, RSA: arithmetic on bytes and numbers alone."""
