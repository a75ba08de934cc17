"""The folder of --out: a JSON file each, then grades.csv, class.html and staff.html."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from autograder.course.messages import Catalogue
from autograder.course.roster import Student, find
from autograder.errors import GraderFault, UsageError
from autograder.files import write
from autograder.model import Report
from autograder.report.as_json import to_json
from autograder.report.html import class_html, grades_csv, staff_html
from autograder.report.misconceptions import HISTORY, remembered, top
from autograder.report.receipt import PUBLISHED
from autograder.report.summary import Summary, summary
from autograder.report.terminal import safe
from autograder.submission.collected import COLLECTED
from autograder.submission.fetching import name_of

BATCH = "batch.json"  # the seed of an output folder
NAMED = 20  # submissions that are named in a message


class Results:
    """Keeps of each report what class pages need; a file that cannot be written stops nothing.

    problems: what could not be written, each with the reason. students: whose groups are told
    apart. snapshot: work in progress; no grade is written. key: that signs receipts. last: the
    report that came last.
    """

    def __init__(
        self,
        folder: Path | None,
        places: Sequence[str],
        catalogue: Catalogue,
        names: bool,
        students: Sequence[Student] = (),
        snapshot: bool = False,
        key: str = "",
    ) -> None:
        self.problems: list[str] = []
        self.last: Report | None = None
        self.folder = folder
        self._names = file_names(places)
        self.catalogue = catalogue
        self._show_names = names
        self._students = list(students)
        self.snapshot = snapshot
        self._key = key
        self._receipts: dict[int, str] = {}
        self._summaries: dict[int, Summary] = {}

    def name(self, number: int) -> str:
        return self._names[number]

    def add(self, number: int, report: Report, catalogue: Catalogue | None = None) -> None:
        """Write a report at once, in another language if one is given, and keep its summary."""
        self.last = report
        self._summaries[number] = summary(report)
        self._receipts[number] = report.receipt
        chosen = catalogue or self.catalogue
        if not self.snapshot:
            self._write(f"{self._names[number]}.json", lambda: to_json(report, chosen, self._key))

    def finish(self) -> None:
        """Write what is about all of them, in the order of the command line."""
        rows = [self._summaries[number] for number in sorted(self._summaries)]
        found = {row.submission: find(self._students, name_of(row.submission)) for row in rows}
        groups = {name: student.group for name, student in found.items() if student}
        before, history = remembered(self.folder, rows)
        mistakes = top(rows, groups, before)
        options = (self._show_names, mistakes, self.snapshot)
        if not self.snapshot:
            self._write("grades.csv", lambda: grades_csv(rows))
            digests = sorted(set(self._receipts.values()))
            self._write(PUBLISHED, lambda: "".join(f"{one}\n" for one in digests))
        self._write("class.html", lambda: class_html(rows, self.catalogue, *options))
        self._write("staff.html", lambda: staff_html(rows, self.catalogue))
        self._write(HISTORY, lambda: history)

    def complain(self) -> None:
        """Say on whom the grader broke.

        Raises:
            GraderFault: checks did not run.
        """
        broken = [self._names[n] for n, one in sorted(self._summaries.items()) if one.broke]
        if broken:
            some = ", ".join(map(safe, broken[:NAMED]))
            more = f" and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
            raise GraderFault(f"checks did not run for {some}{more}")

    def _write(self, name: str, text: Callable[[], str]) -> None:
        if self.folder is None:
            return
        try:
            write(self.folder / name, text())
        except UsageError as error:
            self.problems.append(str(error))


def in_order(reports: Iterable[tuple[int, Report]]) -> Iterator[tuple[int, Report]]:
    """The reports by their numbers; one that comes early waits."""
    early: dict[int, Report] = {}
    due = 0
    for number, report in reports:
        early[number] = report
        while due in early:
            yield due, early.pop(due)
            due += 1


def file_names(places: Sequence[str]) -> list[str]:
    """A file name for each submission: its folder's, numbered where two are equal."""
    names: list[str] = []
    used = {name.removesuffix(".json") for name in (BATCH, HISTORY, COLLECTED)}
    for place in places:
        own = name = name_of(place)
        number = 2
        while name.casefold() in used:  # some file systems do not tell A from a
            name, number = f"{own}-{number}", number + 1
        used.add(name.casefold())
        names.append(name)
    return names
