"""How far two answers are apart, and how far they may be: the one place for tolerances."""

import math
from dataclasses import dataclass

import numpy as np

from autograder.observe.frames import Array
from autograder.observe.match import Match
from autograder.observe.protocol import Outcome, Place, Trace

# Relative to the size of the right answer. Right implementations differ by the order of their
# sums: about 1e-13 in float64, 1e-5 in float32 through a deep network.
TOLERANCE = {"float64": 1e-7, "float32": 2e-3, "bfloat16": 0.2}
KEPT = 1000  # numbers of a tensor that a recording holds


#: What is compared, in this order; "weights" where none correspond.
COMPARED = ("weights", "output", "statistics", "input_gradient", "gradient")


@dataclass(frozen=True)
class Difference:
    """The first thing of COMPARED that differs."""

    what: str
    error: float
    name: str = ""

    @property
    def rank(self) -> tuple[int, float]:
        """Less for what is nearer to the right answer."""
        return -COMPARED.index(self.what), self.error


def thin(array: Array, kept: int = KEPT) -> Array:
    """At most so many numbers, evenly spread."""
    flat = array.reshape(-1)
    return flat[:: max(1, -(-flat.size // kept))]


def distance(got: Array, expected: Array) -> float:
    """Largest difference relative to the root mean square of the right answer."""
    if got.size != expected.size:
        return math.inf
    if not got.size:
        return 0.0
    got, expected = got.astype(np.float64), expected.astype(np.float64)
    with np.errstate(all="ignore"):
        gap = float(np.max(np.abs(got - expected)))
        size = math.sqrt(float(np.mean(expected * expected)))
    if not math.isfinite(gap):
        return math.inf
    return gap / max(size, 1e-12)


def difference(
    got: Outcome,
    expected: Outcome,
    match: Match,
    dtype: str,
    kept: int = KEPT,
    least: float = 0.0,
) -> Difference | None:
    """Compare output, gradients and running statistics; None where all agree.

    kept: numbers of a tensor that are compared, where not all were written down; least: what
    writing them down may have changed.
    """
    allowed = max(TOLERANCE[dtype], least)
    error = distance(*_as_written(got.output, expected.output, kept))
    if got.shape != expected.shape or not error <= allowed:
        return Difference("output", error)
    found = _traces(got.buffers, expected.buffers, match)
    if found is not None and not found[0] <= allowed:
        return Difference("statistics", *found)
    # In float32 some of a million elements sit at a kink of ReLU or max pooling and take the
    # other slope: right code that sums in another order was seen to differ by 0.03.
    allowed *= 1 if dtype == "float64" else 50
    if expected.input_gradient is not None:
        ours = got.input_gradient
        error = math.inf
        if ours is not None:
            error = _norm_distance(*_as_written(ours, expected.input_gradient, kept))
        if not error <= allowed:
            return Difference("input_gradient", error)
    found = _traces(got.gradients, expected.gradients, match)
    if found is not None and not found[0] <= allowed:
        return Difference("gradient", *found)
    return None


def _as_written(got: Array, expected: Array, kept: int) -> tuple[Array, Array]:
    """Both arrays whole, or with the numbers that were written down of one."""
    if got.size == expected.size:
        return got.reshape(-1), expected.reshape(-1)
    return thin(got, kept), thin(expected, kept)


def trial_difference(
    got: Outcome, expected: Outcome, dtype: str, kept: int = KEPT, least: float = 0.0
) -> Difference | None:
    """Compare two outcomes of a pass of a trial: the keys of the weights are the same.

    Of running statistics they hold those that the pass moved.
    """
    if got.buffers.keys() != expected.buffers.keys():
        return Difference("statistics", math.inf)
    keys = [*expected.gradients, *expected.buffers]
    places = {key: Place(number, "weight") for number, key in enumerate(dict.fromkeys(keys))}
    return difference(got, expected, Match(places, places), dtype, kept, least)


def _norm_distance(got: Array, expected: Array) -> float:
    if got.size != expected.size or not np.all(np.isfinite(got)):
        return math.inf
    gap = float(np.linalg.norm(got.astype(np.float64) - expected))
    return gap / max(float(np.linalg.norm(expected)), 1e-12)


def _traces(
    got: dict[str, Trace], expected: dict[str, Trace], match: Match
) -> tuple[float, str] | None:
    """The largest error over the matched tensors, and the student's name of that tensor."""
    right = {
        match.reference[name].index: trace
        for name, trace in expected.items()
        if name in match.reference and match.reference[name].role != "zero"
    }
    largest = max((t.norm for t in right.values() if math.isfinite(t.norm)), default=0.0)
    worst: tuple[float, str] | None = None
    for name, place in match.student.items():
        if place.index not in right or place.role == "zero":
            continue
        wanted = right[place.index]
        ours = got.get(name, Trace(0.0, 0.0))
        size = max(wanted.norm, 1e-2 * largest, 1e-12)
        gap = max(abs(ours.norm - wanted.norm), abs(ours.projection - wanted.projection))
        error = gap / size if math.isfinite(gap) else math.inf
        if worst is None or error > worst[0]:
            worst = (error, name)
    return worst
