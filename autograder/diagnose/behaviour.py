"""What a symbol does when it is asked everything: the same questions to a student, to the
reference and to a typical mistake, and where two of them differ.

Kinds of difference: "structure" (shapes and numbers of parameters), "function" (outputs,
gradients, running statistics, errors), "counts" (parameters of the depths that are only
counted), "refusal" (the ValueErrors).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from autograder.checks import gradients
from autograder.checks.challenge import Challenge
from autograder.checks.compare import difference
from autograder.checks.recorded import SEED
from autograder.course.tasks import Symbol
from autograder.diagnose.asking import KEPT, TELLING, WRITTEN, dtype_of, runs
from autograder.model import clean
from autograder.observe.match import Match, matches
from autograder.observe.protocol import Description, Fault, Outcome, Place, Returned, count

Matching = Callable[[Description, Description], list[Match]]


class Behaviour(Protocol):
    """Answers, or the fault that came instead; refuses: whether all refused arguments were."""

    def describe(
        self, symbol: Symbol, args: dict[str, Any], shape: tuple[int, ...]
    ) -> Description | Fault: ...

    def outcome(
        self, symbol: Symbol, challenge: Challenge, where: dict[str, Place]
    ) -> Outcome | Fault: ...

    def call(self, function: str, args: list[Any]) -> Returned | Fault: ...

    def refuses(self, symbol: Symbol) -> bool: ...


def differences(
    symbol: Symbol,
    ours: Behaviour,
    theirs: Behaviour,
    kinds: tuple[str, ...] = ("structure", "function", "counts", "refusal"),
    dtype: str = "",
    matching: Matching = matches,
) -> Iterator[str]:
    """The kind of every difference, as far as it is asked for.

    theirs is compared in its own type; dtype is that of ours, where it is another.
    """
    if symbol.kind == "function":
        yield from _of_calls(symbol, ours, theirs)
        return
    if "refusal" in kinds and symbol.refused and ours.refuses(symbol) != theirs.refuses(symbol):
        yield "refusal"
    if "counts" in kinds:
        for args in symbol.counted:
            if _count(ours, symbol, args) != _count(theirs, symbol, args):
                yield "counts"
    if "structure" in kinds:
        yield from _of_modules(symbol, ours, theirs, dtype or dtype_of(symbol), matching)


def _count(of: Behaviour, symbol: Symbol, args: dict[str, Any]) -> int | None:
    found = of.describe(symbol, args, ())
    return None if isinstance(found, Fault) else count(found)


def _of_calls(symbol: Symbol, ours: Behaviour, theirs: Behaviour) -> Iterator[str]:
    for args in gradients.calls(symbol.name, SEED):
        got, wanted = ours.call(symbol.name, args), theirs.call(symbol.name, args)
        if isinstance(got, Fault) or isinstance(wanted, Fault):
            if not same_fault(got, wanted, exactly=False):
                yield "function"
        elif not _same_value(got.value, wanted.value) or got.model_changed != wanted.model_changed:
            yield "function"


def _same_value(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return (
            isinstance(got, dict)
            and list(got) == list(wanted)
            and all(_same_value(got[key], wanted[key]) for key in wanted)
        )
    numbers = (int, float, np.ndarray)
    if isinstance(got, numbers) and isinstance(wanted, numbers):
        got, wanted = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
        return got.size == wanted.size and bool(
            np.allclose(got.reshape(-1), wanted.reshape(-1), 1e-4, 1e-9, equal_nan=True)
        )
    return type(got) is type(wanted) and got == wanted


def _of_modules(
    symbol: Symbol, ours: Behaviour, theirs: Behaviour, dtype: str, matching: Matching
) -> Iterator[str]:
    described: dict[str, tuple[Description, Description]] = {}
    faults: list[tuple[Fault, Fault]] = []
    for sample in symbol.samples:
        got = ours.describe(symbol, sample.args, sample.input)
        wanted = theirs.describe(symbol, sample.args, sample.input)
        if isinstance(got, Fault) or isinstance(wanted, Fault):
            if not same_fault(got, wanted, exactly=False):
                yield "function"
            elif isinstance(got, Fault) and isinstance(wanted, Fault):
                faults.append((got, wanted))
        elif _shape(got) != _shape(wanted):
            yield "structure"
        elif got.hidden:
            continue  # layers that PyTorch does not see cannot be given weights
        else:
            described[str(sample.args)] = got, wanted
    if len(faults) == len(symbol.samples) and not all(same_fault(*f, True) for f in faults):
        yield "function"  # nothing else says that it is the same error
    for challenge in runs(symbol):
        pair = described.get(str(challenge.args))
        if pair and not _same_run(symbol, ours, theirs, challenge, dtype, matching(*pair)):
            yield "function"


def _shape(description: Description) -> tuple[list[int], int, bool]:
    return description.output, count(description), bool(description.hidden)


def _same_run(
    symbol: Symbol,
    ours: Behaviour,
    theirs: Behaviour,
    challenge: Challenge,
    dtype: str,
    candidates: list[Match],
) -> bool:
    """Whether one of the ways to match the weights makes both compute the same."""
    asked = replace(challenge, dtype=dtype)
    for match in candidates:
        got = ours.outcome(symbol, asked, match.student)
        wanted = theirs.outcome(symbol, challenge, match.reference)
        if isinstance(got, Fault) or isinstance(wanted, Fault):
            return same_fault(got, wanted, exactly=False)
        if (
            got.input_changed == wanted.input_changed
            and difference(got, wanted, match, dtype, KEPT, WRITTEN) is None
        ):
            return True
    return False


def same_fault(one: object, other: object, exactly: bool) -> bool:
    """Whether both are the same error; sizes in its text may be others, unless exactly.

    Which tensor is named first depends on how a sum is written.
    """
    if not isinstance(one, Fault) or not isinstance(other, Fault) or one.kind != other.kind:
        return False
    if one.kind not in TELLING:
        return False
    if _without_numbers(one.message) != _without_numbers(other.message):
        return False
    return not exactly or _numbers(one.message) == _numbers(other.message)


def _numbers(text: str) -> list[str]:
    return sorted(re.findall(r"\d+", text))


def _without_numbers(text: str) -> str:
    return re.sub(r"\d+|Double|Float", "", clean(text))
