"""Whether two answers to one question are the same, but for what machines round differently."""

import json
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from autograder.checks.compare import TOLERANCE, difference
from autograder.checks.recorded import Recorded
from autograder.diagnose.asking import KEPT, WRITTEN
from autograder.diagnose.behaviour import same_fault
from autograder.observe.frames import Array
from autograder.observe.match import Match
from autograder.observe.protocol import Description, Fault, Outcome, Place, Returned, Tried

ALIKE = 1e-6  # relative, of a number that a function returned


def same_answers(old: Recorded, made: Recorded) -> bool:
    """Whether two recordings answer the same questions in the same way."""
    return old.keys() == made.keys() and all(same(key, old[key], made[key]) for key in made)


def same(key: str, old: object, made: object) -> bool:
    """Whether two answers to a question are the same, but for rounding."""
    if isinstance(old, Fault) or isinstance(made, Fault):
        return same_fault(old, made, exactly=False)
    if isinstance(old, Description) and isinstance(made, Description):
        return _anonymous(old) == _anonymous(made)
    if isinstance(old, Outcome) and isinstance(made, Outcome):
        return _same_outcome(json.loads(json.loads(key)[1])["dtype"], old, made)
    if isinstance(old, Tried) and isinstance(made, Tried):
        dtype = json.loads(json.loads(key)[1])["dtype"]
        return (
            old.keys == made.keys
            and _anonymous(old.description) == _anonymous(made.description)
            and len(old.outcomes) == len(made.outcomes)
            and all(map(partial(_same_outcome, dtype), old.outcomes, made.outcomes))
        )
    if isinstance(old, Returned) and isinstance(made, Returned):
        return replace(old, value=None) == replace(made, value=None) and _same_value(
            old.value, made.value
        )
    return old == made


def _anonymous(description: Description) -> Description:
    """Without what tells one tensor in memory from another."""
    return replace(
        description, weights=[replace(weight, identity=0) for weight in description.weights]
    )


def _same_outcome(dtype: str, old: Outcome, made: Outcome) -> bool:
    facts = (
        [getattr(one, name) for name in ("shape", "dtype", "input_changed")]
        + [sorted(one.gradients), sorted(one.buffers), one.input_gradient is None]
        for one in (old, made)
    )
    if next(facts) != next(facts):
        return False
    if not all(map(np.array_equal, _infinite(old), _infinite(made))):
        return False
    old, made = _without_infinite(old), _without_infinite(made)
    names = {name: Place(index, "any") for index, name in enumerate([*old.gradients, *old.buffers])}
    least = WRITTEN if old.output.size <= KEPT else 0.0
    kept = max(old.output.size, 1)
    assert dtype in TOLERANCE
    return difference(made, old, Match(names, names), dtype, kept, least) is None


def _arrays(outcome: Outcome) -> list[Array]:
    reached = outcome.input_gradient
    return [outcome.output, *([] if reached is None else [reached])]


def _infinite(outcome: Outcome) -> list[Array]:
    """Where its numbers are none: they compare to nothing."""
    return [~np.isfinite(array) for array in _arrays(outcome)]


def _without_infinite(outcome: Outcome) -> Outcome:
    output, *reached = (np.where(np.isfinite(one), one, 0) for one in _arrays(outcome))
    return replace(outcome, output=output, input_gradient=reached[0] if reached else None)


def _same_value(old: Any, made: Any) -> bool:
    if isinstance(old, dict) and isinstance(made, dict):
        return list(old) == list(made) and all(_same_value(old[key], made[key]) for key in old)
    if isinstance(old, (float, np.ndarray)) and isinstance(made, type(old)):
        return np.shape(old) == np.shape(made) and bool(
            np.allclose(made, old, ALIKE, 1e-12, equal_nan=True)
        )
    return type(old) is type(made) and bool(old == made)
