"""The command line: thin commands, each importing what it needs only when it runs."""

import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from autograder.accounting import app as accounting
from autograder.apart.cli import app as apart
from autograder.collect.cli import app as collecting
from autograder.errors import GraderFault, UsageError
from autograder.gradebook.cli import app as gradebook
from autograder.leaderboard.cli import app as leaderboard
from autograder.options import (
    CourseOption,
    Device,
    EngineName,
    Lang,
    LangOption,
    Sandbox,
    TaskOption,
    chosen_tasks,
    course_key,
    device_of,
    homework_rules,
    out_folder,
    places_of,
)
from autograder.teaching import app as teaching

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Check, grade and score the course on CNN architectures.",
)
app.add_typer(leaderboard, name="leaderboard")
app.add_typer(gradebook)
app.add_typer(teaching)
app.add_typer(apart)
app.add_typer(collecting)
app.add_typer(accounting)


def main() -> None:
    """Run a command; exit 2 on misuse and 3 where the grader itself broke."""
    try:
        app()
    except UsageError as error:
        _complain(str(error), 2)
    except KeyboardInterrupt:
        _complain("interrupted", 130)
    except GraderFault as error:
        _complain(f"the grader itself broke, no verdict follows from this: {error}", 3)
    except Exception as error:  # a fault of ours must not look like a verdict
        traceback.print_exc()
        _complain(f"the grader itself broke, no verdict follows from this: {error!r}", 3)


def _complain(text: str, code: int) -> None:
    sys.stdout.flush()
    print(f"autograder: {text}", file=sys.stderr)
    raise SystemExit(code)


@app.command()
def check(
    tasks: Annotated[list[str] | None, typer.Argument(metavar="[TASK]...")] = None,
    dir: Annotated[Path | None, typer.Option(help="Folder that holds the tasks.")] = None,
    watch: Annotated[bool, typer.Option(help="Check again whenever a file is saved.")] = False,
    pdb: Annotated[bool, typer.Option(help="Stop in the debugger where your code fails.")] = False,
    github: Annotated[
        bool, typer.Option("--github", help="In a workflow: annotate lines, write the summary.")
    ] = False,
    classroom50: Annotated[
        Path | None, typer.Option(metavar="FILE", help="In Classroom 50: write its result.json.")
    ] = None,
    lang: LangOption = None,
) -> None:
    """Check your own work: what to do next, with a hint. Exit 1 while something fails."""
    from autograder.checking import Checker, changes, find_folder
    from autograder.messages import Catalogue
    from autograder.report.terminal import make_console
    from autograder.tasks import all_tasks

    if github and (watch or pdb):
        raise UsageError("--github is for a workflow; leave out --watch and --pdb")
    catalogue = Catalogue.chosen(lang)
    root, here = find_folder(dir)
    chosen = chosen_tasks(tasks) or here or list(all_tasks())
    console = make_console()
    checker = Checker(root, chosen, console, catalogue, pdb)
    try:
        if watch:
            console.print(catalogue.say("ui.watching", folder=root))
            checker.watch(lambda: changes(root, chosen))
        passed = checker.check_on_github() if github else checker.check()
        if classroom50 is not None:
            from autograder.report.classroom50 import result

            found = result(checker.checked, catalogue)
            _write(classroom50, json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    except KeyboardInterrupt:
        passed = True
    finally:
        checker.workers.close()
    raise typer.Exit(0 if passed else 1)


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
    sandbox: Annotated[Sandbox, typer.Option(help="How student code is isolated.")] = Sandbox.auto,
    engine: Annotated[
        EngineName, typer.Option(help="This machine, or a Ray cluster.")
    ] = EngineName.local,
    ray_address: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A running Ray cluster: HOST:PORT.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Submissions graded at the same time.")] = 1,
    names: Annotated[bool, typer.Option("--names", help="Name submissions in class.html.")] = False,
    roster: Annotated[
        Path | None, typer.Option(metavar="CSV", help="roster.csv: groups for class.html.")
    ] = None,
    snapshot: Annotated[
        bool, typer.Option("--snapshot", help="Look at work in progress: write no grade.")
    ] = False,
    course: CourseOption = None,
    truth: Annotated[
        Path | None, typer.Option(metavar="CSV", help="The homework's right classes.")
    ] = None,
    public: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Score only these Ids of the homework.")
    ] = None,
    images: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Test pictures, to predict some again.")
    ] = None,
    runs: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Run folders too large for git, by name.")
    ] = None,
) -> None:
    """Grade submissions: a report for each. Exit 0 whatever the points are."""
    from functools import partial

    from autograder.batch import Engine, Plan, grade_all
    from autograder.checks.promise import Message
    from autograder.cluster import Cluster
    from autograder.course import find_course
    from autograder.gradebook.grades import all_explained
    from autograder.gradebook.policy import read_policy
    from autograder.gradebook.verdicts import SUBMITTED, read_times
    from autograder.messages import Catalogue
    from autograder.processes import Processes
    from autograder.report.as_json import to_json
    from autograder.report.folder import Results
    from autograder.report.html import to_html
    from autograder.report.progress import show_batch
    from autograder.report.terminal import make_console
    from autograder.roster import read_roster
    from autograder.seeds import read_seeds
    from autograder.tasks import all_tasks

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
    if sandbox is not Sandbox.none:
        from autograder.sandbox.bubblewrap import probe

        probe()
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
        sandbox="none" if sandbox is Sandbox.none else "bwrap",
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
        _complain(interrupted, 130)
    report = results.last
    assert report is not None
    if json_file == "-":
        print(to_json(report, catalogue, lasting), end="")
    elif json_file:
        _write(Path(json_file), to_json(report, catalogue, lasting))
    if html:
        _write(html, to_html(report, catalogue))
    for problem in results.problems:
        print(f"autograder: {problem}", file=sys.stderr)
    results.complain()
    if results.problems:
        _complain("some reports are not written, see above; their grades are in grades.csv", 3)


