"""Commands to account for a grade: receipt, replay, regrade."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autograder.cli.options import (
    CourseOption,
    ImagesOption,
    JobsOption,
    RunsOption,
    Sandbox,
    SandboxOption,
    TruthOption,
    isolation,
)
from autograder.errors import UsageError

if TYPE_CHECKING:
    from autograder.grading.batch import Plan

app = typer.Typer()


@app.command()
def receipt(
    report: Annotated[Path, typer.Argument(metavar="REPORT.json")],
    published: Annotated[
        Path | None, typer.Option(metavar="FILE", help="receipts.txt, as the course gave it out.")
    ] = None,
) -> None:
    """Check that a report was not edited: exit 1 if it was, 2 if that cannot be told."""
    from autograder.model import digest
    from autograder.report import receipt as receipts
    from autograder.report.reading import read_data

    data = read_data(report)
    found = digest(data)
    if published is not None:
        known = found in receipts.published(published)
        # The digest that a report carries says nothing: whoever edits it can write another.
        how = f"is in {published}" if known else f"is not in {published}: edited, or of another run"
    else:
        known = receipts.verify(data, _key(report))
        how = "is signed with this course's key" if known else "was edited after it was signed"
    print(f"{report}: receipt {found[:16]} {how}")
    raise typer.Exit(0 if known else 1)


def _key(report: Path) -> str:
    """The key of a report's course."""
    import os

    from autograder.cli.options import course_key
    from autograder.report.folder import BATCH

    if not os.environ.get("AUTOGRADER_KEY") and not (report.parent / BATCH).is_file():
        raise UsageError(
            f"no key to check the signature with: set AUTOGRADER_KEY, keep {BATCH} beside the "
            "report, or use --published receipts.txt"
        )
    return course_key(report.parent)


@app.command()
def replay(
    report: Annotated[Path, typer.Argument(metavar="REPORT.json")],
    submission: Annotated[Path | None, typer.Argument(metavar="[SUBMISSION]")] = None,
    sandbox: SandboxOption = Sandbox.auto,
    truth: TruthOption = None,
    images: ImagesOption = None,
    runs: RunsOption = None,
    course: CourseOption = None,
) -> None:
    """Grade again as a report says; name every difference. Exit 1 if there is one."""
    import json

    from autograder.classroom.replay import as_graded, circumstances, differences
    from autograder.course.messages import Catalogue
    from autograder.grading.batch import grade_all
    from autograder.grading.grade import versions
    from autograder.report.as_json import to_dict
    from autograder.report.reading import read_data

    before = read_data(report)
    rules = {"truth": truth, "images": images, "runs": runs}
    for line in circumstances(before, versions()):
        print(line)
    with as_graded(before, submission) as folder:
        plan = _plan(before, sandbox, rules, course)
        [(_, again)] = grade_all([str(folder)], plan)
    # As in its file: a tuple is a list there.
    after = json.loads(json.dumps(to_dict(again, Catalogue.load(before["lang"]))))
    found = differences(before, after)
    if after["commit"] not in (None, before["commit"]):
        print(f"commit was {before['commit']}, here it is {after['commit']}")
    for line in found:
        print(line)
    name = f"{report}: {len(found)} differences" if found else f"{report}: reproduced exactly"
    print(name)
    raise typer.Exit(1 if found else 0)


def _plan(
    before: dict[str, Any], sandbox: Sandbox, rules: dict[str, Path | None], course: Path | None
) -> "Plan":
    """Grade as a report was: its tasks, seed and device."""
    from autograder.cli.options import Device, device_of, homework_rules
    from autograder.course.settings import find_course
    from autograder.course.tasks import task_named
    from autograder.grading.batch import Plan

    isolated = isolation(sandbox)
    if before["device"] not in ("cpu", "cuda"):
        raise UsageError(f"device {before['device']!r}: this report cannot be replayed")
    here = find_course(course)
    return Plan(
        course=here,
        tasks=tuple(task_named(task["task"]) for task in before["tasks"]),
        seed=before["seed"],
        key="",
        device=device_of(Device(before["device"])),
        notes=(),
        rules=homework_rules(here.homework, **rules),
        sandbox=isolated,
    )


