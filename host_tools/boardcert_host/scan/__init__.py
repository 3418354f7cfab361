"""Finding boards in a network: by mDNS and by address, held against the inventory."""
