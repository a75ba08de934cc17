"""One submission -> Report: read the files, question the code, judge the answers."""

import hashlib
import hmac
import platform
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from autograder import __version__
from autograder.checks.judge import Bench, Judge, Result, planned
from autograder.checks.promise import Check, Message, clean
from autograder.checks.witness import NoAnswer, Reference, Witness
from autograder.course import Course, patched
from autograder.diagnose import catalogue
from autograder.diagnose.catalogue import Entry
from autograder.diagnose.explain import Mistakes
from autograder.errors import GraderFault, UsageError
from autograder.homework import Homework, Rules
from autograder.observe import protocol
from autograder.observe.session import LocalWorkers, Session, SharedSession, Workers
from autograder.report.model import CheckReport, Flow, Report, TaskReport
from autograder.sandbox.profiles import Profile, profile_for
from autograder.seeds import Seeds, seed_of, seeded
from autograder.submission import TaskFiles, read_file, read_submission
from autograder.tasks import Task, all_tasks


@dataclass(frozen=True)
class Options:
    """How to grade. seed: replay this seed; key: make each task's seed from its files.

    seeds: those that the holder of the key handed out, where the key is not here.
    """

    tasks: tuple[Task, ...] = field(default_factory=all_tasks)
    seed: str | None = None
    key: str = field(default_factory=lambda: secrets.token_hex(16))
    device: str = "cpu"
    student: Profile = field(default_factory=Profile)
    workers: Workers = field(default_factory=LocalWorkers)
    notes: tuple[Message, ...] = ()
    rules: Rules = field(default_factory=Rules)
    seeds: Seeds | None = None


class Solutions:
    """The references of a course in one worker process of their own, started at once."""

    def __init__(self, course: Course, tasks: tuple[Task, ...], device: str = "cpu") -> None:
        self._session = SharedSession(Profile(cpu_seconds=120))
        self._sources: dict[str, dict[str, bytes]] = {}
        self._device = device
        self._course = course
        self._witnesses: dict[str, list[Witness]] = {}
        self._mistakes: dict[str, Mistakes] = {}
        self._carrying: dict[str, Witness] = {}
        for task in tasks:
            self._sources[task.name] = {}
            if task.homework:
                continue  # the student's own design: there is nothing to compare with
            source = course.solution(task).read_text(encoding="utf-8")
            versions = {task.file: source}
            for variant in course.accepted(task):
                name = f"{task.name}_{variant.id}.py"
                versions[name] = patched(source, variant.replace, variant.by, variant.id)
            self._sources[task.name] = {name: text.encode() for name, text in versions.items()}
            for name, content in self._sources[task.name].items():
                self._session.place(name, content)

    def witnesses(self, task: Task) -> list[Witness]:
        """The solution and the accepted variants of a task."""
        if task.name not in self._witnesses:
            self._witnesses[task.name] = [
                TrustedWitness(
                    f"{task.name}/{name}", partial(self._session.open, name), self._device
                )
                for name in self._sources[task.name]
            ]
        return self._witnesses[task.name]

    def sources(self, task: Task) -> list[bytes]:
        """The texts of the solution and of the accepted variants."""
        return list(self._sources[task.name].values())

    def references(self, task: Task) -> list[Reference]:
        return list(self.witnesses(task))

    def mistakes(self, task: Task) -> Mistakes:
        """The catalogue of typical mistakes; empty where it is not made from this course."""
        if task.name not in self._mistakes:
            fresh = catalogue.is_fresh(self._course, task)
            found = partial(catalogue.entries, task.name) if fresh else tuple
            self._mistakes[task.name] = Mistakes(found, self._carried)
        return self._mistakes[task.name]

    def _carried(self, task: Task, entries: list[Entry]) -> Reference | None:
        """The solution with mistakes in it, as the reference of what is built from them."""
        text = catalogue.bases(self._course, task)[entries[0].title.base]
        patches = {mutant.id: catalogue.variants(mutant) for mutant in self._course.mutants(task)}
        try:
            for entry in entries:
                patch = patches[entry.title.id][entry.title.variant]
                if entry.title.base != entries[0].title.base:
                    return None
                text = patched(text, *patch, entry.title.id)
        except GraderFault:
            return None  # two mistakes in one place
        names = (f"{e.title.base}_{e.title.id}_{e.title.variant}" for e in entries)
        name = f"{task.name}_{'_'.join(names)}.py"
        self._session.place(name, text.encode())
        witness = Witness(f"{task.name}/{name}", partial(self._session.open, name), self._device)
        self._free(task)  # two large networks of this kind may be more than the worker's memory
        self._carrying[task.name] = witness
        return witness

    def _free(self, task: Task) -> None:
        if (carried := self._carrying.pop(task.name, None)) is not None:
            carried.forget()

    def forget(self, task: Task) -> None:
        """Free the large networks of a task; drop the answers that depend on a seed."""
        for witness in self._witnesses.get(task.name, []):
            witness.forget(small=False)
        self._free(task)

    def close(self) -> None:
        self._session.close()