@app.command()
def regrade(
    submissions: Annotated[list[str], typer.Argument(metavar="SUBMISSION...")],
    since: Annotated[
        str, typer.Option(metavar="OUT_OLD|VERSION", help="Old reports, or who made those in OUT.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the reports go.")],
    allow_lower: Annotated[
        bool, typer.Option("--allow-lower", help="Take points too; else they are only raised.")
    ] = False,
    jobs: JobsOption = 1,
    sandbox: SandboxOption = Sandbox.auto,
    lang: Annotated[str, typer.Option(metavar="en|ru", help="Language of the reports.")] = "ru",
    truth: TruthOption = None,
    images: ImagesOption = None,
    runs: RunsOption = None,
    course: CourseOption = None,
) -> None:
    """Grade again with this version; say who changes, by how much and through which check."""
    import json
    from dataclasses import replace

    from autograder.classroom.replay import changes, kept, set_aside
    from autograder.cli.options import course_key
    from autograder.course.messages import Catalogue
    from autograder.course.tasks import all_tasks
    from autograder.files import write
    from autograder.grading.batch import grade_all
    from autograder.grading.processes import Processes
    from autograder.report.as_json import to_dict
    from autograder.report.folder import BATCH, Results, file_names
    from autograder.report.reading import read_data
    from autograder.report.receipt import edited
    from autograder.report.terminal import safe

    version = re.fullmatch(r"\d+(\.\d+)*", since) is not None
    old = out if version else Path(since)
    names = file_names(submissions)
    reports = {name: old / f"{name}.json" for name in names}
    if lost := [name for name, path in reports.items() if not path.is_file()]:
        raise UsageError(f"{old}: no report of {', '.join(lost[:10])}; leave them out, or grade")
    before = {name: read_data(path) for name, path in reports.items()}
    if version and all(_newer(data, since) for data in before.values()):
        raise UsageError(f"--since {since}: every report in {out} is of a newer version")
    if (old / BATCH).is_file() and old != out:
        write(out / BATCH, (old / BATCH).read_text(encoding="utf-8"))
    key = course_key(out)
    first = before[names[0]]
    there = {task["task"] for data in before.values() for task in data["tasks"]}
    tasks = [{"task": task.name} for task in all_tasks() if task.name in there]
    rules = {"truth": truth, "images": images, "runs": runs}
    plan = replace(
        _plan({**first, "seed": None, "tasks": tasks}, sandbox, rules, course),
        key=key,
        jobs=jobs,
        cache=out.absolute() / "cache",
    )
    catalogue = Catalogue.load(lang)
    results = Results(out, submissions, catalogue, names=False, key=key)
    raised = lowered = 0
    made = Processes if len(submissions) > 1 else None
    for number, report in grade_all(submissions, plan, made):
        name = names[number]
        after = json.loads(json.dumps(to_dict(report, catalogue)))
        found = changes(before[name], after)
        if edited(before[name], key):
            print(safe(f"{name}: the old report was edited after it was signed"))
        if before[name]["seed"] != after["seed"]:
            print(safe(f"{name}: other seeds than then: its files, its tasks or the key changed"))
        lower = [change for change in found if change.lower]
        for change in found:
            keeps = change.lower and not allow_lower
            print(safe(f"{name}: {change}{'; kept' if keeps else ''}"))
        raised += len(found) > len(lower)
        lowered += bool(lower)
        if found and old.absolute() == out.absolute():
            set_aside(reports[name], before[name])
        results.add(number, report if allow_lower else kept(report, before[name], lower))
    results.finish()
    taken = "lowered" if allow_lower else "would be lower and kept their points (--allow-lower)"
    print(f"{len(names)} graded again: {raised} raised, {lowered} {taken}")
    for problem in results.problems:
        print(f"autograder: {problem}", file=sys.stderr)
    results.complain()


def _newer(report: dict[str, Any], version: str) -> bool:
    def parts(text: str) -> list[int]:
        return [int(number) for number in re.findall(r"\d+", text)]

    return parts(report["versions"].get("autograder", "0")) > parts(version)
