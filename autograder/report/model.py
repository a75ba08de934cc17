"""The report as data: no text in any language, so that every language can be made of it."""

from dataclasses import dataclass, field

from autograder.checks.promise import Check, Message

SCHEMA = "autograder/report/v1"
GRADER_FAULTS = ("not_run.grader_broke", "not_run.silent")


@dataclass(frozen=True)
class CheckReport:
    """One check: what was planned and what came of it. outcome: passed, failed, not_run."""

    check: Check
    outcome: str
    points: float
    message: Message | None
    seconds: float
    misconception: str | None = None


@dataclass(frozen=True)
class Flow:
    """How strong a gradient reached each layer of a network, first to last.

    call: how it was made. right: the same of the reference; plain: of the reference without
    its skip connections. Either may be empty.
    """

    call: str
    names: tuple[str, ...]
    norms: tuple[float, ...]
    right: tuple[float, ...] = ()
    plain: tuple[float, ...] = ()

    @property
    def as_right(self) -> bool:
        """Whether the reference shows the same, as far as one can see."""
        pairs = zip(self.norms, self.right, strict=False)
        return bool(self.right) and all(abs(n - right) <= 0.02 * right for n, right in pairs)

    @property
    def dead(self) -> tuple[str, ...]:
        """The layers that no gradient reached."""
        return tuple(n for n, norm in zip(self.names, self.norms, strict=True) if norm == 0)


@dataclass(frozen=True)
class TaskReport:
    """One task. status: graded, missing, or error (the grader broke: points is None)."""

    task: str
    status: str
    points: float | None
    max_points: float
    checks: tuple[CheckReport, ...]
    flows: tuple[Flow, ...] = ()


@dataclass(frozen=True)
class Origin:
    """What autograder collect took for a task; times are ISO 8601, "" where there is none."""

    task: str
    commit: str
    submitted: str = ""
    deadline: str = ""
    late: bool = False


@dataclass(frozen=True)
class Report:
    """One submission. notes are messages about the run, such as a missing sandbox.

    receipt: the digest of all that decides, see receipt.py; "" before it is complete.
    """

    submission: str
    commit: str | None
    seed: str
    device: str
    versions: dict[str, str]
    tasks: tuple[TaskReport, ...]
    notes: tuple[Message, ...] = field(default_factory=tuple)
    origins: tuple[Origin, ...] = ()
    receipt: str = ""

    @property
    def points(self) -> float | None:
        """The sum over the tasks; None if the grader broke on one of them."""
        points = [task.points for task in self.tasks]
        return None if any(p is None for p in points) else sum(p for p in points if p is not None)

    @property
    def faults(self) -> list[str]:
        """Checks that did not run because the grader broke."""
        return [
            check.check.id
            for task in self.tasks
            for check in task.checks
            if check.message is not None and check.message.id in GRADER_FAULTS
        ]

    @property
    def max_points(self) -> float:
        return sum(task.max_points for task in self.tasks)
