"""Runs on the board: time and memory of RSA. The host adds a line that prints."""

import gc
import time


class Search:
    """Generate one key of *bits* with the random numbers of *seed*, and measure it."""

    def __init__(self, bits, seed):
        from boardcert import rsa, rsa_generate
        from boardcert.ecdsa import HMACDRBG

        self.tested = {}
        self.largest_gap_us = 0
        random = HMACDRBG(b"boardcert bench %d" % seed + bytes(48)).generate
        gc.collect()
        before = gc.mem_alloc()
        start = time.ticks_ms()
        self.key = self.drive(rsa_generate.generate_steps(bits, random, self.report))
        self.seconds = time.ticks_diff(time.ticks_ms(), start) / 1000
        generation_gap_us, self.largest_gap_us = self.largest_gap_us, 0
        start = time.ticks_us()
        signature = self.drive(self.key.sign_steps(b"message", random))
        signed = time.ticks_us()
        self.key.check(b"message", signature, random)
        checked = time.ticks_us()
        stored = rsa.RSAPrivateKey.from_der(self.key.to_der())
        self.figures = {
            "seconds": self.seconds,
            "candidates_tested": sum(self.tested.values()),
            "largest_gap_ms": generation_gap_us / 1000,
            "sign_ms": time.ticks_diff(signed, start) / 1000,
            "sign_gap_ms": self.largest_gap_us / 1000,
            "check_ms": time.ticks_diff(checked, signed) / 1000,
            "store_and_load_ms": time.ticks_diff(time.ticks_us(), checked) / 1000,
        }
        gc.collect()
        self.figures["key_heap_bytes"] = gc.mem_alloc() - before
        if stored.to_der() != self.key.to_der():
            raise RuntimeError("the key did not read back")

    def report(self, sentence):
        """Count the candidates: "first prime: 3 candidates tested"."""
        words = sentence.split()
        if words[-1] == "tested":
            self.tested[words[0]] = int(words[2])

    def drive(self, steps):
        """Take all *steps*, noting the longest."""
        start = time.ticks_us()
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value
            finally:
                now = time.ticks_us()
                self.largest_gap_us = max(self.largest_gap_us, time.ticks_diff(now, start))
                start = now


def search(bits, seed):
    """Return the figures of one key."""
    return Search(bits, seed).figures
