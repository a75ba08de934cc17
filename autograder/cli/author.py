"""Commands for who writes the course: build, verify."""

from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.options import (
    CourseOption,
    Lang,
    TaskOption,
    chosen_tasks,
    complain,
)
from autograder.errors import UsageError

app = typer.Typer()


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
    from autograder.authoring.build import build as build_all
    from autograder.authoring.build import build_stubs
    from autograder.course.settings import find_course

    found = find_course(course)
    if translated:
        from autograder.authoring import translations

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
        complain("generated files are stale: run autograder build and commit", 1)


@app.command()
def verify(
    task: TaskOption = None,
    seeds: Annotated[int, typer.Option(min=1, help="Repeat with this many seeds.")] = 1,
    course: CourseOption = None,
) -> None:
    """Prove the checks: the reference passes, stubs are not written, every mutant is caught."""
    from autograder.authoring.verify import verify as verify_all
    from autograder.course.settings import find_course
    from autograder.course.tasks import all_tasks
    from autograder.report.terminal import make_console

    tasks = tuple(chosen_tasks(task)) or all_tasks()
    if not verify_all(find_course(course), tasks, seeds, make_console()):
        raise typer.Exit(1)
