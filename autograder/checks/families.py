"""The promises every block and network keeps. They explain; the task's own checks score.

Each runs for every symbol of the kinds it names: block (small), network (run at small
input), large (AlexNet and VGG, run as seldom as possible).
"""

import math
from collections.abc import Callable

import numpy as np

from autograder.checks import dropout
from autograder.checks.answers import TWIN, Answers
from autograder.checks.challenge import Challenge, NoAnswer, run_text, shape_text
from autograder.checks.compare import distance
from autograder.checks.promise import Scored, expect, fail, promise
from autograder.checks.subject import Subject
from autograder.checks.trials import Trial
from autograder.course.tasks import Sample
from autograder.observe.frames import Array
from autograder.observe.protocol import count

MODULES = ("block", "network", "large")
SMALL = ("block", "network")

# What a scored check is made of: see the tasks' own files.
BUILT = (
    "own_work",
    "output_shape",
    "parameter_count",
    "every_parameter_learns",
    "input_gets_a_gradient",
    "other_dtypes",
    "survives_state_dict",
    "instances_share_nothing",
)
SOUND = ("own_work", "batch_items_are_independent", "keeps_its_input", "modes_differ")


@promise()
def test_loads(student: Answers) -> None:
    """The file loads."""
    student.open()
    if student.stopped is not None:
        raise Scored(0, student.stopped.id, **student.stopped.values)


@promise(after="loads", kinds=(*MODULES, "function", "own"))
def test_is_written(subject: Subject) -> None:
    """{symbol} is written."""
    if subject.symbol.kind == "function":
        return  # its own checks call it
    if subject.proved:
        return
    for sample in subject.symbol.samples:
        subject.description(sample)


@promise(after="is_written", kinds=MODULES)
def test_own_work(subject: Subject) -> None:
    """{symbol} is made of torch.nn and of your own classes."""
    if subject.proved:
        return
    for sample in subject.symbol.samples:
        foreign = subject.description(sample).foreign
        call = subject.text(sample.args)
        expect(not foreign, "provenance.ready_made", call=call, names=listed(foreign))


@promise(after="is_written", kinds=MODULES)
def test_output_shape(subject: Subject) -> None:
    """{symbol} returns a tensor of the promised shape."""
    if subject.proved:
        return
    for sample in subject.symbol.samples:
        for sized in subject.resized(sample):
            got = subject.description(sized).output
            expected = subject.expected(sized).output
            expect(
                got == expected,
                "shape.wrong",
                call=run_text(subject.symbol.name, sized.args, sized.input),
                got=shape_text(got),
                expected=shape_text(expected),
            )


@promise(after="is_written", kinds=MODULES)
def test_parameter_count(subject: Subject) -> None:
    """{symbol} has as many parameters as promised."""
    if subject.proved:
        return
    for sample in subject.symbol.samples:
        check_count(subject, sample)


def check_count(subject: Subject, sample: Sample) -> None:
    """Compare the number of parameters with the solution's and the accepted variants'."""
    shape = listing(subject, sample)
    counts = [
        count(reference.describe(subject.symbol, sample.args, shape))
        for reference in subject.references
    ]
    got = count(subject.student.describe(subject.symbol, sample.args, shape))
    if got not in counts:
        expected = counts[0]
        names, size = unused(subject, sample)
        if size and got - size in counts:
            call = subject.text(sample.args)
            fail("layers.unused", call=call, names=listed(names), got=got, expected=got - size)
        fail(
            "parameters.too_few" if got < expected else "parameters.too_many",
            call=subject.text(sample.args),
            got=got,
            expected=expected,
            gap=abs(got - expected),
        )


def unused(subject: Subject, sample: Sample) -> tuple[list[str], int]:
    """Parameters that no forward pass touches, and their size."""
    seen = subject.description(sample if sample.input else subject.symbol.samples[0])
    idle = [w for w in seen.weights if not w.buffer and w.order < 0 and "@" not in w.name]
    return [w.name for w in idle], sum(abs(math.prod(w.shape[:8])) for w in idle)


def listing(subject: Subject, sample: Sample) -> tuple[int, ...]:
    """The shape to list weights with: that of a pass which was made anyway, or none."""
    return sample.input if subject.symbol.kind in SMALL else ()


