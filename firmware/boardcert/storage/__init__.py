"""Identities in flash: whole or absent whatever happens, and wiped when they are deleted."""
