"""Reports as HTML files: no script, no request to anywhere, everything escaped; grades.csv."""

import csv
import io
import math
from collections.abc import Sequence
from functools import partial

from jinja2 import Environment, PackageLoader, StrictUndefined

from autograder.course.messages import Catalogue
from autograder.model import Flow, Report
from autograder.report.lesson_links import place_of
from autograder.report.misconceptions import TopMistake
from autograder.report.summary import Summary, view
from autograder.report.terminal import number, origins


def environment(catalogue: Catalogue) -> Environment:
    """What every page is made with: templates, and the texts of a language."""
    made = Environment(
        loader=PackageLoader("autograder.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["number"] = number
    made.filters["percent"] = lambda share: f"{100 * share:.0f} %"
    made.globals.update(
        say=catalogue.say,
        text=catalogue.text,
        told=catalogue.told,
        curves=curves,
        title=catalogue.title,
        check_title=catalogue.check_title,
        mistake=catalogue.mistake,
        lesson=catalogue.lesson,
        in_general=catalogue.in_general,
        task_title=catalogue.task_title,
        lang=catalogue.lang,
        place_of=place_of,
        origins=partial(origins, catalogue=catalogue),
    )
    return made


def curves(flow: Flow) -> dict[str, list[dict[str, object]]]:
    """Where the lines of a gradient-flow chart run, on a logarithmic scale of 34..352 x 8..104."""
    rows = [
        ("flow.right", flow.right, "--soft", True),
        ("flow.plain", flow.plain, "--fail", True),
        ("flow.yours", flow.norms, "--pass", False),
    ]
    seen = [math.log10(n) for _, norms, _, _ in rows for n in norms if n > 0] or [0.0]
    low, high = math.floor(min(seen)), max(math.ceil(max(seen)), math.floor(min(seen)) + 1)

    def place(layer: int, norm: float, layers: int) -> tuple[float, float]:
        height = (math.log10(norm) - low) / (high - low) if norm > 0 else 0.0
        return round(34 + layer * 318 / max(layers - 1, 1), 1), round(104 - 96 * height, 1)

    lines, dots = [], []
    for label, norms, colour, dashed in rows:
        points = [place(layer, norm, len(norms)) for layer, norm in enumerate(norms)]
        if points:
            text = " ".join(f"{x},{y}" for x, y in points)
            lines.append({"label": label, "points": text, "colour": colour, "dashed": dashed})
    for layer, (name, norm) in enumerate(zip(flow.names, flow.norms, strict=True)):
        x, y = place(layer, norm, len(flow.norms))
        colour = "--pass" if norm > 0 else "--fail"
        dots.append({"x": x, "y": y, "colour": colour, "title": f"{name}: {norm:.3g}"})
    step = max(1, -(-(high - low) // 4))
    decades = [
        {"y": round(104 - 96 * (d - low) / (high - low), 1), "label": f"1e{d}"}
        for d in range(low, high + 1, step)
    ]
    return {"lines": lines, "dots": dots, "decades": decades}


def to_html(report: Report, catalogue: Catalogue) -> str:
    """The report of one submission as a page."""
    return environment(catalogue).get_template("report.html").render(report=report)


def class_html(
    summaries: Sequence[Summary],
    catalogue: Catalogue,
    names: bool = False,
    mistakes: Sequence[TopMistake] = (),
    snapshot: bool = False,
) -> str:
    """A class as a page to show it; names: with a table of the submissions.

    mistakes: the typical ones. snapshot: work in progress, so nothing is said of points.
    """
    template = environment(catalogue).get_template("class.html")
    found = view(summaries)
    return template.render(view=found, names=names, mistakes=mistakes, snapshot=snapshot)


def staff_html(summaries: Sequence[Summary], catalogue: Catalogue) -> str:
    """A class as a page for its teachers: who needs help, and what needs their eye."""
    return environment(catalogue).get_template("staff.html").render(view=view(summaries))


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
