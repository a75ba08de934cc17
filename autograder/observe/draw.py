"""Numbers drawn from a seed, equal in every process, with every version, on every machine.

NumPy's RandomState has a frozen stream; nothing here needs torch.
"""

import functools
import hashlib

import numpy as np

from autograder.observe.frames import Array

PERIOD = 65_537  # a prime: repeated, it gives every row of a weight matrix other numbers
LONG = 191 * 1024  # for very large tensors: whole pages of memory, so that they can be shared
LARGE = 10_000_000  # numbers of a very large tensor
POOL = 131_072  # where in a seed's numbers a tensor may start


def _digest(words: tuple[object, ...]) -> bytes:
    return hashlib.sha256("/".join(map(str, words)).encode()).digest()


def random_state(*words: object) -> np.random.RandomState:
    """A generator for a seed and the purpose of the numbers."""
    return np.random.RandomState(np.frombuffer(_digest(words), np.uint32))


@functools.lru_cache(maxsize=4)
def _pool(seed: str) -> tuple[Array, Array]:
    """A seed's normal and uniform numbers; every tensor takes a piece of them.

    Starting a generator costs more than running a small layer, so there is one for a seed.
    """
    random = random_state(seed, "pool")
    return random.standard_normal(POOL + PERIOD), random.uniform(size=POOL + PERIOD)


def pattern(seed: str, index: int | str, role: str, count: int) -> Array:
    """Draw the first numbers for one tensor as float64, at most one period of them.

    Roles: weight and projection are normal with variance 1; scale is 0.5 to 1.5, a quarter
    of them negative (so that pooling and BatchNorm cannot be swapped unseen); bias and mean
    are normal with standard deviation 0.3; var is 0.5 to 2; zero and one are constant.
    """
    period = LONG if count > LARGE else PERIOD
    size = min(count, period)
    if role in ("zero", "one"):
        return np.full(size, float(role == "one"))
    start = int.from_bytes(_digest((seed, index, role))[:8], "big") % (POOL + PERIOD - period)
    normal, uniform = (numbers[start : start + size] for numbers in _pool(seed))
    if role == "scale":
        return (0.5 + uniform) * np.where(normal < -0.6745, -1, 1)
    if role == "var":
        return 0.5 + 1.5 * uniform
    return 0.3 * normal if role in ("bias", "mean") else normal
