"""Feedback on GitHub: annotations at the student's lines, and the job's summary in Markdown.

Students choose part of these texts. What GitHub would read as a command, as a property or as
Markdown is written as its escape, so that a text stays a text.
"""

import ast
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from autograder.course.messages import MEMBER, Catalogue
from autograder.model import GRADER_FAULTS, Result
from autograder.report.terminal import MARKS, number
from autograder.submission.task_files import TaskFiles

ONLY_GRADED = "homework.only_graded"
MOST = 10  # annotations of a kind that GitHub shows of a step
FIRST = 5  # failed checks of a task that the summary tells in full
LIMIT = 1 << 20  # bytes of a step's summary
AT = re.compile(r"\((.+):(\d+)\)")
SYNTAX = re.compile(r"[!-/:-@\[-`{-~]")  # ASCII punctuation: all that Markdown and HTML are made of


@dataclass(frozen=True)
class Checked:
    """A task that was checked: its files, and a report of each check."""

    files: TaskFiles
    reports: Sequence[Result]

    @property
    def judged(self) -> list[Result]:
        """Without what only grading can tell."""
        return [r for r in self.reports if not (r.message and r.message.id == ONLY_GRADED)]

    @property
    def solved(self) -> bool:
        return all(report.outcome == "passed" for report in self.judged)

    @property
    def told(self) -> list[Result]:
        """The failed checks that say something of their own, each thing once.

        Where nothing failed: the first that the grader broke on.
        """
        found: list[Result] = []
        for report in self.reports:
            said = report.message and (
                report.message.id == MEMBER or report.message in [r.message for r in found]
            )
            if report.outcome == "failed" and not said:
                found.append(report)
        broke = [r for r in self.reports if r.message and r.message.id in GRADER_FAULTS]
        return found or broke[:1]


@contextmanager
def no_commands(out: IO[str]) -> Iterator[None]:
    """GitHub takes nothing that is printed meanwhile for a command."""
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}", file=out, flush=True)
    try:
        yield
    finally:
        print(f"::{token}::", file=out, flush=True)


def annotations(found: Sequence[Checked], folder: str, catalogue: Catalogue) -> list[str]:
    """A workflow command for each failed check, the first of every task first.

    folder: of the tasks, seen from the repository's root.
    """
    ranked = [(rank, one, report) for one in found for rank, report in enumerate(one.told)]
    counts: dict[str, int] = {}
    lines: list[str] = []
    for _, one, report in sorted(ranked, key=lambda entry: entry[0]):
        level = _level(report)
        counts[level] = counts.get(level, 0) + 1
        if counts[level] <= MOST:
            lines.append(_command(level, one.files, report, folder, catalogue))
    return lines


def _level(report: Result) -> str:
    id = report.message.id if report.message else ""
    if id == "fault.not_written":
        return "notice"
    return "warning" if id in GRADER_FAULTS else "error"


def _command(
    level: str, files: TaskFiles, report: Result, folder: str, catalogue: Catalogue
) -> str:
    path, line = place_of(files, report)
    properties = {"file": str(PurePosixPath(folder, path)), "line": str(line)}
    properties["title"] = catalogue.title(report.check)
    listed = ",".join(f"{key}={escape_property(text)}" for key, text in properties.items())
    text = "\n".join(filter(None, catalogue.told(report)))
    return f"::{level} {listed}::{escape(text)}"


def place_of(files: TaskFiles, report: Result) -> tuple[str, int]:
    """The file and line a report is about: where it failed, else where its symbol is defined.

    A line is believed only where the student has it: it comes from the student's process.
    """
    placed = files.placed()
    own = f"{files.task.folder}/{files.task.file}"
    if report.message is not None:
        values = report.message.values
        at = AT.search(str(values.get("at", "")))
        name, line = at.groups() if at else (values.get("file"), values.get("line", 0))
        there = [path for path in placed if path.rpartition("/")[2] == name]
        for path in sorted(there, key=lambda path: not path.startswith(files.task.folder)):
            if 0 < int(line) <= placed[path].count(b"\n") + 1:
                return path, int(line)
    if report.check.symbol:
        own = f"{files.task.folder}/{files.task.symbol(report.check.symbol).file}"
    return own, _definition(placed.get(own, b""), report.check.symbol)


def _definition(source: bytes, symbol: str) -> int:
    """The line that defines a name in a file; 1 where none does."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return 1
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [node]
        if symbol in [getattr(target, "name", getattr(target, "id", None)) for target in targets]:
            return node.lineno
    return 1


def escape(text: str) -> str:
    """Text as the message of a command."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace("##[", "# #[")


def escape_property(text: str) -> str:
    """Text as the value of a command's property."""
    return escape(text).replace(":", "%3A").replace(",", "%2C")


def summary(found: Sequence[Checked], catalogue: Catalogue, limit: int = LIMIT) -> str:
    """The report as Markdown, at most so many bytes of it."""
    say = catalogue.say
    solved = sum(one.solved for one in found)
    parts = [
        f"## {markdown(say('ui.solved', solved=solved, total=len(found)))}\n",
        f"> {markdown(say('github.not_the_grade'))}\n",
        _table(found, catalogue),
        *(_task(one, catalogue) for one in found if one.told),
    ]
    cut = f"\n{markdown(say('github.cut'))}\n"
    text, left = "", limit - len(cut.encode())
    for part in parts:
        left -= len(part.encode()) + 1
        if left < 0:
            return text + cut
        text += f"{part}\n"
    return text


def _table(found: Sequence[Checked], catalogue: Catalogue) -> str:
    say = catalogue.say
    head = [say(f"github.{name}") for name in ("task", "points", "checks")]
    rows = [f"| | {' | '.join(map(markdown, head))} |", "|---|---|---:|---:|"]
    for one in found:
        points = sum(report.points for report in one.judged)
        maximum = sum(report.check.points for report in one.judged)
        passed = sum(report.outcome == "passed" for report in one.judged)
        earned = f"{number(points)} / {number(maximum)}" if maximum else ""
        mark = MARKS["passed" if one.solved else "failed"][0]
        rows.append(f"| {mark} | {one.files.task.name} | {earned} | {passed} / {len(one.judged)} |")
    return "\n".join(rows) + "\n"


def _task(one: Checked, catalogue: Catalogue) -> str:
    lines = [f"### {one.files.task.name}\n"]
    for report in one.told[:FIRST]:
        path, line = place_of(one.files, report)
        text, hint = catalogue.told(report)
        lines.append(
            f"- **{markdown(catalogue.title(report.check))}** {markdown(f'{path}:{line}')}"
        )
        lines.append(f"  <br>{markdown(text)}")
        if hint:
            lines.append(f"  <br>{markdown(catalogue.say('ui.hint_label'))} {markdown(hint)}")
    if len(one.told) > FIRST:
        more = catalogue.say("github.more", count=len(one.told) - FIRST, task=one.files.task.name)
        lines.append(f"\n{markdown(more)}")
    return "\n".join(lines) + "\n"


def markdown(text: str) -> str:
    """Text that Markdown and HTML leave as it is, on one line."""
    return SYNTAX.sub(lambda found: f"&#{ord(found[0])};", " ".join(text.split()))
