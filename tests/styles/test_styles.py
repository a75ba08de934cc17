"""Right code gets full points however it is written."""

from pathlib import Path

import pytest

from autograder.course.settings import Course
from autograder.course.tasks import task_named
from autograder.grading.grade import Options, grade
from autograder.grading.references import Solutions
from autograder.observe.profiles import Profile
from autograder.observe.session import Workers
from tests.conftest import LESSON, SEED, JudgeText, failures, points

HERE = Path(__file__).parent
STYLES = sorted(p.parent.name for p in HERE.glob("*/01_alexnet"))
# What cannot be followed in a trial is run at full width throughout.
LONG = ("resnet_folded_batch_norm", "resnet_compiled", "densenet_split_transition")
ODD = [
    pytest.param(path.stem, marks=pytest.mark.slow if path.stem in LONG else ())
    for path in sorted((HERE / "odd").glob("*.py"))
]


def test_there_are_five_styles() -> None:
    assert len(STYLES) >= 5


# The largest network in two styles here, in the others under make proof.
PAIRS = [
    pytest.param(style, task.name, marks=pytest.mark.slow if seldom else ())
    for style in STYLES
    for task in LESSON
    for seldom in [task.name == "vgg" and style != "sequential"]
]


@pytest.mark.parametrize(("style", "task"), PAIRS)
def test_style_gets_full_points(judge: JudgeText, style: str, task: str) -> None:
    found = task_named(task)
    text = (HERE / style / found.folder / found.file).read_text(encoding="utf-8")
    results = judge(task, text)
    assert failures(results) == {}
    assert points(results) == 10


@pytest.mark.parametrize("name", ODD)
def test_odd_code_gets_full_points(judge: JudgeText, name: str) -> None:
    """Weights in one parameter, BatchNorm folded by hand, compiled code, dropout by hand."""
    text = (HERE / "odd" / f"{name}.py").read_text(encoding="utf-8")
    results = judge(name.partition("_")[0], text)
    assert failures(results) == {}
    assert points(results) == 10


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("self.features(x).flatten(1)", "dropout(self.features(x).flatten(1), 0.5, self.training)"),
        ("dropout(self.fc7(x).relu_(), self.p, training=self.training)", "self.fc7(x).relu_()"),
        (" / (1 - p)", ""),
        (">= p", ">= p / 2"),
    ],
)
def test_wrong_dropout_by_hand_is_caught(judge: JudgeText, right: str, wrong: str) -> None:
    text = (HERE / "odd" / "alexnet_dropout_by_hand.py").read_text(encoding="utf-8")
    assert right in text
    check = "alexnet.trains_as_the_lesson"
    results = judge("alexnet", text.replace(right, wrong), only=check)
    assert failures(results) == {check: "equal.output"}


def test_dropout_among_the_convolutions_is_caught(judge: JudgeText, course: Course) -> None:
    """torch's own dropout in another place draws other numbers than the reference's."""
    pooling = "nn.MaxPool2d(kernel_size=3, stride=2),  # (B, 256, 13, 13)"
    text = course.solution(task_named("alexnet")).read_text(encoding="utf-8")
    assert pooling in text
    wrong = text.replace(pooling, "nn.MaxPool2d(kernel_size=3, stride=2), nn.Dropout(dropout),")
    check = "alexnet.trains_as_the_lesson"
    results = judge("alexnet", wrong, only=check)
    assert failures(results) == {check: "equal.output"}


def test_torchvision_gets_full_points(solutions: Solutions) -> None:
    pytest.importorskip("simpsons.vision")
    tasks = (task_named("resnet"), task_named("densenet"))
    profile = Profile(allowed=("torchvision",))
    report = grade(HERE / "torchvision", solutions, Options(tasks, SEED, student=profile))
    failed = [c.check.id for t in report.tasks for c in t.checks if c.outcome != "passed"]
    assert failed == []
    assert report.points == 20


def test_torchvision_is_not_there_in_ordinary_grading(
    solutions: Solutions, workers: Workers
) -> None:
    tasks = (task_named("resnet"),)
    report = grade(HERE / "torchvision", solutions, Options(tasks, SEED, workers=workers))
    assert report.points == 0
    messages = [c.message for c in report.tasks[0].checks if c.outcome == "failed"]
    assert messages[0] is not None
    assert "torchvision" in str(messages[0].values["text"])
