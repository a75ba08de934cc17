"""What is asked of both sides, and how a question is named to a learner."""

import json
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

import numpy as np

from autograder.checks.promise import Failed
from autograder.checks.trials import Trial
from autograder.course.tasks import Symbol
from autograder.model import Message, Value
from autograder.observe import protocol
from autograder.observe.draw import pattern, random_state
from autograder.observe.frames import Array
from autograder.observe.protocol import Description, Fault, Outcome, Place
from autograder.observe.sharp import LOUD


@dataclass(frozen=True)
class Challenge:
    """One run, stated so that both sides get the same numbers.

    repeat: draw other random numbers while running, with the same weights and input.
    """

    symbol: str
    args: dict[str, Any]
    shape: tuple[int, ...]
    seed: str
    dtype: str
    mode: str = "eval"
    backward: bool = False
    rows: tuple[int, int] | None = None
    touch: float = 0.0
    roll: int = 0
    repeat: int = 0

    def input(self) -> Array:
        """Draw the input.

        rows selects some items of the batch, touch is added to the pixel in the middle, roll
        moves the picture down, around the edge.
        """
        random = random_state(self.seed, "input", self.shape)
        x = random.standard_normal(self.shape)
        x = x if self.rows is None else x[slice(*self.rows)]
        if self.touch:
            x[..., self.shape[2] // 2, self.shape[3] // 2] += self.touch
        if self.roll:
            x = np.roll(x, self.roll, axis=2)
        return x if self.dtype == "float64" else x.astype(np.float32)

    def key(self) -> str:
        return json.dumps(vars(self))


@dataclass(frozen=True)
class Confirming(Challenge):
    """A pass of a trial that failed, asked again of a fresh instance at its full width.

    Weights are drawn so that they hide nothing, as in the trial, but are matched as ever.
    """

    gradients: str = "all"

    def input(self) -> Array:
        """Draw the input of the pass."""
        name = f"input {list(self.shape)}"
        numbers = pattern(self.seed, name, "weight", prod(self.shape))
        x = LOUD * np.resize(numbers, self.shape)
        return x if self.dtype == "float64" else x.astype(np.float32)


class Reference(Protocol):
    """Right answers: from a worker that runs the solution, or from a recording."""

    def describe(
        self, symbol: Symbol, args: dict[str, Any], shape: tuple[int, ...]
    ) -> Description: ...

    def outcome(self, symbol: Symbol, challenge: Challenge, where: dict[str, Place]) -> Outcome: ...

    def tried(self, trial: Trial) -> protocol.Tried | None:
        """None where this reference was never tried, as that of a recorded mistake."""

    def call(self, function: str, args: list[Any]) -> protocol.Returned: ...


class NoAnswer(Exception):
    """The worker reported a fault instead of an answer."""

    def __init__(self, fault: Fault, call: str) -> None:
        super().__init__(fault.kind, call)
        self.fault = fault
        self.call = call

    @property
    def at(self) -> str:
        """The line of the student's file, in brackets, or nothing."""
        if not self.fault.file:
            return ""
        line = f":{self.fault.line}" if self.fault.line else ""
        return f" ({self.fault.file}{line})"

    def failed(self) -> Failed:
        """The failure a learner reads, with the line of their own file."""
        fault = self.fault
        values: dict[str, Value] = {"call": self.call, "text": fault.message}
        values |= {"file": fault.file, "line": fault.line, "at": self.at}
        return Failed(Message(f"fault.{fault.kind}", values))


class GaveUp(Exception):
    """Too many workers died; the rest of the task is not run."""


def call_text(name: str, args: dict[str, Any]) -> str:
    """The call as a learner would write it."""
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in args.items())})"


def run_text(name: str, args: dict[str, Any], shape: tuple[int, ...] | list[int]) -> str:
    """The call of a module on an input of a shape; (…) is the shape of the input."""
    if not shape:
        return call_text(name, args)
    return f"{call_text(name, args)}(x{shape_text(shape)})"


def shape_text(shape: tuple[int, ...] | list[int]) -> str:
    return f"[{'x'.join(map(str, shape))}]"
