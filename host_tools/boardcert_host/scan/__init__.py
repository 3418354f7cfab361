"""Finding boards on a network, by mDNS and by address, and comparing them with the inventory."""
