"""How large a fault test runs, and from which seed: `make chaos` sets both, a test run takes the small size."""

from __future__ import annotations

import os
import random
from typing import TypeVar

T = TypeVar("T")

FULL = os.environ.get("CHAOS") == "full"
SEED = int(os.environ.get("CHAOS_SEED", "20260302"))


def sized(small: T, full: T) -> T:
    """The size of this run."""
    return full if FULL else small


def dice(name: str) -> random.Random:
    """Chance for one test, the same again for the same seed."""
    return random.Random(f"{SEED}-{name}")
