"""How gradients flow through a student's network: the lesson's picture, of their own code.

Made of answers that the checks got anyway: the norm of the gradient of every weight matrix, in
the order of use, under the random weights of the challenge.
"""

from autograder.checks.challenge import NoAnswer, run_text
from autograder.checks.subject import Subject
from autograder.checks.task_run import TaskRun
from autograder.checks.trials import Trial
from autograder.diagnose.catalogue import layers, plain
from autograder.model import Flow


def flows(run: TaskRun) -> tuple[Flow, ...]:
    """The flow of gradients through every network of a task that was run backward."""
    return tuple(flow for subject in run.subjects.values() for flow in _of_symbol(subject))


def _of_symbol(subject: Subject) -> list[Flow]:
    symbol = subject.symbol
    if symbol.kind not in ("network", "large") and not symbol.flow:
        return []
    found: list[Flow] = []
    for trial in subject.trials:
        # The first one of a network that runs backward in eval mode; every one of a block.
        if not trial.main or trial.dtype != "float64" or (found and symbol.kind != "block"):
            continue
        tried = subject.student.known(trial)
        names, norms = layers(tried) if tried else ((), ())
        if not norms:
            continue
        shape = next(one.shape for one in trial.passes if one.gradients == "all")
        right, without = _right(subject, trial), plain(subject.task.name, symbol.name)
        right = right if len(right) == len(norms) else ()
        found.append(Flow(run_text(symbol.name, trial.args, shape), names, norms, right, without))
    return found


def _right(subject: Subject, trial: Trial) -> tuple[float, ...]:
    try:
        tried = subject.reference.tried(trial)
    except NoAnswer:
        return ()
    return layers(tried)[1] if tried else ()
