"""DER and PEM, strictly: bytes to values and back."""
