"""Certificates, requests and keys, read and put into words."""
