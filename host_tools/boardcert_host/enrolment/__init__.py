"""What ACME, EST and step-ca share: the board's request, its chain, stored state, renewals."""
