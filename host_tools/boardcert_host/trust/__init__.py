"""Whom this computer trusts: boards by their pins, CAs in its stores."""
