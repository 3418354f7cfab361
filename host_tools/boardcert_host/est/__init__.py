"""Certificates of a company's CA by EST (RFC 7030, RFC 8951): enrolled, installed, renewed."""
