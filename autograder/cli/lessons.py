"""Commands for those who teach the lesson: release, export, similar, …"""

from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.options import CourseOption, NamesOption
from autograder.course.messages import LANGUAGES, Catalogue
from autograder.errors import UsageError

app = typer.Typer()
Language = Annotated[str, typer.Option(metavar="en|ru", help="Language of the texts.")]


@app.command()
def release(
    out: Annotated[Path, typer.Option(metavar="DIR", help="An empty or new folder.")],
    lang: Language = "ru",
    course: CourseOption = None,
) -> None:
    """Stage the notebooks of one language for nbgrader, with their answers: for teachers only."""
    from autograder.authoring.release import release as stage
    from autograder.course.settings import find_course
    from autograder.course.tasks import all_tasks

    Catalogue.load(lang)
    written = stage(find_course(course), all_tasks(), lang, out)
    print(f"{len(written)} files written to {out}; there: nbgrader generate_assignment 01_alexnet")


@app.command()
def export(
    dest: Annotated[Path, typer.Argument(metavar="DEST", help="New, empty or exported before.")],
    lang: Annotated[str, typer.Option(metavar="en|ru", help="Only this language.")] = "",
    grader: Annotated[
        str,
        typer.Option(
            metavar="WHEEL|REQUIREMENT",
            help="What students install; default: a wheel built here, put into the repository.",
        ),
    ] = "",
    course: CourseOption = None,
) -> None:
    """Write the repository that students get; an earlier export is brought up to date."""
    from autograder.authoring.export import export as write
    from autograder.course.settings import find_course

    if lang:
        Catalogue.load(lang)
    done = write(find_course(course), dest, lang, grader)
    for name in done.kept:
        print(f"kept, changed since it was exported: {name}")
    print(f"{dest}: {len(done.written)} files written, {len(done.removed)} removed")


@app.command()
def similar(
    submissions: Annotated[list[Path], typer.Argument(metavar="SUBMISSION...")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="An empty or new folder.")],
    task: Annotated[
        list[str] | None, typer.Option(help="Only this task (may be repeated).")
    ] = None,
    jplag: Annotated[
        Path | None, typer.Option(metavar="JAR", help="Use JPlag instead of Dolos.")
    ] = None,
    names: NamesOption = False,
    course: CourseOption = None,
) -> None:
    """Compare what students wrote, with Dolos or JPlag: a report for you, never a verdict."""
    from autograder.classroom.similar import find_tool
    from autograder.classroom.similar import similar as compare
    from autograder.course.settings import find_course
    from autograder.course.tasks import all_tasks, task_named

    tool = find_tool(jplag)
    tasks = [task_named(name) for name in task or []] or all_tasks()
    for line in compare(find_course(course), submissions, tasks, out, tool, names):
        print(line)
    if tool.name == "dolos":
        print("look at it with: dolos serve FOLDER")
    else:
        print("look at it with: java -jar JAR --mode VIEW FILE")
    print("Alike is a question, not an answer: read both, and ask the students.")


@app.command()
def answers(
    submissions: Annotated[list[Path] | None, typer.Argument(metavar="SUBMISSION...")] = None,
    question: Annotated[str, typer.Option(help="Id of the question; without: list them.")] = "",
    html: Annotated[Path | None, typer.Option(help="Write the page here.")] = None,
    lang: Language = "ru",
    course: CourseOption = None,
) -> None:
    """Show all answers to one question of the notebooks on a page."""
    from autograder.classroom import lesson_answers as found
    from autograder.course.settings import find_course
    from autograder.report.terminal import safe

    catalogue, here = Catalogue.load(lang), find_course(course)
    if not question:
        for one in found.questions(here, lang):
            print(f"{one.id:22} {one.text}")
        return
    asked = found.find(here, question, lang)
    if not submissions:
        raise UsageError("name the submissions whose answers you want to read")
    lost = [str(path) for path in submissions if not path.is_dir()]
    if lost:
        raise UsageError(f"{lost[0]}: there is no such folder; give folders of submissions")
    given = found.collect(asked, submissions)
    if html is not None:
        html.write_text(found.answers_html(asked, given, catalogue), encoding="utf-8")
        print(f"{len(given)} answers written to {html}")
        return
    print(asked.text)
    for answer in given:
        print(f"\n{safe(answer.submission)}")
        for line in (answer.text or catalogue.say(answer.problem)).splitlines():
            print(f"    {safe(line)}")


@app.command()
def lesson(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the pages.")],
    course: CourseOption = None,
) -> None:
    """Write slides, lesson.html and the worksheet with its key, in every language."""
    from autograder.authoring.lesson_pages import write
    from autograder.course.settings import find_course

    here = find_course(course)
    for lang in LANGUAGES:
        for path in write(here, lang, out):
            print(path)
