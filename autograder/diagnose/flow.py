"""How gradients flow through a student's network: the lesson's picture, of their own code.

Made of answers that the checks got anyway: the norm of the gradient of every weight matrix, in
the order of use, under the random weights of the challenge.
"""

import math
from collections.abc import Sequence

from autograder.checks.promise import clean
from autograder.checks.subject import Subject
from autograder.checks.witness import Challenge, GaveUp, NoAnswer, run_text
from autograder.diagnose.behaviour import runs
from autograder.diagnose.catalogue import PLAIN, Entry
from autograder.observe.match import places
from autograder.observe.protocol import Description, Outcome
from autograder.report.model import Flow
from autograder.tasks import Sample, Symbol

MOST = 400  # layers of a network
Layers = tuple[tuple[str, ...], tuple[float, ...]]
SHOWN = ("FourConvNet",)  # blocks that are a network of their own


def flows(subject: Subject, entries: Sequence[Entry]) -> list[Flow]:
    """The flow of gradients through each sample of a network that was run backward."""
    symbol = subject.symbol
    if symbol.kind not in ("network", "large") and symbol.name not in SHOWN:
        return []
    found = []
    for sample in symbol.samples[: 1 if symbol.kind == "large" else None]:
        mode = "train" if symbol.kind == "large" else "eval"
        try:
            challenge = subject.challenge(sample, mode, backward=True)
            outcome = subject.student.known(symbol, challenge)
            if outcome is None or not outcome.gradients:
                continue
            names, norms = _layers(subject.description(sample), outcome)
        except (NoAnswer, GaveUp):
            continue
        call = run_text(symbol.name, sample.args, sample.input)
        right, plain = _right(subject, challenge), _plain(symbol, sample, entries)
        if len(plain) != len(norms):
            plain = ()
        found.append(Flow(call, names, norms, right if len(right) == len(norms) else (), plain))
    return found


def _layers(description: Description, outcome: Outcome) -> Layers:
    """Names and norms of the weight matrices: those that were used in order, then the others."""
    matrices = [
        w for w in description.weights if w.role == "weight" and w.name in outcome.gradients
    ]
    used = sorted(matrices, key=lambda w: (w.order < 0, w.order))[:MOST]
    norms = tuple(shown(outcome.gradients[w.name].norm) for w in used)
    return tuple(clean(w.name)[:80] for w in used), norms


def shown(norm: float) -> float:
    """Three digits: more would differ from machine to machine."""
    return float(f"{norm:.3g}") if math.isfinite(norm) else 0.0


def _right(subject: Subject, challenge: Challenge) -> tuple[float, ...]:
    sample = Sample(challenge.args, challenge.shape)
    try:
        described = subject.expected(sample)
        outcome = subject.reference.outcome(subject.symbol, challenge, places(described))
    except NoAnswer:
        return ()
    return _layers(described, outcome)[1]


def _plain(symbol: Symbol, sample: Sample, entries: Sequence[Entry]) -> tuple[float, ...]:
    for entry in entries:
        if entry.title.id != PLAIN.get(symbol.name):
            continue
        for challenge in runs(symbol):
            if challenge.args == sample.args and challenge.backward:
                described = entry.describe(symbol, sample.args, sample.input)
                outcome = entry.outcome(symbol, challenge, {})
                if isinstance(described, Description) and isinstance(outcome, Outcome):
                    return _layers(described, outcome)[1]
    return ()
