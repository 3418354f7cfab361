"""`boardcert ca`, an action a module."""
