"""Every mutant is caught with its message; cheap tricks earn at most a tenth."""

import textwrap

import pytest

from autograder.authoring.verify import Prover, not_a_stub, not_caught, not_passed, students_of
from autograder.checks.task_run import planned
from autograder.course.patching import patched
from autograder.course.settings import Course
from autograder.course.tasks import all_tasks, task_named
from autograder.errors import GraderFault
from autograder.grading.references import Solutions
from autograder.model import Message, Result
from autograder.observe.session import SharedWorkers
from tests.conftest import LESSON, SEED, JudgeText, points

TASKS = [task.name for task in LESSON]


# The networks' mutants cost more than all other tests: make check and make proof run them.
LARGE = [
    pytest.param(name, marks=pytest.mark.slow) for name in ("alexnet", "vgg", "resnet", "densenet")
]


@pytest.mark.parametrize("task", [*LARGE, "gradients", "simpsons"])
def test_reference_stub_and_every_mutant(
    course: Course, solutions: Solutions, workbench: SharedWorkers, task: str
) -> None:
    found = task_named(task)
    students = students_of(found) if found.allowed else workbench
    prover = Prover(course, found, SEED, solutions, students)
    proofs = list(prover.prove(thorough=False))
    if students is not workbench:
        students.close()
    assert [proof for proof in proofs if proof.instead] == []


def test_there_are_enough_mutants(course: Course) -> None:
    mutants = [mutant for task in all_tasks() for mutant in course.mutants(task)]
    assert len(mutants) >= 250
    for task in all_tasks():
        ids = {check.id for check in planned(task)}
        own = course.mutants(task)
        assert len({mutant.id for mutant in own}) == len(own)
        assert {mutant.fails for mutant in own} <= ids


def test_verify_itself_can_fail(course: Course) -> None:
    check = planned(task_named("vgg"))[-1]
    passed, failed = (
        Result(check, "passed"),
        Result(check, "failed", message=Message("equal.output")),
    )
    crashed = Result(check, "failed", message=Message("fault.error"))
    assert not_caught(failed, "equal.output") == ""
    assert not_caught(passed, "equal.output") != ""
    assert not_caught(failed, "shape.wrong") != ""
    assert not_passed({"a": passed}) == ""
    assert not_passed({"a": passed, "b": failed}) != ""
    assert not_a_stub({"a": Result(check, "failed", message=Message("fault.not_written"))}) == ""
    assert not_a_stub({"a": crashed}) != ""
    assert not_a_stub({"a": passed}) != ""


@pytest.mark.parametrize(
    ("task", "symbol", "old", "new"),
    [
        ("vgg", "VGGBlock", "stride=2))", "stride=2, ceil_mode=True))"),
        ("densenet", "DenseNet", "torch.flatten(self.pool(maps), 1)", "self.pool(maps).squeeze()"),
    ],
)
def test_odd_sizes_and_a_batch_of_one_are_tried(
    judge: JudgeText, course: Course, task: str, symbol: str, old: str, new: str
) -> None:
    text = course.solution(task_named(task)).read_text(encoding="utf-8")
    check = f"{task}.output_shape.{symbol}"
    results = judge(task, patched(text, old, new, symbol), only=check)
    assert results[check].message == Message("shape.wrong", results[check].message.values)


@pytest.mark.parametrize("text", ["nowhere to be found", "import"])
def test_a_patch_that_does_not_apply_is_a_fault(course: Course, text: str) -> None:
    source = course.solution(task_named("vgg")).read_text(encoding="utf-8")
    with pytest.raises(GraderFault, match="times in the solution, not once"):
        patched(source, text, "x", "mutant")


HEAD = """
import torch
from torch import nn

class Base(nn.Module):
    def __init__(self, *args, **kwargs):
        super().__init__()
        self.args = list(args) + list(kwargs.values())
        self.weight = nn.Parameter(torch.ones(3))
"""
IDENTITY = "    def forward(self, x):\n        return x\n"
SHAPES = {
    "AlexNet": "x.shape[0], self.args[0]",
    "VGGBlock": "x.shape[0], self.args[1], x.shape[2] // 2, x.shape[3] // 2",
    "VGG": "x.shape[0], self.args[1]",
    "FourConvNet": "x.shape[0], 6, *x.shape[2:]",
    "ResidualBlock": "x.shape[0], self.args[1], *(n // self.args[2] for n in x.shape[2:])",
    "BottleneckBlock": "x.shape[0], 4 * self.args[1], *(n // self.args[2] for n in x.shape[2:])",
    "ResNet": "x.shape[0], self.args[1]",
    "DenseLayer": "x.shape[0], self.args[1], *x.shape[2:]",
    "DenseBlock": "x.shape[0], self.args[0] + self.args[1] * self.args[2], *x.shape[2:]",
    "TransitionLayer": "x.shape[0], self.args[1], x.shape[2] // 2, x.shape[3] // 2",
    "DenseNet": "x.shape[0], self.args[2]",
}
TRICKS = {
    "identity": IDENTITY,
    "zeros": "    def forward(self, x):\n        return x.new_zeros({shape})\n",
    "noise": "    def forward(self, x):\n        return torch.randn({shape}).to(x)\n",
    "mean": (
        "    def forward(self, x):\n"
        "        return x.mean() * self.weight.sum() + x.new_zeros({shape})\n"
    ),
}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_earns_at_most_a_tenth(judge: JudgeText, task: str, trick: str) -> None:
    text = textwrap.dedent(HEAD)
    for symbol in task_named(task).symbols:
        if symbol.kind == "function":
            text += f"def {symbol.name}(*args):\n    return args[0]\n"
        else:
            body = TRICKS[trick].format(shape=SHAPES[symbol.name])
            text += f"class {symbol.name}(Base):\n{body}"
    assert points(judge(task, text)) <= 1


@pytest.mark.parametrize("task", TASKS)
def test_a_constructor_that_refuses_earns_nothing(judge: JudgeText, task: str) -> None:
    text = "".join(
        f"def {symbol.name}(*args, **kwargs):\n    raise ValueError('no')\n"
        for symbol in task_named(task).symbols
    )
    assert points(judge(task, text)) == 0
