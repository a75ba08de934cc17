"""What is known of a submission once it was judged, and its form as JSON: the data of a report.

No text in any language stands here, so that every language can be made of it. Whatever reads or
writes a report (cache, replay, receipt, gradebook, grading in parts) does so with the codec below.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA = "autograder/report/v1"
GRADER_FAULTS = ("not_run.grader_broke", "not_run.silent")
STATUS = ("graded", "missing", "error")
OUTCOMES = ("passed", "failed", "not_run")
MAX_TEXT = 400
# What of a report, and of a check in it, decides.
WHOLE = ("schema", "submission", "commit", "seed", "device", "versions", "points", "max_points")
OF_CHECK = ("id", "outcome", "points", "max_points", "message_id", "values", "misconception")
Value = str | int | float


def clean(text: str) -> str:
    """Text a student may have chosen, as every file and terminal can hold it."""
    text = text[:MAX_TEXT].encode("utf-8", "replace").decode()
    return text.replace("##[", "# #[")  # a command of GitHub's log, wherever it stands


@dataclass(frozen=True)
class Message:
    """A text of the catalogue, so that any language can say it."""

    id: str
    #: What fills the gaps of the text.
    values: dict[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        values = {k: clean(v) if isinstance(v, str) else v for k, v in self.values.items()}
        object.__setattr__(self, "values", values)


@dataclass(frozen=True)
class Check:
    """A planned check: known before any student's code runs."""

    id: str
    task: str
    #: The symbol it is about, or "" for the whole file.
    symbol: str
    #: The promise in English; messages.py translates it.
    title: str
    points: int
    #: The id of the check that must pass first, or "".
    after: str
    #: Ids of checks whose failure fails this one too.
    members: tuple[str, ...]
    #: The name of the function that runs it.
    function: str


@dataclass(frozen=True)
class Result:
    """What came of a check."""

    check: Check
    #: passed, failed or not_run.
    outcome: str
    #: What it earned; given when the whole task was judged.
    points: float = 0.0
    message: Message | None = None
    seconds: float = 0.0
    #: The id of the typical mistake that the student's code behaves like.
    misconception: str | None = None
    #: Points that the check itself stated, where they are neither all nor none.
    stated: float | None = None
    #: Whether the points of the task are not decided yet.
    held: bool = False
    #: What the grader itself did wrong, or "".
    broke: str = ""


@dataclass(frozen=True)
class Flow:
    """How strong a gradient reached each layer of a network, first to last."""

    #: How the network was made.
    call: str
    names: tuple[str, ...]
    #: The L2 norm of the gradient of each weight.
    norms: tuple[float, ...]
    #: The same of the reference; may be empty.
    right: tuple[float, ...] = ()
    #: The same of the reference without its skip connections; may be empty.
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
    """One task."""

    task: str
    #: graded, missing, or error (nothing is decided: points is None).
    status: str
    points: float | None
    max_points: float
    checks: tuple[Result, ...]
    flows: tuple[Flow, ...] = ()
    #: What the student's code had printed when a check first failed; not part of the report.
    printed: str = ""

    def result(self, id: str) -> Result:
        """The result of a check."""
        return next(result for result in self.checks if result.check.id == id)


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
    """One submission."""

    submission: str
    commit: str | None
    seed: str
    device: str
    versions: dict[str, str]
    tasks: tuple[TaskReport, ...]
    #: About the run, such as a missing sandbox.
    notes: tuple[Message, ...] = ()
    origins: tuple[Origin, ...] = ()
    #: The digest of all that decides (receipt.py); "" before the report is complete.
    receipt: str = ""

    @property
    def points(self) -> float | None:
        """The sum over the tasks; None if nothing is decided about one of them."""
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


# The codec -------------------------------------------------------------------------------


def to_data(report: Report) -> dict[str, Any]:
    """A report as data for JSON: everything but texts."""
    return {
        "schema": SCHEMA,
        "submission": report.submission,
        "commit": report.commit,
        "seed": report.seed,
        "device": report.device,
        "versions": report.versions,
        "points": report.points,
        "max_points": report.max_points,
        "tasks": [task_to_data(task) for task in report.tasks],
        "gradient_flow": {
            task.task: [asdict(flow) for flow in task.flows] for task in report.tasks if task.flows
        },
        "collected": [asdict(origin) for origin in report.origins],
    }


