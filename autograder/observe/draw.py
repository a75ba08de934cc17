"""Numbers drawn from a seed, equal in every process, with every version, on every machine.

NumPy's RandomState has a frozen stream; nothing here needs torch.
"""

import hashlib

import numpy as np

from autograder.observe.protocol import Array

PERIOD = 65_537  # a prime: repeated, it gives every row of a weight matrix other numbers


def random_state(*words: object) -> np.random.RandomState:
    """A generator for a seed and the purpose of the numbers."""
    digest = hashlib.sha256("/".join(map(str, words)).encode()).digest()
    return np.random.RandomState(np.frombuffer(digest, np.uint32))


def pattern(seed: str, index: int | str, role: str, count: int) -> Array:
    """Draw the first min(count, PERIOD) numbers for one tensor as float64.

    Roles: weight and projection are normal with variance 1; scale is 0.5 to 1.5, a quarter
    of them negative (so that pooling and BatchNorm cannot be swapped unseen); bias and mean
    are normal with standard deviation 0.3; var is 0.5 to 2; zero is zero.
    """
    random = random_state(seed, index, role)
    size = min(count, PERIOD)
    if role == "zero":
        return np.zeros(size)
    if role == "scale":
        return random.uniform(0.5, 1.5, size) * np.where(random.uniform(size=size) < 0.25, -1, 1)
    if role == "var":
        return random.uniform(0.5, 2.0, size)
    values = random.standard_normal(size)
    return values if role in ("weight", "projection") else 0.3 * values
