"""Code that takes over its own worker earns nothing by it and never breaks the grader."""

import json
from pathlib import Path

import pytest

from autograder.grading import Options, Solutions, grade
from autograder.messages import LANGUAGES, Catalogue
from autograder.report.as_json import to_json
from autograder.report.html import grades_csv, to_html
from autograder.report.summary import summary
from autograder.tasks import task_named
from tests.conftest import ROOT, SEED

# The student's file finds the worker in its own process and answers in its place.
TAKE_OVER = """
import dataclasses, gc, sys
import numpy as np
worker = next(o for o in gc.get_objects() if type(o).__name__ == "Worker")
honest = worker.answer
P = sys.modules["autograder.observe.protocol"]
def forged(request):
    answer = honest(request)
    kind = type(answer).__name__
    replace = dataclasses.replace
    {forge}
    return answer
worker.answer = forged
"""

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
def test_a_forged_answer_gains_nothing(
    solutions: Solutions, tmp_path: Path, name: str, task: str
) -> None:
    """Beside the forgery stands the stub, or the solution where its numbers are spoilt."""
    found = task_named(task)
    stub = (ROOT / "assignments" / found.folder / found.file).read_text(encoding="utf-8")
    if name in ("no_dimension", "other_shape", "not_a_number", "huge", "whole_numbers"):
        stub = (ROOT / "solutions" / found.folder / found.file).read_text(encoding="utf-8")
    folder = tmp_path / "s"
    (folder / found.folder).mkdir(parents=True)
    text = stub + TAKE_OVER.replace("{forge}", FORGERIES[name])
    (folder / found.folder / found.file).write_text(text, encoding="utf-8")
    report = grade(folder, solutions, Options((found,), SEED))
    assert report.tasks[0].status == "graded", [
        c.message for c in report.tasks[0].checks if c.message
    ]
    assert report.points is not None
    # Spoilt numbers leave testimony, and the functions of gradients, which are right.
    assert report.points <= {"gradients": 8, "resnet": 4}[task] * ("SOLUTION" in stub)
    for lang in LANGUAGES:
        catalogue = Catalogue.load(lang)
        json.loads(to_json(report, catalogue).encode("utf-8"))
        page = to_html(report, catalogue).encode("utf-8").decode()
        assert "<script>" not in page
    assert grades_csv([summary(report)]).encode("utf-8")
