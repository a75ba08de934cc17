"""What a class page needs of a report, so that a thousand reports need not be kept; and what
follows from all of them."""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from autograder.model import GRADER_FAULTS, Check, Message, Report, Result, TaskReport

SUSPECT = ("fault.protocol", "file.link", "file.not_a_file", "provenance.")  # or beginnings
LACKING = ("homework.no_truth", "homework.no_honest")  # the teacher's files, not the student's
HARDEST = 10
SLOWEST = 10


@dataclass(frozen=True)
class Remark:
    """A message about a task that a teacher may want to see; check: its title's owner."""

    task: str
    message: Message
    check: Check


@dataclass(frozen=True)
class TaskSummary:
    """A task of a submission. failed: message ids by check id; first: why it has no points.

    misconceptions: the typical mistakes in it, each once.
    """

    task: str
    status: str
    points: float | None
    max_points: float
    seconds: float
    failed: dict[str, str]
    first: Remark | None
    misconceptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Summary:
    """A submission: what grades.csv, class.html and staff.html say of it. broke: the grader."""

    submission: str
    points: float | None
    max_points: float
    seed: str
    commit: str
    tasks: tuple[TaskSummary, ...]
    flags: tuple[Remark, ...]
    faults: tuple[Remark, ...]
    broke: bool

    @property
    def seconds(self) -> float:
        return sum(task.seconds for task in self.tasks)


def summary(report: Report) -> Summary:
    """Reduce a report to what stands on class pages."""
    flags, faults = [], []
    for task in report.tasks:
        for check in task.checks:
            if (remark := _remark(task, check)) is None:
                continue
            if _is_fault(task, remark.message):
                faults.append(remark)
            elif _is_suspect(task, check):
                flags.append(remark)
    return Summary(
        report.submission,
        report.points,
        report.max_points,
        report.seed,
        report.commit or "",
        tuple(_task(task) for task in report.tasks),
        tuple(flags),
        tuple(faults[:1]),  # the first says it; a task whose grader broke has dozens
        bool(report.faults),
    )


def _remark(task: TaskReport, check: Result) -> Remark | None:
    return None if check.message is None else Remark(task.task, check.message, check.check)


def _is_fault(task: TaskReport, message: Message) -> bool:
    return message.id in GRADER_FAULTS or (task.status == "error" and message.id in LACKING)


def _is_suspect(task: TaskReport, check: Result) -> bool:
    """Whether a teacher should look: points that wait, and what honest work never does."""
    assert check.message is not None
    held = task.status == "error" and check.outcome == "not_run" and check.check.points > 0
    waits = held and not check.message.id.startswith("not_run.")
    return waits or (check.outcome == "failed" and check.message.id.startswith(SUSPECT))


def _task(task: TaskReport) -> TaskSummary:
    failed = [check for check in task.checks if check.outcome == "failed" and check.message]
    # A check that fails for another one is no mistake of its own.
    roots = {
        c.check.id: c.message.id for c in failed if c.message and c.message.id != "member.failed"
    }
    first = _remark(task, failed[0]) if failed and task.points == 0 else None
    seconds = sum(check.seconds for check in task.checks)
    mistakes = dict.fromkeys(check.misconception for check in task.checks if check.misconception)
    return TaskSummary(
        task.task,
        task.status,
        task.points,
        task.max_points,
        seconds,
        roots,
        first,
        tuple(mistakes),
    )


@dataclass(frozen=True)
class TaskStatistics:
    """A task over the class. average and solved are of those who handed it in."""

    task: str
    max_points: float
    handed_in: int
    average: float | None
    solved: int
    seconds: float
    slowest: float
    slowest_submission: str


@dataclass(frozen=True)
class HardCheck:
    """A check that many fail: the share of those who handed in, and their usual message."""

    check: str
    share: float
    failed: int
    message: Message


@dataclass(frozen=True)
class Bar:
    """A bar of the histogram: from low to high points."""

    low: float
    high: float
    count: int


