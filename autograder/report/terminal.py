"""Reports in a terminal: coloured where it can be, readable where it cannot."""

import math
import sys
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.course.messages import MEMBER, Catalogue
from autograder.model import GRADER_FAULTS, Flow, Report, Result, TaskReport
from autograder.report.lesson_links import place_of
from autograder.submission.scoring import Score

BARS, ASCII_BARS = "×▁▂▃▄▅▆▇█", "x_.-=+*#@"
COLUMNS = 64
SHOWN = 16  # digits of a receipt
MARKS = {"passed": ("✓", "[ok]", "green"), "failed": ("✗", "[x]", "red")}
MARKS["not_run"] = ("·", "[ ]", "dim")


def make_console(stream: TextIO | None = None) -> Console:
    """A console that never fails on a character the terminal does not know."""
    stream = stream or sys.stdout
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    return Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)


def mark(console: Console, outcome: str) -> Text:
    """✓, ✗ or · where the encoding has them, else [ok], [x] or [ ]."""
    glyph, plain, style = MARKS[outcome]
    try:
        glyph.encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        glyph = plain
    return Text(glyph, style=style)


def number(points: float | None) -> str:
    """Points without a needless decimal."""
    return "?" if points is None else f"{points:g}"


def print_report(report: Report, console: Console, catalogue: Catalogue) -> None:
    """The whole report: every task, its scored checks, and why others failed."""
    say = catalogue.say
    console.print(Text(f"{say('ui.submission')}: {safe(report.submission)}", style="bold"))
    for note in report.notes:
        console.print(Text(catalogue.text(note), style="yellow"))
    for task in report.tasks:
        console.print()
        _print_task(task, console, catalogue)
    console.print()
    total = say("ui.points_of", points=number(report.points), maximum=number(report.max_points))
    console.print(Text(f"{say('ui.total')}: {total} {say('ui.points')}", style="bold"))
    if report.receipt:
        console.print(Text(f"{say('ui.receipt')}: {report.receipt[:SHOWN]}", style="dim"))
        for line in origins(report, catalogue):
            console.print(Text(line, style="dim"))
        console.print(Text(say("ui.question"), style="dim"))


def origins(report: Report, catalogue: Catalogue) -> list[str]:
    """Which commit was graded, and by which deadline it was taken: a line for each."""
    found: dict[tuple[str, str, str], list[str]] = {}
    graded = {task.task for task in report.tasks}
    for one in report.origins:
        if one.task not in graded:
            continue  # the homework may use it all the same
        kind = "_late" if one.late else "" if one.deadline else "_open"
        found.setdefault((kind, one.commit, one.deadline), []).append(one.task)
    return [
        catalogue.say(
            f"ui.collected{kind}",
            tasks=", ".join(tasks),
            commit=commit[:12],
            deadline=f"{deadline[:16].replace('T', ' ')} UTC",
        )
        for (kind, commit, deadline), tasks in found.items()
    ]


def print_line(name: str, report: Report, console: Console, catalogue: Catalogue) -> None:
    """One line: whose report it is, and the points."""
    say = catalogue.say
    total = say("ui.points_of", points=number(report.points), maximum=number(report.max_points))
    undecided = f" ({say('ui.status.error')})" if report.points is None else ""
    console.print(Text(f"{safe(name)}: {total} {say('ui.points')}{undecided}"))


def _print_task(task: TaskReport, console: Console, catalogue: Catalogue) -> None:
    say = catalogue.say
    points = say("ui.points_of", points=number(task.points), maximum=number(task.max_points))
    status = "" if task.status == "graded" else f" ({say(f'ui.status.{task.status}')})"
    console.print(Text(f"{task.task}: {points}{status}", style="bold"))
    if task.status == "error":
        broke = any(c.message and c.message.id in GRADER_FAULTS for c in task.checks)
        held = say("ui.held_by_fault" if broke else "ui.held")
        console.print(Text(f"  {held}", style="yellow"))
    waiting, said = 0, set[str]()
    for report in task.checks:
        if report.outcome == "failed" or (report.check.points and report.outcome == "passed"):
            print_check(report, console, catalogue, points=True, said=said)
        elif report.message is not None and (
            report.message.id.startswith(("homework.", "fault."))
            or report.message.id in GRADER_FAULTS
        ):
            print_check(report, console, catalogue)
        elif report.outcome == "not_run":
            waiting += 1
    if waiting:
        console.print(Text(f"  {say('ui.not_run_more', count=waiting)}", style="dim"))
    for flow in task.flows:
        print_flow(flow, console, catalogue)


