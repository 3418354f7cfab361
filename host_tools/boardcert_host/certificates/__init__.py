"""What a certificate says, and the fingerprint of its key."""
