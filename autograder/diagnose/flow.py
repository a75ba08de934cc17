"""How gradients flow through a student's network: the lesson's picture, of their own code.

Made of answers that the checks got anyway: the norm of the gradient of every weight matrix, in
the order of use, under the random weights of the challenge.
"""

from autograder.checks.subject import Subject
from autograder.checks.witness import Challenge, GaveUp, NoAnswer, run_text
from autograder.diagnose.catalogue import layers, plain
from autograder.observe.match import places
from autograder.report.model import Flow
from autograder.tasks import Sample

SHOWN = ("FourConvNet",)  # blocks that are a network of their own


def flows(subject: Subject) -> list[Flow]:
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
            names, norms = layers(subject.description(sample), outcome)
        except (NoAnswer, GaveUp):
            continue
        call = run_text(symbol.name, sample.args, sample.input)
        right, without = _right(subject, challenge), plain(subject.task.name, symbol.name)
        right = right if len(right) == len(norms) else ()
        found.append(Flow(call, names, norms, right, without))
    return found


def _right(subject: Subject, challenge: Challenge) -> tuple[float, ...]:
    sample = Sample(challenge.args, challenge.shape)
    try:
        described = subject.expected(sample)
        outcome = subject.reference.outcome(subject.symbol, challenge, places(described))
    except NoAnswer:
        return ()
    return layers(described, outcome)[1]
