"""One task of one submission becomes its report: the centre that everything calls.

``check``, ``grade``, the pytest plugin, ``verify``, the recordings and the commands for CI differ
in where student code runs and what it is compared with, never in how it is judged: the checks run,
then diagnosis looks at what failed, then points are given.
"""

import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from autograder.checks.answers import Answers
from autograder.checks.programs import ProgramAnswers
from autograder.checks.task_run import TaskRun, ignore, planned
from autograder.course.tasks import Task
from autograder.diagnose.explain import explain
from autograder.diagnose.flow import flows
from autograder.grading.references import References
from autograder.model import Check, Flow, Message, Result, TaskReport, clean
from autograder.observe.profiles import Profile, profile_for
from autograder.observe.session import LocalWorkers, Session, Workers
from autograder.submission.homework import Homework
from autograder.submission.task_files import TaskFiles


def grade_task(
    files: TaskFiles,
    references: References,
    seed: str,
    *,
    workers: Workers | None = None,
    profile: Profile | None = None,
    device: str = "cpu",
    homework: Homework | None = None,
    only: Collection[str] = (),
    on_result: Callable[[Result], None] = ignore,
) -> TaskReport:
    """Judge the files of a task.

    seed: of the numbers, up to 15 hexadecimal digits. workers, profile, device: where the student's
    code runs and what it may use. homework: the predictions to score. only: ids of some checks,
    which then stand in the report with those that they need. on_result: called with each result as
    it comes, before the diagnosis and without points.

    Raises:
        UsageError: student code cannot be isolated on this machine.
    """
    checks = planned(files.task)
    if files.problem:
        return unreadable(files, checks)
    student = ask_student(files, workers or LocalWorkers(), profile or Profile(), device)
    run = TaskRun(files.task, student, references.right, seed, homework, only, on_result=on_result)
    found: tuple[Flow, ...] = ()
    try:
        run.run()
        try:
            explain(run, references.mistakes)
            found = flows(run)
        except Exception as broke:  # no diagnosis: the verdict stands
            warnings.warn(f"no diagnosis of {files.task.name}: {broke!r}", stacklevel=1)
    finally:
        student.close()
    return report(files.task, list(run.results.values()), found, run.printed)


def ask_student(files: TaskFiles, workers: Workers, profile: Profile, device: str) -> Answers:
    """Answers of a worker that sees a private copy of a task's files."""
    own = profile_for(profile, files.task.allowed, device)

    def opens() -> tuple[Session, str]:
        session = workers.session(own, files.placed())
        return session, session.path(f"{files.task.folder}/{files.task.file}")

    kind = ProgramAnswers if files.task.predictions else Answers
    return kind(files.task.name, opens, device, files.task.files)


def report(
    task: Task, results: Sequence[Result], found: tuple[Flow, ...] = (), printed: str = ""
) -> TaskReport:
    """The report of a task that was judged; its points are open where a check did not decide."""
    given = tuple(
        replace(result, points=earned(result), seconds=round(result.seconds, 4))
        for result in results
    )
    maximum = float(sum(result.check.points for result in results))
    if any(result.broke or result.held for result in results):
        return TaskReport(task.name, "error", None, maximum, given, printed=printed)
    points = sum(result.points for result in given)
    return TaskReport(task.name, "graded", points, maximum, given, found, printed)


def earned(result: Result) -> float:
    """The points of a result: all or nothing, unless the check stated them."""
    if result.stated is not None:
        return result.stated
    return float(result.check.points) if result.outcome == "passed" else 0.0


def unreadable(files: TaskFiles, checks: Sequence[Check]) -> TaskReport:
    """The report of a task whose file cannot be judged: the first check fails, saying why."""
    first, *rest = checks
    wanted = f"{files.task.folder}/{files.task.file}"
    why = Message(f"file.{files.problem}", {"file": wanted})
    if files.others:  # a person must say whether it is meant
        why = replace(why, values={**why.values, "found": ", ".join(map(clean, files.others))})
    after = Message("not_run.after", {"check": first.id})
    results = [Result(first, "failed", message=why)]
    results += [Result(check, "not_run", message=after) for check in rest]
    status = "missing" if files.problem == "missing" else "graded"
    maximum = float(sum(check.points for check in checks))
    if files.others:
        return TaskReport(files.task.name, "error", None, maximum, tuple(results))
    return TaskReport(files.task.name, status, 0.0, maximum, tuple(results))


def undecided(task: Task, why: str) -> TaskReport:
    """The report of a task on which the grader itself broke."""
    broke = Message("not_run.grader_broke", {"text": why[:300]})
    results = [Result(check, "not_run", message=broke, broke=why) for check in planned(task)]
    return report(task, results)
