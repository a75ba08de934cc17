"""Right code keeps its points as people hand it in: rewritten, with what lies around it."""

import ast
from pathlib import Path

import pytest

from autograder.course.tasks import Task, task_named
from autograder.diagnose.explain import Mistakes
from autograder.grading.grade_task import grade_task
from autograder.grading.references import References, Solutions
from autograder.observe.session import Workers
from autograder.submission.task_files import TaskFiles
from tests.conftest import LESSON, SEED
from tests.helpers.rewriting import rewritten

HERE = Path(__file__).parent
STYLES = sorted(p.parent.name for p in HERE.glob("*/01_alexnet"))
SEEDS = range(20)


def source(style: str, task: Task) -> str:
    return (HERE / style / task.folder / task.file).read_text(encoding="utf-8")


def lost(solutions: Solutions, workers: Workers, task: Task, style: str, seed: int) -> str:
    """What was done to a file that lost points; nothing where it has all."""
    content, done = rewritten(source(style, task), task.symbols[-1].name, seed)
    report = grade_task(
        TaskFiles(task, {task.file: content}),
        References(solutions.answers(task), Mistakes()),
        f"{SEED[:-2]}{seed:02x}",
        workers=workers,
    )
    failed = [check.message for check in report.checks if check.outcome == "failed"]
    return "" if report.points == report.max_points else f"{task.name} {seed}: {done}: {failed[:1]}"


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_handed_in_is_python_but_for_commands_of_a_notebook(seed: int) -> None:
    text = rewritten(source("sequential", task_named("resnet")), "ResNet", seed)[0].decode()
    lines = text.lstrip("\ufeff").splitlines()
    ast.parse("\n".join(line for line in lines if not line.startswith(("!", "%"))))


@pytest.mark.parametrize(("style", "seed"), list(zip(STYLES, SEEDS, strict=False)))
def test_some_rewritten_files_keep_their_points(
    solutions: Solutions, workers: Workers, style: str, seed: int
) -> None:
    assert lost(solutions, workers, task_named("densenet"), style, seed) == ""


@pytest.mark.slow
@pytest.mark.parametrize("task", [task.name for task in LESSON])
@pytest.mark.parametrize("style", STYLES)
def test_every_rewritten_file_keeps_its_points(
    solutions: Solutions, workers: Workers, style: str, task: str
) -> None:
    told = [lost(solutions, workers, task_named(task), style, seed) for seed in SEEDS]
    assert [text for text in told if text] == []