def task_to_data(task: TaskReport) -> dict[str, Any]:
    """A task as data for JSON, without its flows."""
    return {
        "task": task.task,
        "status": task.status,
        "points": task.points,
        "max_points": task.max_points,
        "checks": [_result_to_data(result) for result in task.checks],
    }


def _result_to_data(result: Result) -> dict[str, Any]:
    return {
        "id": result.check.id,
        "outcome": result.outcome,
        "points": result.points,
        "max_points": result.check.points,
        "message_id": result.message.id if result.message else "",
        "values": result.message.values if result.message else {},
        "misconception": result.misconception,
        "seconds": round(result.seconds, 4),
    }


def from_data(data: Mapping[str, Any], plan: Callable[[str], Sequence[Check]]) -> Report:
    """The report that to_data made data of; nothing is believed that the plan does not allow.

    plan: the checks of a task, by its name. Notes, origins and receipt are not read.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is none, or has another plan.
    """
    if data["schema"] != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")
    flows = data.get("gradient_flow", {})
    tasks = tuple(
        task_from_data(task, plan(task["task"]), flows.get(task["task"], ()))
        for task in data["tasks"]
    )
    names = [task.task for task in tasks]
    if len(set(names)) != len(names):
        raise ValueError("a task stands there twice")
    return Report(
        clean(str(data["submission"])),
        None if data["commit"] is None else clean(str(data["commit"])),
        clean(str(data["seed"])),
        clean(str(data["device"])),
        {clean(str(name)): clean(str(of)) for name, of in data["versions"].items()},
        tasks,
    )


def task_from_data(
    data: Mapping[str, Any], checks: Sequence[Check], flows: Sequence[Mapping[str, Any]] = ()
) -> TaskReport:
    """The task that task_to_data made data of.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is none, or has another plan.
    """
    name = data["task"]
    if data["status"] not in STATUS or len(data["checks"]) != len(checks):
        raise ValueError(f"{name}: another plan of checks")
    results = tuple(
        result_from_data(kept, check) for check, kept in zip(checks, data["checks"], strict=True)
    )
    total = sum(result.points for result in results)
    wanted = None if data["status"] == "error" else total
    if data["points"] != wanted or (data["status"] == "missing" and total):
        raise ValueError(f"{name}: its points are not the sum of its checks")
    maximum = float(sum(check.points for check in checks))
    found = tuple(_flow_from_data(flow) for flow in flows)
    return TaskReport(name, data["status"], wanted, maximum, results, found)


def result_from_data(data: Mapping[str, Any], check: Check) -> Result:
    """The result of a check.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is not of this check.
    """
    points, id, named = float(data["points"]), data["message_id"], data["misconception"]
    if data["id"] != check.id or data["outcome"] not in OUTCOMES or not 0 <= points <= check.points:
        raise ValueError(f"{check.id}: another check")
    if not isinstance(id, str) or not isinstance(named, str | None):
        raise TypeError(f"{check.id}: no names of a message and of a mistake")
    values = dict(data["values"])
    if not all(type(v) in (str, int, float) and str(k).isidentifier() for k, v in values.items()):
        raise ValueError(f"{check.id}: no values of a message")
    message = Message(id, values) if id else None
    return Result(check, data["outcome"], points, message, float(data["seconds"]), named)


def _flow_from_data(data: Mapping[str, Any]) -> Flow:
    norms, right, plain = (
        tuple(float(norm) for norm in data[key]) for key in ("norms", "right", "plain")
    )
    names = tuple(clean(str(name)) for name in data["names"])
    if len(names) != len(norms):
        raise ValueError("another number of layers")
    return Flow(clean(str(data["call"])), names, norms, right, plain)


def digest(data: Mapping[str, Any]) -> str:
    """The digest of a report's JSON.

    Raises:
        KeyError, TypeError, AttributeError: it is no report.
    """
    tasks = [
        {
            **{name: task[name] for name in ("task", "status", "points", "max_points")},
            "checks": [{name: check[name] for name in OF_CHECK} for check in task["checks"]],
        }
        for task in data["tasks"]
    ]
    decides = {name: data[name] for name in WHOLE}
    decides |= {"tasks": tasks, "collected": data.get("collected", [])}
    return hashlib.sha256(canonical(decides)).hexdigest()


def canonical(value: Any) -> bytes:
    """JSON in the one form that is signed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