class TrustedWitness(Witness):
    """A witness of our own code: a fault there is the grader's, not the student's."""

    def _ask(self, request: protocol.Request, kind: type, call: str):  # type: ignore[no-untyped-def]
        try:
            return super()._ask(request, kind, call)
        except NoAnswer as error:
            fault = error.fault
            raise GraderFault(
                f"the reference of {self.task} gave no answer to {call}: {fault.kind} "
                f"{fault.message} {fault.file}:{fault.line}"
            ) from None


def student_witness(
    files: TaskFiles, profile: Profile, workers: Workers, device: str = "cpu"
) -> Witness:
    """A witness whose worker sees a private copy of a task's files."""
    own = profile_for(profile, files.task.allowed, device)

    def opens() -> tuple[Session, str]:
        session = workers.session(own, files.placed())
        return session, session.path(f"{files.task.folder}/{files.task.file}")

    return Witness(files.task.name, opens, device, files.task.files)


def task_seed(options: Options, files: TaskFiles) -> str:
    """The seed of a task: of the key and the files, so that equal files get equal verdicts.

    A seed to replay is either a report's ("resnet=5f0c…,vgg=…") or any text for all tasks.
    """
    if options.seed is not None:
        stated = dict(part.split("=", 1) for part in options.seed.split(",") if "=" in part)
        if files.task.name in stated:
            seed = stated[files.task.name]
            if not re.fullmatch(r"[0-9a-f]{1,15}", seed):
                raise UsageError(f"--seed {files.task.name}={seed}: copy the seed of the report")
            return seed
        return _hmac(options.seed, files.task.name)
    if options.seeds is not None:
        return seed_of(options.seeds, files)
    return _hmac(options.key, seeded(files))