@promise(after="output_shape", kinds=MODULES)
def test_every_parameter_learns(subject: Subject) -> None:
    """Every parameter of {symbol} gets a gradient."""
    if subject.proved:
        return
    for sample in some(subject):
        description = subject.description(sample)
        frozen = [w.name for w in description.weights if not w.buffer and not w.learns]
        call = run_text(subject.symbol.name, sample.args, sample.input)
        expect(not frozen, "gradient.frozen", call=call, names=listed(frozen))
        gradients = subject.run(backward(subject, sample)).gradients
        expect(bool(gradients), "gradient.no_parameters", call=call)
        dead = [name for name, trace in gradients.items() if trace.norm == 0]
        expect(not dead, "gradient.dead", call=call, names=listed(dead))
        wild = [name for name, trace in gradients.items() if not math.isfinite(trace.norm)]
        expect(not wild, "gradient.not_finite", call=call, names=listed(wild))


@promise(after="output_shape", kinds=MODULES)
def test_input_gets_a_gradient(subject: Subject) -> None:
    """A gradient flows through {symbol} back to its input."""
    if subject.proved:
        return
    for sample in some(subject):
        reached = subject.run(backward(subject, sample)).input_gradient
        call = run_text(subject.symbol.name, sample.args, sample.input)
        flows = reached is not None and bool(np.any(reached)) and bool(np.isfinite(reached).all())
        expect(flows, "gradient.not_to_input", call=call)


@promise(after="output_shape", kinds=SMALL)
def test_batch_items_are_independent(subject: Subject) -> None:
    """In eval mode {symbol} treats every item of a batch on its own, always in the same way."""
    if subject.proved:
        return
    for sample in subject.symbol.samples[:2]:
        call = run_text(subject.symbol.name, sample.args, sample.input)
        whole = subject.run(subject.challenge(sample)).output
        again = subject.run(subject.challenge(sample), fresh=True).output
        alone = subject.run(subject.challenge(sample, rows=(1, 2))).output
        expect(distance(again, whole) < 1e-6, "eval.random", call=call)
        expect(distance(alone, whole[1:2]) < 1e-4, "eval.batch_mates", call=call)


@promise(after="output_shape", kinds=SMALL)
def test_modes_differ(subject: Subject) -> None:
    """{symbol} changes between train and eval mode exactly where BatchNorm or dropout say so."""
    if subject.proved:
        return
    for sample in subject.symbol.samples:
        call = subject.text(sample.args)
        train, evaluate = (subject.challenge(sample, mode, True) for mode in ("train", "eval"))
        differs = far(subject.right(train).output, subject.right(evaluate).output)
        got = far(subject.run(train).output, subject.run(evaluate).output)
        expect(got or not differs, "modes.equal", call=call)
        expect(differs or not got, "modes.differ", call=call)


def far(one: Array, other: Array) -> bool:
    return distance(one, other) > 1e-4


@promise(after="output_shape", kinds=MODULES)
def test_keeps_its_input(subject: Subject) -> None:
    """{symbol} leaves its input as it was."""
    if subject.proved:
        return
    for trial in filter(is_main, subject.trials):
        tried = subject.tried(trial)
        for one, outcome in zip(trial.passes, tried.outcomes if tried else (), strict=False):
            call = run_text(subject.symbol.name, trial.args, one.shape)
            expect(not outcome.input_changed, "input.changed", call=call)
    for sample in some(subject):
        call = run_text(subject.symbol.name, sample.args, sample.input)
        # Without gradients: autograd may object to a changed input.
        challenge = subject.challenge(sample)
        changed = subject.run(challenge).input_changed
        expect(not changed, "input.changed", call=call)


@promise(after="is_written", kinds=MODULES)
def test_instances_share_nothing(subject: Subject) -> None:
    """Two instances of {symbol} share no weights."""
    if subject.proved:
        return
    sample = subject.symbol.samples[-1]
    tried = subject.tried(subject.trials[0])
    if tried is not None and not subject.thorough:
        shared = tried.shared
    else:
        one = subject.student.describe(subject.symbol, sample.args, listing(subject, sample))
        other = subject.student.describe(subject.symbol, sample.args, (), copy=TWIN)
        owned = {w.identity for w in one.weights}
        shared = [w.name for w in other.weights if w.identity in owned]
    expect(not shared, "instances.share", call=subject.text(sample.args), names=listed(shared))


@promise(after="output_shape", kinds=SMALL)
def test_other_dtypes(subject: Subject) -> None:
    """{symbol} works in float64, float32 and bfloat16."""
    sample = subject.symbol.samples[0]
    dtypes = ["float64", "float32", "bfloat16"]
    if subject.proved:
        return
    for dtype in dtypes:
        call = run_text(subject.symbol.name, sample.args, sample.input)
        rows = None if subject.symbol.kind == "block" else (0, 1)
        challenge = subject.challenge(sample, dtype=dtype, rows=rows)
        try:
            outcome = subject.run(challenge)
        except NoAnswer as error:
            fail("dtype.error", call=call, dtype=dtype, text=error.fault.message, at=error.at)
        expect(outcome.dtype == dtype, "dtype.other", call=call, dtype=dtype, got=outcome.dtype)
        finite = bool(np.isfinite(outcome.output).all())
        expect(finite, "dtype.not_finite", call=call, dtype=dtype)


