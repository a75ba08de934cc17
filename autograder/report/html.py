"""Reports as one HTML file: no script, no request to anywhere, everything escaped."""

import csv
import io

from jinja2 import Environment, PackageLoader, StrictUndefined

from autograder.messages import Catalogue
from autograder.report.model import Report
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
    environment.globals.update(
        say=catalogue.say,
        text=catalogue.text,
        hint=catalogue.hint,
        title=catalogue.title,
        lang=catalogue.lang,
    )
    return environment


def to_html(report: Report, catalogue: Catalogue) -> str:
    """The report of one submission as a page."""
    return _environment(catalogue).get_template("report.html").render(report=report)


def class_html(reports: list[Report], catalogue: Catalogue) -> str:
    """A class as one table: a row for each submission, a column for each task."""
    return _environment(catalogue).get_template("class.html").render(reports=reports)


def grades_csv(reports: list[Report]) -> str:
    """A row for each submission; a task the grader broke on is blank, not zero."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    tasks = [task.task for task in reports[0].tasks] if reports else []
    writer.writerow(["submission", *tasks, "points", "max_points", "seed", "commit"])
    for report in reports:
        cells = ["" if task.points is None else number(task.points) for task in report.tasks]
        total = "" if report.points is None else number(report.points)
        row = [report.submission, *cells, total, number(report.max_points)]
        writer.writerow([_harmless(cell) for cell in [*row, report.seed, report.commit or ""]])
    return out.getvalue()


def _harmless(cell: str) -> str:
    """Spreadsheets run cells that start like a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
