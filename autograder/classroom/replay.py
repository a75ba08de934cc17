"""A report again: graded from the same commit, seed and device, compared check by check."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.checks.task_run import planned
from autograder.classroom.collect.collecting import MIRRORS, SUBMISSIONS
from autograder.classroom.collect.git import Mirror
from autograder.classroom.collect.tree import lay_out, read_tree
from autograder.course.tasks import Task, task_named
from autograder.errors import UsageError
from autograder.model import OF_CHECK, Message, Report, TaskReport, clean, result_from_data
from autograder.submission.collected import receipted


@dataclass(frozen=True)
class Change:
    """A task whose verdict is another one. checks: those whose outcome or points changed."""

    task: str
    before: float | None
    after: float | None
    checks: tuple[str, ...] = ()

    @property
    def lower(self) -> bool:
        """Whether it takes points, or a verdict that was there."""
        return self.before is not None and (self.after is None or self.after < self.before)

    def __str__(self) -> str:
        points = f"{self.task}: {_number(self.before)} -> {_number(self.after)}"
        if self.before is not None and self.after is not None:
            points += f" ({self.after - self.before:+g})"
        return f"{points}, through {', '.join(self.checks)}" if self.checks else points


def _number(points: float | None) -> str:
    return "undecided" if points is None else f"{points:g}"


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The tasks of two reports' JSON whose points differ, and the checks that made it so."""
    found = []
    old = {task["task"]: task for task in before["tasks"]}
    for task in after["tasks"]:
        own = old.get(task["task"])
        if own is None or own["points"] == task["points"]:
            continue
        then = {check["id"]: check for check in own["checks"]}
        moved = [
            f"{check['id']} {then[check['id']]['outcome']} -> {check['outcome']}"
            if check["id"] in then
            else f"{check['id']} is new"
            for check in task["checks"]
            if check["max_points"] and check["points"] != then.get(check["id"], {}).get("points")
        ]
        gone = then.keys() - {check["id"] for check in task["checks"]}
        moved += [f"{id} is no longer checked" for id in then if id in gone and then[id]["points"]]
        found.append(Change(task["task"], own["points"], task["points"], tuple(moved)))
    return found


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Everything but timings and texts in which two reports' JSON differ, a line each."""
    found = [
        f"{name}: {before[name]} -> {after[name]}"
        for name in ("seed", "device", "points", "max_points")
        if before[name] != after[name]
    ]
    flows = (before.get("gradient_flow", {}), after["gradient_flow"])
    found += [
        f"{name}: the gradient flow differs"
        for name in {**flows[0], **flows[1]}
        if flows[0].get(name) != flows[1].get(name)
    ]
    old = {task["task"]: task for task in before["tasks"]}
    for task in after["tasks"]:
        own = old[task["task"]]
        found += [
            f"{task['task']}: {name} {own[name]} -> {task[name]}"
            for name in ("status", "points", "max_points")
            if own[name] != task[name]
        ]
        then = {check["id"]: check for check in own["checks"]}
        now = {check["id"]: check for check in task["checks"]}
        for id in {**then, **now}:
            if id not in then or id not in now:
                found.append(f"{id}: {'only now' if id in now else 'only then'}")
                continue
            moved = [name for name in OF_CHECK[1:] if then[id][name] != now[id][name]]
            if "message_id" in moved and "values" in moved:
                moved.remove("values")  # of another message
            told = [f"{name} {then[id][name]} -> {now[id][name]}" for name in moved]
            found += [clean(f"{id}: {', '.join(told)}")] if told else []
    return found


def circumstances(before: Mapping[str, Any], versions: Mapping[str, str]) -> list[str]:
    """In what the grader of a report was another one."""
    names = {**before["versions"], **versions}
    return [
        f"{name} was {before['versions'].get(name, 'not there')}, here it is {here}"
        for name in names
        if (here := versions.get(name, "not there")) != before["versions"].get(name)
    ]


@contextmanager
def as_graded(data: Mapping[str, Any], given: Path | None) -> Iterator[Path]:
    """The submission that a report is of: as it was collected, where its mirror is still there.

    Raises:
        UsageError: it is nowhere.
    """
    folder = given or Path(data["submission"])
    mirror = folder.absolute().parent.parent / MIRRORS / f"{folder.absolute().name}.git"
    commits = {origin["task"]: origin["commit"] for origin in data.get("collected", [])}
    if given is None and commits and (mirror / "HEAD").is_file():
        with tempfile.TemporaryDirectory() as scratch:
            own = Path(scratch) / SUBMISSIONS / folder.absolute().name
            _restore(Mirror(mirror, ""), commits, own)
            yield own
        return
    if not folder.is_dir():
        raise UsageError(f"{folder}: the submission is not there; give its folder as well")
    yield folder


def _restore(mirror: Mirror, commits: Mapping[str, str], folder: Path) -> None:
    """Lay out each task as it was at a commit."""
    for name, commit in commits.items():
        task = task_named(name)
        (folder / task.folder).mkdir(parents=True)
        lay_out(mirror, read_tree(mirror, commit).parts().get(task.folder, []), folder)


def kept(report: Report, before: Mapping[str, Any], lost: list[Change]) -> Report:
    """The report with the old verdicts of tasks that lost points."""
    old = {task["task"]: task for task in before["tasks"]}
    names = {change.task for change in lost}
    tasks = tuple(
        _restored(task_named(task.task), old[task.task]) if task.task in names else task
        for task in report.tasks
    )
    notes = tuple(
        Message("note.kept_grade", {"task": change.task, "points": f"{change.after:g}"})
        for change in lost
        if change.after is not None
    )
    return receipted(replace(report, tasks=tasks, notes=report.notes + notes))


def _restored(task: Task, kept: Mapping[str, Any]) -> TaskReport:
    """A task's report of its JSON, with the checks that are still planned."""
    now = {check.id: check for check in planned(task)}
    checks = tuple(
        result_from_data(own, now[own["id"]]) for own in kept["checks"] if own["id"] in now
    )
    return TaskReport(task.name, kept["status"], kept["points"], kept["max_points"], checks)


def set_aside(path: Path, data: Mapping[str, Any]) -> Path:
    """Keep a report beside those that are made now; an older one is never overwritten."""
    folder = path.parent / "before"
    folder.mkdir(exist_ok=True)
    version = data["versions"].get("autograder", "0")
    target, number = folder / f"{path.stem}.{version}.json", 2
    while target.exists() and target.read_bytes() != path.read_bytes():
        target, number = folder / f"{path.stem}.{version}-{number}.json", number + 1
    shutil.copyfile(path, target)
    return target
