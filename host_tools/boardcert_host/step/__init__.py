"""Certificates from step-ca by a one-time token of its JWK provisioner."""
