"""Renewal of what a CA has signed: on all boards that can be reached, and again after a break."""
