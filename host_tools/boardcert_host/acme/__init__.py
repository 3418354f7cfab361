"""Certificates from an ACME CA (RFC 8555) by dns-01: ordered, installed on the board, renewed."""
