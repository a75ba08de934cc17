"""Code that takes over its own worker earns nothing by it and never breaks the grader."""

import pytest

from autograder.observe.profiles import Profile
from tests.attacks.arena import Arena, check_rendering
from tests.attacks.catalogue import TAKE_OVER, Attack

FORGERIES = {
    "no_dimension": 'if kind == "Outcome": return replace(answer, shape=[], output=np.array(1.0))',
    "other_shape": 'if kind == "Outcome": return replace(answer, shape=[1])',
    "not_a_number": 'if kind == "Outcome": return replace(answer, output=answer.output * np.nan)',
    "huge": 'if kind == "Outcome": return replace(answer, output=answer.output + 1e308)',
    "whole_numbers": (
        'if kind == "Outcome": return replace(answer, output=answer.output.astype("int64"))'
    ),
    "no_gradients": 'if kind == "Outcome": return replace(answer, input_gradient=None, gradients={})',  # noqa: E501
    "odd_gradients": (
        'if kind == "Outcome": return replace(answer, input_gradient=np.ones(1), '
        'gradients={"\\ud800": P.Trace(float("nan"), float("-inf"))})'
    ),
    "odd_names": (
        'if kind == "Description": return replace(answer, weights=[replace(w, learns=False, '
        'name="\\ud800\\x1b[31m<script>" * 1000) for w in answer.weights])'
    ),
    "no_weights": 'if kind == "Description": return replace(answer, weights=[], layers=[])',
    "negative": (
        'if kind == "Description": return replace(answer, output=[-1, -(10**30)], '
        "weights=[replace(w, shape=[-5], order=10**30) for w in answer.weights])"
    ),
    "one_name": (
        'if kind == "Description": return replace(answer, '
        'weights=[replace(w, name="x@0:1:1") for w in answer.weights])'
    ),
    "another_type": "return P.Done()",
    "unknown_fault": 'return P.Fault("nonsense", "x" * 10**6)',
    "wall": 'return P.Fault("timeout", "wall")',
    "deep": 'if kind == "Returned": return P.Returned(eval("[" * 90 + "]" * 90), "x")',
    "nothing": "sys.exit()",
}


CASES = [("gradients", name) for name in FORGERIES]
CASES += [("resnet", name) for name in ("not_a_number", "odd_names", "negative", "no_weights")]


@pytest.mark.parametrize(("task", "name"), CASES)
def test_a_forged_answer_gains_nothing(arena: Arena, name: str, task: str) -> None:
    """Beside the forgery stands the stub, or the solution where its numbers are spoilt."""
    spoilt = name in ("no_dimension", "other_shape", "not_a_number", "huge", "whole_numbers")
    text = TAKE_OVER.replace("{forge}", FORGERIES[name])
    # Spoilt numbers leave testimony, and the functions of gradients, which are right.
    honest = {"gradients": 8, "resnet": 4}[task] * spoilt
    base = "solutions" if spoilt else "assignments"
    verdict = arena.fight(Attack(name, "channel", "", text, honest, base, task), Profile())
    (found,) = verdict.report.tasks
    assert found.status == "graded", [c.message for c in found.checks if c.message]
    assert found.points is not None and found.points <= honest
    assert not verdict.left
    check_rendering(verdict.report)
