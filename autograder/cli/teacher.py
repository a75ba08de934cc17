"""Commands for who grades: grade, sandbox."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.options import (
    CourseOption,
    Device,
    EngineName,
    ImagesOption,
    JobsOption,
    LangOption,
    NamesOption,
    PublicOption,
    RosterOption,
    RunsOption,
    Sandbox,
    SandboxOption,
    TaskOption,
    TruthOption,
    chosen_tasks,
    complain,
    course_key,
    device_of,
    homework_rules,
    isolation,
    out_folder,
    places_of,
)
from autograder.errors import UsageError
from autograder.files import write

app = typer.Typer()


@app.command()
def grade(
    submissions: Annotated[list[str], typer.Argument(metavar="SUBMISSION...")],
    task: TaskOption = None,
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE|-", help="Write the report as JSON.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report as HTML.")] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder for a JSON file each, grades.csv, class.html."),
    ] = None,
    lang: LangOption = None,
    device: Device = Device.auto,
    seed: Annotated[str | None, typer.Option(help="Replay the seed of a report.")] = None,
    seeds: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Seeds of a class, of autograder handover."),
    ] = None,
    sandbox: SandboxOption = Sandbox.auto,
    engine: Annotated[
        EngineName, typer.Option(help="This machine, or a Ray cluster.")
    ] = EngineName.local,
    ray_address: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A running Ray cluster: HOST:PORT.")
    ] = None,
    jobs: JobsOption = 1,
    names: NamesOption = False,
    roster: RosterOption = None,
    snapshot: Annotated[
        bool, typer.Option("--snapshot", help="Look at work in progress: write no grade.")
    ] = False,
    course: CourseOption = None,
    truth: TruthOption = None,
    public: PublicOption = None,
    images: ImagesOption = None,
    runs: RunsOption = None,
) -> None:
    """Grade submissions: a report for each. Exit 0 whatever the points are."""
    from functools import partial

    from autograder.classroom.gradebook.grades import all_explained
    from autograder.classroom.gradebook.policy import read_policy
    from autograder.classroom.gradebook.verdicts import SUBMITTED, read_times
    from autograder.course.messages import Catalogue
    from autograder.course.roster import read_roster
    from autograder.course.settings import find_course
    from autograder.course.tasks import all_tasks
    from autograder.grading.batch import Engine, Plan, grade_all
    from autograder.grading.cluster import Cluster
    from autograder.grading.processes import Processes
    from autograder.grading.seeds import read_seeds
    from autograder.model import Message
    from autograder.report.as_json import to_json
    from autograder.report.folder import Results
    from autograder.report.html import to_html
    from autograder.report.progress import show_batch
    from autograder.report.terminal import make_console

    if seed is not None and seeds is not None:
        raise UsageError("--seed replays one seed, --seeds those of a class: give one of them")
    if ray_address and engine is not EngineName.ray:
        raise UsageError("--ray-address is for --engine ray; add it")
    folder = out_folder(out)
    places = places_of(submissions, folder)
    if len(places) > 1 and (json_file or html):
        raise UsageError("--json and --html are for one submission; use --out DIR for several")
    if snapshot and (out is None or json_file or html):
        raise UsageError("--snapshot writes class.html and no report: give --out DIR alone")
    students = read_roster(roster) if roster else []
    isolated = isolation(sandbox)
    catalogue = Catalogue.chosen(lang)
    found = find_course(course)
    policy = read_policy(found.folder, students)
    times = read_times(folder / SUBMITTED) if folder else {}
    plan = Plan(
        course=found,
        tasks=tuple(chosen_tasks(task)) or all_tasks(),
        seed=seed,
        key="" if seeds else course_key(folder),
        seeds=read_seeds(seeds) if seeds else None,
        device=device_of(device),
        notes=(Message("note.no_sandbox"),) if sandbox is Sandbox.none else (),
        jobs=jobs,
        rules=homework_rules(found.homework, truth=truth, public=public, images=images, runs=runs),
        sandbox=isolated,
        cache=folder.absolute() / "cache" if folder else None,
    )
    lasting = plan.key if folder or os.environ.get("AUTOGRADER_KEY") else ""
    results = Results(folder, places, catalogue, names, students, snapshot, lasting)
    made: Callable[[Plan], Engine] | None = Processes if len(places) > 1 else None
    if engine is EngineName.ray:
        made = partial(Cluster, address=ray_address or "")
    console = make_console(sys.stderr if json_file == "-" else None)
    graded = grade_all(places, plan, made)
    reports = all_explained(graded, students, times, policy, catalogue)
    interrupted = show_batch(places, reports, results, console)
    if interrupted:
        complain(interrupted, 130)
    report = results.last
    assert report is not None
    if json_file == "-":
        print(to_json(report, catalogue, lasting), end="")
    elif json_file:
        write(Path(json_file), to_json(report, catalogue, lasting))
    if html:
        write(html, to_html(report, catalogue))
    for problem in results.problems:
        print(f"autograder: {problem}", file=sys.stderr)
    results.complain()
    if results.problems:
        complain("some reports are not written, see above; their grades are in grades.csv", 3)


@app.command("sandbox")
def try_sandbox() -> None:
    """Say whether student code can be isolated on this machine; exit 1 if not, with a remedy."""
    from autograder.sandbox.warm import WarmWorkers

    workers = WarmWorkers()
    try:
        workers.check()
    except UsageError as error:
        complain(str(error), 1)
    finally:
        workers.close()
    print("student code runs in a sandbox here (bubblewrap)")
