"""The life of the board's key and certificate: made, loaded, renewed, replaced, removed."""
