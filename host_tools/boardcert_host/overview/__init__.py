"""The whole inventory at a glance: as a page for browsers, and live in a terminal."""
