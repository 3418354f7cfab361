"""What a server shows over TLS, and the checks of it."""
