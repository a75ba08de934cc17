"""How far a batch is: a bar in a terminal, elsewhere a line now and then; on stderr."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from autograder.course.messages import Catalogue
from autograder.model import Report
from autograder.report.folder import Results, in_order
from autograder.report.terminal import make_console, print_line, print_report

EVERY = 15.0  # seconds between two lines


class Told(Protocol):
    """Hears of each submission that is done."""

    def __call__(self, failed: bool) -> None: ...


@contextmanager
def progress(total: int, catalogue: Catalogue, out: Console) -> Iterator[tuple[Told, Console]]:
    """Show how far it is; gives what to call after each submission, and where to print lines."""
    console = make_console(sys.stderr)
    if total < 2:
        yield (lambda failed: None), out
    elif not console.is_terminal:
        yield Lines(total, catalogue, console), out
    else:
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[failures]}"))
        bar = Progress(
            TextColumn("{task.description}"), *columns, TimeRemainingColumn(), console=console
        )
        with bar:
            task = bar.add_task(catalogue.say("ui.batch"), total=total, failures="")
            failures = 0

            def told(failed: bool) -> None:
                nonlocal failures
                failures += failed
                text = catalogue.say("ui.batch_failed", failed=failures) if failures else ""
                bar.update(task, advance=1, failures=text)

            # Lines for the same terminal must go through the bar, or they would tear it.
            yield told, (bar.console if out.is_terminal else out)


def show_batch(
    places: Sequence[str],
    reports: Iterable[tuple[int, Report]],
    results: Results,
    console: Console,
) -> str:
    """Show and write every report as soon as it is there; what to say where Ctrl-C ended it."""
    catalogue = results.catalogue
    if results.folder is None:
        reports = in_order(reports)  # they are read one after the other
    done = 0
    try:
        with progress(len(places), catalogue, console) as (told, lines):
            for number, report in reports:
                results.add(number, report)
                if len(places) == 1 or results.folder is None:
                    print_report(report, lines, catalogue)
                elif not results.snapshot:
                    print_line(results.name(number), report, lines, catalogue)
                told(bool(report.faults))
                done += 1
    except KeyboardInterrupt:
        if results.folder is None:
            return "interrupted"
        return catalogue.say("ui.batch_interrupted", done=done, total=len(places))
    results.finish()
    return ""


class Lines:
    """A line now and then, for logs."""

    def __init__(self, total: int, catalogue: Catalogue, console: Console) -> None:
        self._total = total
        self._catalogue = catalogue
        self._console = console
        self._done = self._failed = 0
        self._start = self._said = time.monotonic()

    def __call__(self, failed: bool) -> None:
        self._done += 1
        self._failed += failed
        now = time.monotonic()
        if now - self._said < EVERY and self._done < self._total:
            return
        self._said = now
        seconds = (now - self._start) / self._done * (self._total - self._done)
        left = f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
        values = {"done": self._done, "total": self._total, "failed": self._failed, "left": left}
        self._console.print(self._catalogue.say("ui.progress", **values))
