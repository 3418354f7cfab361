"""The configuration page and its JSON API."""