def print_flow(flow: Flow, console: Console, catalogue: Catalogue) -> None:
    """The norm of each layer's gradient as a row of bars, first layer to last."""
    say = catalogue.say
    console.print(Text(f"  {say('flow.title', call=safe(flow.call))}", style="bold"))
    rows = [("flow.yours", flow.norms), ("flow.right", flow.right), ("flow.plain", flow.plain)]
    if flow.as_right:
        rows[:2] = [("flow.both", flow.norms)]
    rows = [(say(label), norms) for label, norms in rows if norms]
    seen = [norm for _, norms in rows for norm in norms if norm > 0]
    width = max(len(label) for label, _ in rows)
    for label, norms in rows:
        row = bars(norms, min(seen, default=1.0), max(seen, default=1.0), BARS)
        try:
            row.encode(console.encoding)
        except (UnicodeEncodeError, LookupError):
            row = bars(norms, min(seen, default=1.0), max(seen, default=1.0), ASCII_BARS)
        ends = f"{norms[0]:.2g} … {norms[-1]:.2g}"
        console.print(Text(f"      {label:<{width}}  {row}  {ends}"))
    if flow.dead:
        names = ", ".join(map(safe, flow.dead[:6])) + (", …" if len(flow.dead) > 6 else "")
        console.print(Text(f"      {say('flow.dead', names=names)}", style="red"))


def bars(norms: Sequence[float], low: float, high: float, glyphs: str) -> str:
    """One glyph for each layer on a logarithmic scale; the first glyph: no gradient at all.

    Neighbours share a glyph where there are more layers than columns.
    """
    each = -(-len(norms) // COLUMNS)
    groups = [norms[start : start + each] for start in range(0, len(norms), each)]
    decades = max(math.log10(high / low), 2.0)
    row = ""
    for group in groups:
        if min(group) <= 0:
            row += glyphs[0]
            continue
        height = math.log10(math.prod(n ** (1 / len(group)) for n in group) / high) / decades + 1
        row += glyphs[1 + min(int(height * (len(glyphs) - 1)), len(glyphs) - 2)]
    return row


def print_check(
    report: Result,
    console: Console,
    catalogue: Catalogue,
    points: bool = False,
    said: set[str] | None = None,
) -> None:
    """One check: its promise, and if it failed what happened and what to do.

    said: the typical mistakes that were told before; each is told once.
    """
    line = Text("  ").append_text(mark(console, report.outcome))
    line.append(f" {catalogue.title(report.check)}")
    if points and report.check.points:
        line.append(f"  {number(report.points)} / {report.check.points}", style="bold")
    console.print(line)
    if report.message is None:
        return
    again = said is not None and report.misconception in said
    if said is not None and report.misconception and report.message.id != MEMBER:
        said.add(report.misconception)
    text, hint = catalogue.told(report) if not again else (catalogue.text(report.message), "")
    console.print(Text(f"      {text}"))
    if again:
        return
    if hint:
        console.print(Text(f"      {catalogue.say('ui.hint_label')} {hint}", style="cyan"))
    place = place_of(report.check, catalogue.lang) if report.outcome == "failed" else None
    if place is not None:
        where = catalogue.say("lesson.where", notebook=place.notebook, section=place.section)
        console.print(Text(f"      {where}", style="dim"))


def print_score(score: Score, console: Console, catalogue: Catalogue) -> None:
    """F1, points, interval, the classes and the most frequent mistakes."""
    say = catalogue.say
    console.print(Text(f"{say('ui.f1', average=score.average)}: {score.shown}", style="bold"))
    total = say("ui.points_of", points=score.points, maximum=15)
    console.print(Text(f"{say('ui.total')}: {total} {say('ui.points')}", style="bold"))
    console.print(say("ui.correct", correct=score.correct, n=score.n))
    low, high = score.interval
    console.print(f"{say('ui.f1_interval')}: {low:.4f} - {high:.4f}")
    console.print(f"macro F1: {score.macro_f1:.4f}, weighted F1: {score.weighted_f1:.4f}")
    table = Table(box=None, pad_edge=False)
    table.add_column(say("ui.class"))
    for name in ("ui.precision", "ui.recall"):
        table.add_column(say(name), justify="right")
    table.add_column("F1", justify="right")
    table.add_column(say("ui.support"), justify="right")
    for row in score.per_class:
        cells = (f"{row.precision:.3f}", f"{row.recall:.3f}", f"{row.f1:.3f}", str(row.support))
        table.add_row(safe(row.name), *cells)
    console.print()
    console.print(table)
    if score.confusions:
        console.print()
        console.print(Text(say("ui.confusions"), style="bold"))
        for truth, prediction, count in score.confusions:
            values = {
                "truth": safe(truth),
                "prediction": safe(prediction),
                "count": count,
            }
            console.print(f"  {say('ui.confusion', **values)}")


def safe(text: str) -> str:
    """Text of a submission that is safe to print: no character of it can steer the terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)
