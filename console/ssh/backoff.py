"""How long to wait before each new attempt to reach a node."""

import random
from collections.abc import Iterator


def delays(first: float = 1.0, longest: float = 30.0, source: random.Random | None = None) -> Iterator[float]:
    """Seconds to wait, doubling from `first` to `longest`, each shortened by up to half at random.

    The jitter keeps many consoles from returning to a rebooted node at the same instant.
    """
    jitter = source or random.SystemRandom()
    delay = first
    while True:
        yield delay * (1 - jitter.random() / 2)
        delay = min(longest, delay * 2)
