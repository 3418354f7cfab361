"""Certificates, requests and keys: written, read, and checked; no files, clock or network."""
