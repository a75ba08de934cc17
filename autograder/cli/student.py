"""Commands for students: check, score."""

import json
from pathlib import Path
from typing import Annotated

import typer

from autograder.cli.options import (
    LangOption,
    PublicOption,
    chosen_tasks,
)
from autograder.errors import UsageError
from autograder.files import write

app = typer.Typer()


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
    from autograder.cli.check_view import Checker, changes
    from autograder.course.messages import Catalogue
    from autograder.course.tasks import all_tasks
    from autograder.grading.locally import find_folder
    from autograder.report.terminal import make_console

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
            from autograder.classroom.classroom50 import result

            found = result(checker.checked, catalogue)
            write(classroom50, json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    except KeyboardInterrupt:
        passed = True
    finally:
        checker.workers.close()
    raise typer.Exit(0 if passed else 1)


@app.command()
def score(
    predictions: Annotated[Path, typer.Argument(metavar="PREDICTIONS.csv")],
    truth: Annotated[Path, typer.Option(metavar="TRUTH.csv", help="The right classes.")],
    public: PublicOption = None,
    average: Annotated[str, typer.Option(metavar="micro|macro|weighted")] = "micro",
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE|-", help="Write the score as JSON.")
    ] = None,
    lang: LangOption = None,
) -> None:
    """Score a file of predictions: F1, points, the classes and the worst mistakes."""
    from autograder.course.messages import Catalogue
    from autograder.report.terminal import make_console, print_score
    from autograder.submission.scoring import score_files

    result = score_files(predictions, truth, public, average)
    if json_file == "-":
        print(result.to_json(), end="")
        return
    if json_file:
        write(Path(json_file), result.to_json())
    print_score(result, make_console(), Catalogue.chosen(lang))
