"""Certificates, requests and keys, described in words."""