@dataclass(frozen=True)
class ClassView:
    """Everything class.html and staff.html show."""

    submissions: Sequence[Summary]
    max_points: float
    bars: list[Bar]
    average: float | None
    median: float | None
    undecided: int
    tasks: list[TaskStatistics]
    hardest: list[HardCheck]
    missing: list[tuple[str, list[str]]] = field(default_factory=list)
    stuck: list[tuple[str, Remark]] = field(default_factory=list)
    flagged: list[tuple[str, Remark]] = field(default_factory=list)
    faults: list[tuple[Remark, list[str]]] = field(default_factory=list)
    slowest: list[Summary] = field(default_factory=list)


def view(submissions: Sequence[Summary]) -> ClassView:
    """Put a class together."""
    points = [s.points for s in submissions if s.points is not None]
    maximum = max((s.max_points for s in submissions), default=0.0)
    faults: dict[tuple[str, str, str], tuple[Remark, list[str]]] = {}
    for s in submissions:
        for remark in s.faults:
            key = (remark.task, remark.message.id, str(remark.message.values))
            faults.setdefault(key, (remark, []))[1].append(s.submission)
    missing = [
        (s.submission, [t.task for t in s.tasks if t.status == "missing"]) for s in submissions
    ]
    return ClassView(
        submissions=submissions,
        max_points=maximum,
        bars=_bars(points, maximum),
        average=statistics.mean(points) if points else None,
        median=statistics.median(points) if points else None,
        undecided=len(submissions) - len(points),
        tasks=_tasks(submissions),
        hardest=_hardest(submissions),
        missing=[(name, tasks) for name, tasks in missing if tasks],
        stuck=[(s.submission, t.first) for s in submissions for t in s.tasks if _stuck(t)],  # type: ignore[misc]
        flagged=[(s.submission, remark) for s in submissions for remark in s.flags],
        faults=list(faults.values()),
        slowest=sorted(submissions, key=lambda s: -s.seconds)[:SLOWEST],
    )


def _stuck(task: TaskSummary) -> bool:
    return task.status == "graded" and task.points == 0 and task.first is not None


def _bars(points: Iterable[float], maximum: float) -> list[Bar]:
    """About a dozen bars of equal, round width; the last one holds the full points."""
    step = next((s for s in (1, 2, 5, 10, 20, 50) if maximum / s <= 13), 100)
    count = Counter(int(p // step) for p in points)
    last = max(int(maximum // step), *count, 0)
    return [Bar(i * step, (i + 1) * step, count[i]) for i in range(last + 1)] if maximum else []


def _tasks(submissions: Sequence[Summary]) -> list[TaskStatistics]:
    found = []
    for number, of_task in enumerate(submissions[0].tasks if submissions else ()):
        rows = [(s.tasks[number], s.submission) for s in submissions]
        handed_in = [row for row in rows if row[0].status != "missing"]
        points = [task.points for task, _ in handed_in if task.points is not None]
        slowest, name = max(rows, key=lambda row: row[0].seconds)
        found.append(
            TaskStatistics(
                of_task.task,
                of_task.max_points,
                len(handed_in),
                statistics.mean(points) if points else None,
                sum(p == of_task.max_points for p in points),
                statistics.median([task.seconds for task, _ in handed_in] or [0.0]),
                slowest.seconds,
                name,
            )
        )
    return found


def _hardest(submissions: Sequence[Summary]) -> list[HardCheck]:
    messages: dict[str, Counter[str]] = {}
    judged: Counter[str] = Counter()
    for s in submissions:
        for task in s.tasks:
            judged[task.task] += task.status == "graded"
            for check, message in task.failed.items():
                messages.setdefault(check, Counter())[message] += 1
    hardest = [
        HardCheck(
            check,
            count.total() / judged[check.partition(".")[0]],
            count.total(),
            Message(count.most_common(1)[0][0]),
        )
        for check, count in messages.items()
        if judged[check.partition(".")[0]]
    ]
    return sorted(hardest, key=lambda hard: -hard.share)[:HARDEST]