def _hmac(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()[:15]


def grade(
    folder: Path,
    solutions: Solutions | None,
    options: Options,
    told: Callable[[Result], None] = lambda result: None,
    known: Mapping[str, TaskReport] | None = None,
    judged: Callable[[TaskReport], None] = lambda report: None,
) -> Report:
    """Grade one submission; known: reports of tasks, by name, that need not be judged again.

    solutions may be missing where every task is known. judged is called with the report of a
    task as soon as its last check ran.

    Raises:
        UsageError: the folder is no submission.
    """
    found = read_submission(folder, options.tasks)
    seeds = {files.task.name: task_seed(options, files) for files in found}
    known = known or {}
    readable = [files for files in found if not files.problem and files.task.name not in known]
    if readable and not solutions:
        raise GraderFault("there is nothing to judge these tasks by")
    benches = [
        Bench(
            files.task,
            student_witness(files, options.student, options.workers, options.device),
            solutions.references(files.task) if solutions else [],
            seeds[files.task.name],
            read_homework(folder, files.task, options.rules),
            solutions.mistakes(files.task) if solutions else Mistakes(),
        )
        for files in readable
    ]
    waiting = iter(benches)

    def start_next() -> None:
        """Start the worker of the next task early: it imports torch meanwhile."""
        bench = next(waiting, None)
        if bench is not None:
            bench.student.prepare()

    def done(bench: Bench) -> None:
        bench.student.close()
        if solutions:
            solutions.forget(bench.task)
        if all(check.id in judge.results for check in planned(bench.task)):
            files = next(files for files in readable if files.task == bench.task)
            judged(_task_report(files, judge.results, judge.flows))
        start_next()

    judge = Judge(benches, told=told, done=done)
    start_next()
    start_next()
    try:
        results = judge.run() if benches else {}
    finally:
        for bench in benches:
            bench.student.close()
    reports = [
        known.get(files.task.name) or _task_report(files, results, judge.flows) for files in found
    ]
    return Report(
        submission=clean(str(folder)),
        commit=commit_of(folder),
        seed=",".join(f"{name}={seed}" for name, seed in seeds.items()),
        device=options.device,
        versions=versions(),
        tasks=tuple(reports),
        notes=options.notes,
    )


def read_homework(folder: Path, task: Task, rules: Rules) -> Homework | None:
    """The files to score of a submission, if the task is the homework."""
    if not task.homework:
        return None
    return Homework(folder / task.folder, folder.resolve().name, rules)


def _task_report(
    files: TaskFiles, results: dict[str, Result], flows: dict[str, tuple[Flow, ...]]
) -> TaskReport:
    checks = planned(files.task)
    maximum = float(sum(check.points for check in checks))
    if files.problem:
        status = "missing" if files.problem == "missing" else "graded"
        return TaskReport(files.task.name, status, 0.0, maximum, tuple(unreadable(files, checks)))
    reports = [check_report(results[check.id]) for check in checks]
    if any(results[check.id].broke or results[check.id].held for check in checks):
        return TaskReport(files.task.name, "error", None, maximum, tuple(reports))
    points = sum(report.points for report in reports)
    flow = flows.get(files.task.name, ())
    return TaskReport(files.task.name, "graded", points, maximum, tuple(reports), flow)


def unreadable(files: TaskFiles, checks: Sequence[Check]) -> list[CheckReport]:
    """The reports of a task whose file cannot be judged: the first check fails, saying why."""
    first, *rest = checks
    why = Message(f"file.{files.problem}", {"file": f"{files.task.folder}/{files.task.file}"})
    after = Message("not_run.after", {"check": first.id})
    reports = [CheckReport(first, "failed", 0.0, why, 0.0)]
    return reports + [CheckReport(check, "not_run", 0.0, after, 0.0) for check in rest]


def check_report(result: Result) -> CheckReport:
    """The points of a result: all or nothing, unless it states them."""
    points = float(result.check.points) if result.outcome == "passed" else 0.0
    if result.points is not None:
        points = result.points
    named = result.misconception or None
    return CheckReport(result.check, result.outcome, points, result.message, result.seconds, named)


def versions() -> dict[str, str]:
    """What a grade depends on."""
    found = {"autograder": __version__, "python": platform.python_version()}
    for package in ("torch", "numpy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            raise GraderFault(f"{package} is not installed") from None
    return found


def commit_of(folder: Path) -> str | None:
    """The commit a submission is checked out at, read from .git without running git."""
    for place in (folder, *folder.resolve().parents):
        git = place / ".git"
        if git.is_dir() and not git.is_symlink():
            return _head(git)
    return None


def _head(git: Path) -> str | None:
    try:
        head = _git_text(git / "HEAD")
        if not head.startswith("ref: "):
            return _commit(head)
        name = head.removeprefix("ref: ")
        if ".." in name or not name.startswith("refs/"):
            return None
        if (git / name).is_file():
            return _commit(_git_text(git / name))
        for line in _git_text(git / "packed-refs").splitlines():
            if line.endswith(f" {name}"):
                return _commit(line.split()[0])
    except (OSError, UnicodeDecodeError):
        pass
    return None


def _git_text(path: Path) -> str:
    """A small regular file of .git; a student may have put anything else there."""
    content, problem = read_file(path)
    if problem:
        raise OSError(problem)
    return content.decode("ascii").strip()


def _commit(text: str) -> str | None:
    return text if len(text) in (40, 64) and all(c in "0123456789abcdef" for c in text) else None
