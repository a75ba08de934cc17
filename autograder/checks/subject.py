"""What a check talks to: one symbol of the student beside the reference's."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from autograder.checks.answers import Answers
from autograder.checks.challenge import (
    Challenge,
    Confirming,
    NoAnswer,
    Reference,
    call_text,
    run_text,
    shape_text,
)
from autograder.checks.compare import KEPT, Difference, difference, distance, trial_difference
from autograder.checks.promise import expect
from autograder.checks.trials import Trial, planned_trials
from autograder.course.tasks import Sample, Symbol, Task
from autograder.observe.draw import random_state
from autograder.observe.match import Match, places
from autograder.observe.protocol import CLIENT_FAULTS, Description, Outcome, Place, Tried, count
from autograder.submission.homework import Homework


class Subject:
    """One symbol of the student, and the reference's beside it.

    references: the solution, and the variants the task accepts as well; none for a task of
    the student's own design. homework: the files to score, where there are any. thorough:
    everything is asked at full width, as if no trial had been right.
    """

    def __init__(
        self,
        task: Task,
        symbol: Symbol,
        student: Answers,
        references: list[Reference],
        seed: str,
        homework: Homework | None = None,
        kept: int = KEPT,
        least: float = 0.0,
        thorough: bool = False,
    ) -> None:
        self.task = task
        self.symbol = symbol
        self.student = student
        self.references = references
        self.seed = seed[:15]
        self.homework = homework
        self.thorough = thorough
        self._written = kept, least
        #: Whether dropout written by hand is right, by the trial that it was seen in.
        self.dropout: dict[str, bool] = {}
        self._unequal: dict[str, tuple[int, ...]] = {}

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
    def trials(self) -> tuple[Trial, ...]:
        """What it is run with and compared; nothing where there is no reference."""
        symbol = self.symbol
        return planned_trials(symbol, self.seed) if self.references and symbol.trials else ()

    @cached_property
    def proved(self) -> bool:
        """Whether everything of the main trials is as the reference's.

        Then much follows, and need not be asked at full width: the reference treats batch items on
        their own, its parameters learn, its modes differ.
        """
        return not self.thorough and all(self.sound(t) for t in self.trials if t.main)

    def sound(self, trial: Trial) -> bool:
        """Whether every pass, weight and buffer of a trial is as it must be."""
        tried = self.tried(trial)
        if tried is None or self.unequal(trial):
            return False
        right = self._fitting(trial)
        if right is not None and count(tried.description) != count(right.description):
            return False
        own = [weight for weight in tried.description.weights if "@" not in weight.name]
        return (
            all(weight.learns and weight.order >= 0 for weight in own if not weight.buffer)
            and not tried.shared
            and not tried.description.foreign
            and not any(outcome.input_changed for outcome in tried.outcomes)
            and all(map(self._is_cast, trial.casts, tried.casts))
            and (not trial.twin or self.keeps_state(tried))
        )

    @staticmethod
    def _is_cast(dtype: str, outcome: Outcome) -> bool:
        """Whether what a trial gave in another type is of that type, and finite."""
        return outcome.dtype == dtype and bool(np.isfinite(outcome.output).all())

    @staticmethod
    def keeps_state(tried: Tried) -> bool:
        """Whether the state_dict holds all of an instance."""
        reloaded = tried.reloaded
        return reloaded is not None and distance(reloaded.output, tried.outcomes[0].output) < 1e-6

    def tried(self, trial: Trial) -> Tried | None:
        """What a trial of the student's symbol gave, if it gave anything.

        Raises:
            NoAnswer: it ended the worker; another try would end another one.
        """
        try:
            return self.student.tried(trial)
        except NoAnswer as error:
            if error.fault.kind in CLIENT_FAULTS:
                raise
            return None

    def unequal(self, trial: Trial) -> tuple[int, ...]:
        """The numbers of the passes that are not as those of the fitting reference."""
        if trial.key not in self._unequal:
            self._unequal[trial.key] = min(
                (self._unlike(trial, right) for right in self.references), key=len
            )
        return self._unequal[trial.key]

    def _unlike(self, trial: Trial, reference: Reference) -> tuple[int, ...]:
        tried = None if self.thorough else self.tried(trial)
        try:
            right = reference.tried(trial)
        except NoAnswer:  # the solution with a mistake in it
            right = tried = None
        if tried is None:
            return tuple(range(len(trial.passes)))
        if right is None:
            return ()  # a recorded mistake, which was compared otherwise
        pairs = enumerate(zip(tried.outcomes, right.outcomes, strict=True))
        return tuple(
            number
            for number, (got, wanted) in pairs
            if trial_difference(got, wanted, trial.dtype, *self._written) is not None
        )

    def _fitting(self, trial: Trial) -> Tried | None:
        """What the reference gave that a trial agrees with."""
        for reference in self.references:
            if not self._unlike(trial, reference):
                return reference.tried(trial)
        return None

    def gap(self, trial: Trial, number: int) -> Difference | None:
        """How a pass of a trial differs, at full width and on a fresh instance too; else None.

        Raises:
            NoAnswer: there the student's code raised.
        """
        if number not in self.unequal(trial):
            return None
        one = trial.passes[number]
        backward = one.gradients in ("all", "weights")
        challenge = Confirming(
            self.symbol.name,
            trial.args,
            tuple(one.shape),
            self.seed,
            self.dtype,
            one.mode,
            backward,
            gradients=one.gradients,
        )
        return self.difference(challenge, Sample(trial.args, tuple(trial.passes[0].shape)))

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

    def difference(self, challenge: Challenge, sample: Sample | None = None) -> Difference | None:
        """None if the student computes what the reference or an accepted variant computes.

        Where several matches are possible each is tried; the difference that is found last is told,
        of several the smallest. sample: what the weights are matched by, if not by the challenge.
        """
        sample = sample or Sample(challenge.args, challenge.shape)
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
                if closest is None or found.rank < closest.rank:
                    closest = found
        return closest or Difference("weights", float("inf"))

    def text(self, args: dict[str, Any]) -> str:
        return call_text(self.symbol.name, args)