@app.command("sandbox")
def try_sandbox() -> None:
    """Say whether student code can be isolated on this machine; exit 1 if not, with a remedy."""
    from autograder.sandbox.warm import WarmWorkers

    workers = WarmWorkers()
    try:
        workers.check()
    except UsageError as error:
        _complain(str(error), 1)
    finally:
        workers.close()
    print("student code runs in a sandbox here (bubblewrap)")


@app.command()
def score(
    predictions: Annotated[Path, typer.Argument(metavar="PREDICTIONS.csv")],
    truth: Annotated[Path, typer.Option(metavar="TRUTH.csv", help="The right classes.")],
    public: Annotated[
        Path | None, typer.Option(metavar="IDS.csv", help="Score only these Ids.")
    ] = None,
    average: Annotated[str, typer.Option(metavar="micro|macro|weighted")] = "micro",
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE|-", help="Write the score as JSON.")
    ] = None,
    lang: LangOption = None,
) -> None:
    """Score a file of predictions: F1, points, the classes and the worst mistakes."""
    from autograder.messages import Catalogue
    from autograder.report.terminal import make_console, print_score
    from autograder.scoring import score_files

    result = score_files(predictions, truth, public, average)
    if json_file == "-":
        print(result.to_json(), end="")
        return
    if json_file:
        _write(Path(json_file), result.to_json())
    print_score(result, make_console(), Catalogue.chosen(lang))


@app.command()
def build(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if stale.")] = False,
    lang: Annotated[Lang, typer.Option(help="Language of the stubs (with --out).")] = Lang.en,
    out: Annotated[
        Path | None, typer.Option(help="Write the stubs of one language here instead.")
    ] = None,
    translated: Annotated[
        bool, typer.Option("--translated", help="Note that the Russian texts are up to date.")
    ] = False,
    course: CourseOption = None,
) -> None:
    """Make assignments/ and everything else that is generated from solutions/."""
    from autograder.build import build as build_all
    from autograder.build import build_stubs
    from autograder.course import find_course

    found = find_course(course)
    if translated:
        from autograder import translations

        translations.accept(found)
    if out is not None:
        if check:
            raise UsageError("--check writes nothing: leave out --out")
        if any(
            (found.folder / name) in (out.resolve(), *out.resolve().parents)
            for name in ("solutions", "assignments")
        ):
            raise UsageError(f"--out {out}: would overwrite the course; choose another folder")
        print(f"{len(build_stubs(found, lang, out))} files written to {out}")
        return
    if lang is not Lang.en:
        raise UsageError(f"assignments/ is in English; use --lang {lang} with --out DIR")
    stale = build_all(found, check)
    for name in stale:
        print(f"{'stale' if check else 'written'}: {name}")
    if stale and check:
        _complain("generated files are stale: run autograder build and commit", 1)


@app.command()
def verify(
    task: TaskOption = None,
    seeds: Annotated[int, typer.Option(min=1, help="Repeat with this many seeds.")] = 1,
    course: CourseOption = None,
) -> None:
    """Prove the checks: the reference passes, stubs are not written, every mutant is caught."""
    from autograder.course import find_course
    from autograder.report.terminal import make_console
    from autograder.tasks import all_tasks
    from autograder.verify import verify as verify_all

    tasks = tuple(chosen_tasks(task)) or all_tasks()
    if not verify_all(find_course(course), tasks, seeds, make_console()):
        raise typer.Exit(1)


def _write(path: Path, text: str) -> None:
    from autograder.report.folder import write

    write(path, text)


if __name__ == "__main__":
    main()
