"""The user's own certificate authority: requests in, certificates out."""
