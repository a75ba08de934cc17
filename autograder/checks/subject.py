"""What a check talks to: one symbol of the student beside the reference's."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import Any

from autograder.checks.compare import KEPT, Difference, difference
from autograder.checks.promise import expect
from autograder.checks.witness import (
    Challenge,
    NoAnswer,
    Reference,
    Witness,
    call_text,
    run_text,
    shape_text,
)
from autograder.homework import Homework
from autograder.observe.draw import random_state
from autograder.observe.match import Match, places
from autograder.observe.protocol import Description, Outcome, Place
from autograder.tasks import Sample, Symbol, Task


class Subject:
    """One symbol of the student, and the reference's beside it.

    references: the solution, and the variants the task accepts as well; none for a task of
    the student's own design. homework: the files to score, where there are any.
    """

    def __init__(
        self,
        task: Task,
        symbol: Symbol,
        student: Witness,
        references: list[Reference],
        seed: str,
        homework: Homework | None = None,
        kept: int = KEPT,
        least: float = 0.0,
    ) -> None:
        self.task = task
        self.symbol = symbol
        self.student = student
        self.references = references
        self.seed = seed[:15]
        self.homework = homework
        self._written = kept, least

    @property
    def reference(self) -> Reference:
        return self.references[0]

    @cached_property
    def dtype(self) -> str:
        """The type numbers are compared in: float64, unless the student's code cannot."""
        if self.symbol.kind == "large":
            return "float32"
        sample = self.symbol.samples[0]
        try:
            challenge = self.challenge(sample, backward=True, dtype="float64")
            self.student.outcome(self.symbol, challenge, self.where(sample))
        except NoAnswer as error:
            if error.fault.kind in ("error", "value"):
                return "float32"
        return "float64"

    @cached_property
    def proved(self) -> bool:
        """Whether all samples compute what the reference computes, gradients included.

        Then much else follows, and need not be asked: the reference treats batch items on their
        own, its parameters learn, its modes differ.
        """
        try:
            return all(
                self.difference(self.challenge(sample, mode, backward=True)) is None
                for sample in self.symbol.samples
                for mode in ("eval", "train")
            )
        except NoAnswer:
            return False

    def challenge(
        self,
        sample: Sample,
        mode: str = "eval",
        backward: bool = False,
        dtype: str = "",
        rows: tuple[int, int] | None = None,
    ) -> Challenge:
        return Challenge(
            self.symbol.name,
            sample.args,
            sample.input,
            self.seed,
            dtype or self.dtype,
            mode,
            backward,
            rows,
        )

    def resized(self, sample: Sample) -> Iterator[Sample]:
        """The sample at its own size; the first one at sizes drawn from the seed, too: a batch of
        one, and odd ones."""
        yield sample
        if self.symbol.kind == "large" or sample != self.symbol.samples[0]:
            return
        random = random_state(self.seed, "sizes", sample.input)
        if self.symbol.kind == "network":
            size = (int(n) * 16 for n in random.randint(2, 6, 2))
            yield replace(sample, input=(1, sample.input[1], *size))
            return
        for batch, odd in ((1, 0), (int(random.randint(2, 4)), 1)):
            size = (int(n) * 2 + odd for n in random.randint(3, 7, 2))
            yield replace(sample, input=(batch, sample.input[1], *size))

    def description(self, sample: Sample) -> Description:
        return self.student.describe(self.symbol, sample.args, sample.input)

    def expected(self, sample: Sample) -> Description:
        """How the reference uses its weights."""
        return self.reference.describe(self.symbol, sample.args, sample.input)

    def run(self, challenge: Challenge, fresh: bool = False) -> Outcome:
        """The student's outcome, with the reference's weights where they can be matched."""
        sample = Sample(challenge.args, challenge.shape)
        outcome = self.student.outcome(self.symbol, challenge, self.where(sample), fresh)
        expected = self.description(sample).output
        expect(
            len(outcome.shape) == len(expected) and outcome.shape[1:] == expected[1:],
            "shape.wrong",
            call=run_text(challenge.symbol, challenge.args, challenge.shape),
            got=shape_text(outcome.shape),
            expected=shape_text(expected),
        )
        return outcome

    def where(self, sample: Sample) -> dict[str, Place]:
        """Which of the reference's weights the student's weights get, if that can be told."""
        found = self.matches(sample, self.reference)
        return found[0].student if found else {}

    def right(self, challenge: Challenge) -> Outcome:
        """The reference's outcome."""
        sample = Sample(challenge.args, challenge.shape)
        return self.reference.outcome(self.symbol, challenge, places(self.expected(sample)))

    def matches(self, sample: Sample, reference: Reference) -> list[Match]:
        """Which weights correspond; the first match is the most likely."""
        wanted = reference.describe(self.symbol, sample.args, sample.input)
        return self.student.matches(self.description(sample), wanted)

    def difference(self, challenge: Challenge) -> Difference | None:
        """None if the student computes what the reference or an accepted variant computes.

        Where several matches are possible each is tried; the smallest difference is told.
        """
        sample = Sample(challenge.args, challenge.shape)
        closest: Difference | None = None
        for reference in self.references:
            candidates = self.matches(sample, reference)
            # A large network takes seconds, and has no two branches to confuse.
            for match in candidates[:1] if self.symbol.kind == "large" else candidates:
                with ThreadPoolExecutor(1) as pool:  # two processes, at the same time
                    asked = pool.submit(reference.outcome, self.symbol, challenge, match.reference)
                    got = self.student.outcome(self.symbol, challenge, match.student)
                    right = asked.result()
                found = difference(got, right, match, challenge.dtype, *self._written)
                if found is None:
                    return None
                if closest is None or found.error < closest.error:
                    closest = found
        return closest or Difference("weights", float("inf"))

    def text(self, args: dict[str, Any]) -> str:
        return call_text(self.symbol.name, args)
