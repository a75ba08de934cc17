"""Reports as HTML files: no script, no request to anywhere, everything escaped; grades.csv."""

import csv
import io
from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from autograder.messages import Catalogue
from autograder.report.model import Report
from autograder.report.summary import Summary, view
from autograder.report.terminal import number


def _environment(catalogue: Catalogue) -> Environment:
    environment = Environment(
        loader=PackageLoader("autograder.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["percent"] = lambda share: f"{100 * share:.0f} %"
    environment.globals.update(
        say=catalogue.say,
        text=catalogue.text,
        hint=catalogue.hint,
        title=catalogue.title,
        check_title=catalogue.check_title,
        in_general=catalogue.in_general,
        task_title=catalogue.task_title,
        lang=catalogue.lang,
    )
    return environment


def to_html(report: Report, catalogue: Catalogue) -> str:
    """The report of one submission as a page."""
    return _environment(catalogue).get_template("report.html").render(report=report)


def class_html(summaries: Sequence[Summary], catalogue: Catalogue, names: bool = False) -> str:
    """A class as a page to show it; names: with a table of the submissions."""
    template = _environment(catalogue).get_template("class.html")
    return template.render(view=view(summaries), names=names)


def staff_html(summaries: Sequence[Summary], catalogue: Catalogue) -> str:
    """A class as a page for its teachers: who needs help, and what needs their eye."""
    return _environment(catalogue).get_template("staff.html").render(view=view(summaries))


def grades_csv(summaries: Sequence[Summary]) -> str:
    """A row for each submission; a task the grader broke on is blank, not zero."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    tasks = [task.task for task in summaries[0].tasks] if summaries else []
    writer.writerow(["submission", *tasks, "points", "max_points", "seed", "commit"])
    for one in summaries:
        cells = ["" if task.points is None else number(task.points) for task in one.tasks]
        total = "" if one.points is None else number(one.points)
        row = [one.submission, *cells, total, number(one.max_points), one.seed, one.commit]
        writer.writerow([harmless(cell) for cell in row])
    return out.getvalue()


def harmless(cell: str) -> str:
    """Spreadsheets run cells that start like a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