@promise(after="output_shape", kinds=MODULES)
def test_survives_state_dict(subject: Subject) -> None:
    """The state_dict of {symbol} holds all of it: saved and loaded, it computes the same."""
    if subject.proved:
        return
    sample = subject.symbol.samples[-1]
    first = subject.trials[0]
    tried = subject.tried(first)
    if tried is not None and not subject.unequal(first):
        expect(subject.keeps_state(tried), "state.lost", call=subject.text(first.args))
        return
    challenge = subject.challenge(sample)
    where = subject.where(sample)
    before, after = subject.student.round_trip(subject.symbol, challenge, where)
    gap = distance(after.output, before.output)
    expect(gap < 1e-6, "state.lost", call=subject.text(sample.args))


@promise(after="is_written", kinds=MODULES)
def test_refuses(subject: Subject) -> None:
    """{symbol} refuses arguments that make no sense with ValueError."""
    for args in subject.symbol.refused:
        try:
            subject.student.build(subject.symbol, args, lean=True)
        except NoAnswer as error:
            got, line = error.fault.message, error.fault.line
            refused = error.fault.kind == "value" and line > 0
            expect(refused, "refuses.other_error", call=subject.text(args), got=got)
        else:
            fail("refuses.nothing", call=subject.text(args))


def backward(subject: Subject, sample: Sample) -> Challenge:
    """The run whose gradients are asked for; a large network has only one, in train mode."""
    mode = "train" if subject.symbol.kind == "large" else "eval"
    return subject.challenge(sample, mode, backward=True)


def some(subject: Subject) -> tuple[Sample, ...]:
    """The samples that families run backward: one of a large network, two of others."""
    return subject.symbol.samples[: 1 if subject.symbol.kind == "large" else 2]


def listed(names: list[str], most: int = 4) -> str:
    """Names for a message, at most a few of them."""
    text = ", ".join(names[:most])
    return text + (f", … ({len(names)})" if len(names) > most else "")


def is_main(trial: Trial) -> bool:
    """Whether the main check of a symbol is about a trial."""
    return trial.main


def check_equal(
    subject: Subject,
    modes: tuple[str, ...] = ("eval", "train"),
    chosen: Callable[[Trial], bool] = is_main,
) -> None:
    """Fail unless the symbol computes what the reference computes, forward and backward."""
    for trial in filter(chosen, subject.trials):
        for number, one in enumerate(trial.passes):
            if one.mode not in modes:
                continue
            found = subject.gap(trial, number)
            if found is not None and one.mode == "train" and trial.args.get("dropout"):
                found = None if dropout.is_right(subject, trial) else found
            if found is not None:
                call = run_text(subject.symbol.name, trial.args, one.shape)
                if found.what == "output":
                    _fail_where(subject, trial, number, call)
                fail(
                    f"equal.{found.what}",
                    call=call,
                    mode=one.mode,
                    error=float(f"{found.error:.2g}") if math.isfinite(found.error) else "inf",
                    name=found.name,
                )


def _fail_where(subject: Subject, trial: Trial, number: int, call: str) -> None:
    """Fail with what a wrong pass has that a right one has not, if that can be told."""
    one = trial.passes[number]
    unequal = subject.unequal(trial)
    right = [pair for pair in enumerate(trial.passes) if pair[0] not in unequal]
    same = [(n, other) for n, other in right if (other.shape, other.mode) == (one.shape, one.mode)]
    if any(other.gradients == one.gradients and n < number for n, other in same):
        fail("equal.later_call", call=call, mode=one.mode)
    if same and one.gradients in ("none", "inference"):
        how = {"none": "no_grad", "inference": "inference_mode"}[one.gradients]
        fail("equal.without_gradients", call=call, mode=one.mode, how=how)
    sizes = [
        other.shape for _, other in right if other.mode == one.mode and other.shape != one.shape
    ]
    if sizes and not same:
        fail("equal.size", call=call, mode=one.mode, right=shape_text(sizes[0]))


def check_depths(subject: Subject) -> None:
    """Compare the parameters and the outputs of every depth with the reference's."""
    others = [trial for trial in subject.trials if not trial.main]
    if not (subject.proved and all(map(subject.sound, others))):
        for args in subject.symbol.counted:
            check_count(subject, Sample(args, ()))
    check_equal(subject, chosen=lambda trial: not trial.main)
