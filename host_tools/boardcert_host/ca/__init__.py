"""A certificate authority of the user's own: requests in, certificates out."""
