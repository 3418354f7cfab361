"""Noise from the chip, its health tests, and the generator that it seeds."""
