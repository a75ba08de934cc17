"""What can be seen of a block without any reference: families that run where equality failed.

They need no match between the student's weights and the paper's, so they say something even
where the weights cannot be told apart. Each holds for every right block in any style.
"""

import math
from dataclasses import replace

import numpy as np

from autograder.checks.challenge import Challenge, run_text
from autograder.checks.compare import distance
from autograder.checks.promise import expect, promise
from autograder.checks.subject import Subject
from autograder.course.tasks import Sample
from autograder.observe.frames import Array
from autograder.observe.protocol import Outcome, Place

TOUCH = 8.0  # several times what the input varies by
MOVED = {"float64": 1e-6, "float32": 1e-3}  # relative: below this nothing has changed


@promise(after="output_shape", kinds=("block",), needs="reach")
def test_receptive_field(subject: Subject) -> None:
    """One pixel of the input reaches as many pixels of the output of {symbol} as promised."""
    if subject.proved:
        return
    reach = subject.symbol.reach
    assert reach is not None
    for sample in subject.symbol.samples:
        radius, step = reach.of(sample.args)
        if step > 1 and isinstance(reach.step, str):
            continue  # where a stride is, it depends on which pixel
        quiet = _run(subject, subject.challenge(sample)).output
        moved = np.zeros(quiet.shape, bool)
        for touch in (TOUCH, -TOUCH):
            loud = _run(subject, replace(subject.challenge(sample), touch=touch)).output
            least = MOVED[subject.dtype] * max(1.0, float(np.abs(quiet).max()))
            moved |= np.abs(loud - quiet) > least
        got = "x".join(str(_span(moved, axis)) for axis in (2, 3))
        spans = (_expected(sample.input[axis], radius, step) for axis in (2, 3))
        expected = "x".join(map(str, spans))
        call = run_text(subject.symbol.name, sample.args, sample.input)
        expect(got == expected, "probe.reach", call=call, got=got, expected=expected)


def _span(moved: Array, axis: int) -> int:
    """The length of the smallest interval that holds all that moved."""
    others = tuple(n for n in range(moved.ndim) if n != axis)
    where = np.flatnonzero(moved.any(axis=others))
    return int(where[-1] - where[0] + 1) if where.size else 0


def _expected(size: int, radius: int, step: int) -> int:
    middle = size // 2
    last = size // step - 1
    return min((middle + radius) // step, last) - max(middle - radius, 0) // step + 1


@promise(after="output_shape", kinds=("block",), needs="shortcut")
def test_shortcut_brings_the_input(subject: Subject) -> None:
    """With all weights zero {symbol} returns ReLU of its input: the shortcut brings it."""
    sample = subject.symbol.samples[0]
    if subject.proved:
        return
    weights = subject.description(sample).weights
    silent = {w.name: Place(-1, "one" if w.buffer else "zero") for w in weights}
    challenge = subject.challenge(sample)
    got = subject.student.outcome(subject.symbol, challenge, silent).output
    expected = np.maximum(challenge.input(), 0)
    call = run_text(subject.symbol.name, sample.args, sample.input)
    # A weight divided by its own norm is no number at zero.
    brought = not np.isfinite(got).all() or distance(got, expected) < 1e-4
    expect(brought, "probe.not_the_input", call=call)


@promise(after="output_shape", kinds=("block",), needs="keeps_input")
def test_input_comes_first(subject: Subject) -> None:
    """The first maps that {symbol} returns are its input."""
    if subject.proved:
        return
    for sample in subject.symbol.samples:
        challenge = subject.challenge(sample)
        first = _run(subject, challenge).output[:, : sample.input[1]]
        call = run_text(subject.symbol.name, sample.args, sample.input)
        same = distance(first, challenge.input()) < 1e-4
        expect(same, "probe.input_not_first", call=call)


@promise(after="output_shape", kinds=("block",), needs="reach")
def test_moves_with_the_picture(subject: Subject) -> None:
    """What {symbol} sees does not depend on where in the picture it is."""
    if subject.proved:
        return
    reach = subject.symbol.reach
    assert reach is not None
    for sample in subject.symbol.samples[:1]:
        radius, step = reach.of(sample.args)
        challenge = subject.challenge(sample)
        still = _run(subject, challenge).output
        moved = _run(subject, replace(challenge, roll=step)).output
        # Rows that see neither the edge nor the row that came around it.
        edge = -(-radius // step) + 1
        inside = slice(edge, still.shape[2] - edge)
        alike = distance(moved[:, :, 1:][:, :, inside], still[:, :, :-1][:, :, inside]) < 1e-4
        call = run_text(subject.symbol.name, sample.args, sample.input)
        expect(alike or inside.stop <= inside.start, "probe.place_matters", call=call, step=step)


@promise(after="output_shape", kinds=("large",))
def test_dropout_works(subject: Subject) -> None:
    """Dropout in {symbol} works in train mode, as strongly as the argument says."""
    sample = subject.symbol.samples[0]
    evaluated = subject.challenge(subject.symbol.samples[-1])
    if subject.difference(evaluated) is not None:
        return  # something else is wrong, and a large network takes long
    if subject.difference(subject.challenge(sample, "train", backward=True)) is None:
        return
    call = run_text(subject.symbol.name, sample.args, sample.input)
    one = _run(subject, subject.challenge(sample, "train")).output
    other = _run(subject, replace(subject.challenge(sample, "train"), repeat=1)).output
    expect(distance(one, other) > 1e-4, "probe.no_dropout", call=call)
    quiet = replace(sample, args=sample.args | {"dropout": 0.0})
    one = _run(subject, subject.challenge(quiet, "train")).output
    other = _run(subject, replace(subject.challenge(quiet, "train"), repeat=1)).output
    call = run_text(subject.symbol.name, quiet.args, quiet.input)
    expect(distance(one, other) < 1e-4, "probe.dropout_always", call=call)


def _run(subject: Subject, challenge: Challenge) -> Outcome:
    outcome = subject.run(challenge)
    finite = bool(np.isfinite(outcome.output).all())
    sample = Sample(challenge.args, challenge.shape)
    call = run_text(challenge.symbol, sample.args, sample.input)
    expect(finite and math.prod(outcome.shape) > 0, "probe.not_finite", call=call)
    return outcome
