"""What boardcert.run brings up: Wi-Fi, clock, identity, page and application."""
