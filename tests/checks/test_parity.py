"""Verdicts do not depend on where numbers are computed: on this CPU by other kernels, on a GPU.

``pytest -m gpu`` runs the same tests on a GPU. Without one a worker that computes convolutions by
other kernels stands for it: it sums in another order, as a GPU does.
"""

import math
from collections.abc import Iterator

import pytest

from autograder.checks.answers import Answers
from autograder.checks.compare import TOLERANCE, distance
from autograder.checks.subject import Subject
from autograder.checks.task_run import planned
from autograder.cli.options import Device, device_of
from autograder.course.settings import Course
from autograder.course.tasks import Task, task_named
from autograder.grading.grade_task import ask_student, grade_task
from autograder.grading.references import References, Solutions
from autograder.observe import protocol
from autograder.observe.profiles import ENVIRONMENT, Profile, profile_for
from autograder.observe.session import SharedWorkers
from autograder.submission.task_files import TaskFiles
from tests.conftest import LESSON, SEED

OTHER_KERNELS = b"""
import torch
torch.backends.mkldnn.set_flags(False)
torch.backends.nnpack.set_flags(False)
"""
Verdicts = dict[str, tuple[str, str]]


class Elsewhere:
    """A worker that computes in another way, and the references to judge it by."""

    def __init__(self, place: str, solutions: Solutions) -> None:
        self.solutions = solutions
        self.device = "cuda" if place == "cuda" else "cpu"
        profile = profile_for(Profile(cpu_seconds=120), (), self.device)
        self.workers = SharedWorkers(profile)
        if place == "other kernels":
            session = self.workers.session(profile, {"other_kernels.py": OTHER_KERNELS})
            answer = session.ask(protocol.Open("kernels", session.path("other_kernels.py")))
            assert isinstance(answer, protocol.Done), answer

    def ask_student(self, task: Task, text: str) -> Answers:
        files = TaskFiles(task, {task.file: text.encode()})
        return ask_student(files, self.workers, Profile(), self.device)

    def judge(self, task: Task, text: str, only: list[str]) -> Verdicts:
        """How each check ended, and why."""
        report = grade_task(
            TaskFiles(task, {task.file: text.encode()}),
            References(self.solutions.answers(task)),
            SEED,
            workers=self.workers,
            device=self.device,
            only=only,
        )
        return {r.check.id: (r.outcome, r.message.id if r.message else "") for r in report.checks}


@pytest.fixture(
    scope="module", params=["other kernels", pytest.param("cuda", marks=pytest.mark.gpu)]
)
def elsewhere(
    request: pytest.FixtureRequest, course: Course, solutions: Solutions
) -> Iterator[Elsewhere]:
    if request.param == "other kernels":
        place = Elsewhere(request.param, solutions)
        yield place
        place.workers.close()
        return
    if device_of(Device.auto) != "cuda":
        pytest.skip("torch finds no GPU here")
    own = Solutions(course, LESSON, "cuda")  # what is graded on a GPU is compared with it
    place = Elsewhere(request.param, own)
    yield place
    place.workers.close()
    own.close()


@pytest.fixture(scope="module")
def here(solutions: Solutions) -> Iterator[Elsewhere]:
    place = Elsewhere("cpu", solutions)
    yield place
    place.workers.close()


def texts(course: Course, task: Task, count: int | None = None) -> dict[str, str]:
    """The solution, and the solution with each of some typical mistakes."""
    source = course.solution(task).read_text(encoding="utf-8")
    found = {"solution": source}
    for mutant in course.mutants(task)[:count]:
        found[mutant.id] = source.replace(mutant.replace, mutant.by)
    return found


def test_verdicts_agree(course: Course, here: Elsewhere, elsewhere: Elsewhere) -> None:
    """Of a residual block: right, and with mistakes in it."""
    task = task_named("resnet")
    only = [check.id for check in planned(task) if check.symbol == "ResidualBlock"]
    for id, text in texts(course, task, 4).items():
        verdicts = here.judge(task, text, only)
        assert elsewhere.judge(task, text, only) == verdicts, id


@pytest.mark.slow
@pytest.mark.parametrize("task", LESSON, ids=lambda task: str(task.name))
def test_all_verdicts_agree(
    course: Course, here: Elsewhere, elsewhere: Elsewhere, task: Task
) -> None:
    """Of every task: the solution and every typical mistake."""
    for id, text in texts(course, task).items():
        assert elsewhere.judge(task, text, []) == here.judge(task, text, []), id


Runs = list[tuple[Elsewhere, str]]


def apart(course: Course, task: Task, runs: Runs, kinds: tuple[str, ...]) -> float:
    """How far two runs of the solution, each at a place and in a dtype, are apart at most."""
    text = course.solution(task).read_text(encoding="utf-8")
    worst = 0.0
    for symbol in task.symbols:
        if symbol.kind not in kinds:
            continue
        outputs = []
        for place, dtype in runs:
            student = place.ask_student(task, text)
            subject = Subject(task, symbol, student, place.solutions.answers(task), SEED)
            challenges = [
                subject.challenge(sample, "train", True, dtype) for sample in symbol.samples[:2]
            ]
            outputs.append([subject.run(challenge).output for challenge in challenges])
            student.close()
        worst = max(worst, *map(distance, *outputs))
    assert math.isfinite(worst)
    return worst


@pytest.mark.parametrize(
    ("task", "kinds"),
    [
        pytest.param("resnet", ("block",)),
        *(
            pytest.param(task.name, ("block", "network"), marks=pytest.mark.slow)
            for task in LESSON
            if task.name != "alexnet"  # it has a large network only
        ),
    ],
)
def test_right_code_stays_below_the_tolerance(
    course: Course, here: Elsewhere, elsewhere: Elsewhere, task: str, kinds: tuple[str, ...]
) -> None:
    """By another place and by rounding right code changes by a tenth of what is allowed.

    In bfloat16, where nothing is compared but what a student's code computes in no other type,
    rounding alone takes up to a half.
    """

    def gap(*runs: tuple[Elsewhere, str]) -> float:
        return apart(course, task_named(task), list(runs), kinds)

    assert 0 < gap((here, "float32"), (elsewhere, "float32")) < TOLERANCE["float32"] / 10
    assert gap((here, "float64"), (elsewhere, "float64")) < TOLERANCE["float64"] / 10
    assert 0 < gap((here, "float64"), (here, "float32")) < TOLERANCE["float32"] / 10
    assert 0 < gap((here, "float64"), (here, "bfloat16")) < TOLERANCE["bfloat16"] / 2


def test_a_gpu_computes_in_full_float32() -> None:
    """TF32 keeps 10 bits: right code would differ from right code by more than mistakes do."""
    assert ENVIRONMENT["NVIDIA_TF32_OVERRIDE"] == "0"
