"""Everything that a typical mistake is asked, and what is kept of its answers.

The catalogue holds the answers of the solution with each mistake in it, for one fixed seed and
reduced to a few numbers of each tensor. A student's symbol is asked the same.
"""

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.checks import gradients
from autograder.checks.challenge import Challenge, NoAnswer
from autograder.checks.compare import thin
from autograder.checks.recorded import SEED, digestible, recording_key
from autograder.course.tasks import Sample, Symbol
from autograder.observe.frames import Array
from autograder.observe.match import places
from autograder.observe.protocol import (
    Description,
    Done,
    Fault,
    Outcome,
    Place,
    Returned,
    Weight,
    count,
)

KEPT = 32  # numbers of a tensor that an entry of the catalogue keeps
WRITTEN = 1e-5  # what writing numbers down in float32 may change
TRACED = 16  # weights of a network whose gradients are kept
TELLING = ("error", "value", "signature")  # faults that are part of a behaviour


def runs(symbol: Symbol) -> Iterator[Challenge]:
    """Every run that is compared; a large network is run twice."""
    samples = symbol.samples
    if symbol.kind == "large":
        yield _challenge(symbol, samples[-1], "eval", False)
        yield _challenge(symbol, samples[0], "train", True)
        return
    for sample in samples:
        yield _challenge(symbol, sample, "eval", True)
        yield _challenge(symbol, sample, "train", True)


def _challenge(symbol: Symbol, sample: Sample, mode: str, backward: bool) -> Challenge:
    return Challenge(symbol.name, sample.args, sample.input, SEED, dtype_of(symbol), mode, backward)


def dtype_of(symbol: Symbol) -> str:
    """The type in which answers of the catalogue are written down."""
    return "float32" if symbol.kind == "large" else "float64"


def everything(symbol: Symbol, asked: "Asked", whole: bool) -> dict[str, Any]:
    """Every answer by its question.

    whole: the symbol itself was changed; else only something that it is built from.
    """
    found: dict[str, Any] = {}
    if symbol.kind == "function":
        for args in gradients.calls(symbol.name, SEED):
            key = recording_key("call", [symbol.name, digestible(args)])
            found[key] = asked.call(symbol.name, args)
        return found
    for sample in symbol.samples:
        key = recording_key("describe", [symbol.name, sample.args, sample.input])
        found[key] = short(asked.describe(symbol, sample.args, sample.input))
    for counts in symbol.counted:
        described = asked.describe(symbol, counts, ())
        found[recording_key("describe", [symbol.name, counts, ()])] = counted(described)
    if symbol.refused and asked.refuses(symbol):
        found[recording_key("refuses", symbol.name)] = Done()
    for challenge in runs(symbol):
        key = recording_key("describe", [symbol.name, challenge.args, challenge.shape])
        if isinstance(found[key], Fault) or found[key].hidden:
            continue  # layers that PyTorch does not see keep weights that nobody can set
        described = asked.describe(symbol, challenge.args, challenge.shape)
        assert isinstance(described, Description)
        outcome = asked.outcome(symbol, challenge, places(described))
        traced = traced_weights(symbol, described, whole)
        found[recording_key("outcome", challenge.key())] = reduced(outcome, traced)
    return found


def traced_weights(symbol: Symbol, described: Description, whole: bool) -> set[str]:
    """The weights whose traces are kept: all of a block, some of a network, none of what is
    only built from the symbol."""
    names = [w.name for w in described.weights]
    if whole and symbol.kind == "block":
        return set(names)
    matrices = [w.name for w in described.weights if w.role == "weight"]
    if symbol.plain:
        return set(matrices)
    step = -(-len(matrices) // TRACED)
    return set(matrices[::step] + names[-1:]) if whole else set()


def short(answer: Description | Fault) -> Description | Fault:
    """A description without what matching does not need."""
    if isinstance(answer, Fault):
        return answer
    weights = [replace(w, learns=True, identity=0) for w in answer.weights]
    return Description(weights, [], answer.output, [], answer.hidden)


def counted(answer: Description | Fault) -> Description | Fault:
    """A description of which only the number of parameters is left."""
    if isinstance(answer, Fault):
        return answer
    weight = Weight("all", [count(answer)], False, True, "weight", 0, "", False, 0)
    return Description([weight], [], [])


def reduced(answer: Outcome | Fault, traced: Collection[str]) -> Outcome | Fault:
    """A few numbers of each tensor, and the traces of some weights."""
    if isinstance(answer, Fault):
        return answer
    reached = answer.input_gradient
    return replace(
        answer,
        output=_few(answer.output),
        input_gradient=None if reached is None else _few(reached),
        gradients={n: _trace(t) for n, t in answer.gradients.items() if n in traced},
        buffers={n: _trace(t) for n, t in answer.buffers.items() if n in traced},
    )


def _few(array: Array) -> Array:
    with np.errstate(over="ignore"):
        return thin(array, KEPT).astype(np.float32)


def _trace(trace: Any) -> Any:
    return replace(trace, norm=_finite(trace.norm), projection=_finite(trace.projection))


def _finite(value: float) -> float:
    """A number with seven digits: more does not survive float32."""
    return float(f"{value:.7g}") if math.isfinite(value) else value


class Asked:
    """The behaviour of what can be asked: faults become answers."""

    def __init__(self, answers: Any, refused: bool | None = None) -> None:
        self._answers = answers
        self._refused = refused

    def describe(
        self, symbol: Symbol, args: dict[str, Any], shape: tuple[int, ...]
    ) -> Description | Fault:
        found: Description | Fault = _answer(self._answers.describe, symbol, args, shape)
        return found

    def outcome(
        self, symbol: Symbol, challenge: Challenge, where: dict[str, Place]
    ) -> Outcome | Fault:
        found: Outcome | Fault = _answer(self._answers.outcome, symbol, challenge, where)
        return found

    def call(self, function: str, args: list[Any]) -> Returned | Fault:
        found: Returned | Fault = _answer(self._answers.call, function, args)
        return found

    def refuses(self, symbol: Symbol) -> bool:
        """What a check has found already, else by asking."""
        if self._refused is not None:
            return self._refused
        return all(self._refusal(symbol, args) for args in symbol.refused)

    def _refusal(self, symbol: Symbol, args: dict[str, Any]) -> bool:
        try:
            self._answers.build(symbol, args, lean=True)
        except NoAnswer as error:
            return error.fault.kind == "value"
        return False


def _answer(ask: Callable[..., Any], *args: Any) -> Any:
    """An answer, or the fault that the student's code raised.

    Raises:
        NoAnswer: the worker died or time ran out, which tells no behaviour.
    """
    try:
        return ask(*args)
    except NoAnswer as error:
        if error.fault.kind not in TELLING:
            raise
        return error.fault
