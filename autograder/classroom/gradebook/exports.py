"""The gradebook for other systems: CSV tables, and a JSON file for each student."""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from autograder.classroom.gradebook.grades import StudentGrade
from autograder.classroom.gradebook.verdicts import Verdict
from autograder.errors import UsageError
from autograder.files import write as write_file
from autograder.report.html import harmless
from autograder.report.terminal import number

MAX_TEXT = 4_000  # characters of a message: PrairieLearn takes a megabyte, for all of them


@dataclass(frozen=True)
class Target:
    """Where results of Classroom 50 belong: to repositories ORG/CLASSROOM-ASSIGNMENT-USER."""

    org: str = ""
    classroom: str = ""
    assignment: str = ""


def write(
    format: str,
    rows: Sequence[StudentGrade],
    out: Path,
    verdicts: Mapping[str, Verdict],
    target: Target,
) -> list[str]:
    """Write an export; lines that say what was written, and who was left out.

    What is undecided is blank in plain CSV. The others would take a blank for "no grade" and
    wipe out what is there, so whoever is undecided is left out and named.

    Raises:
        UsageError: there is no such format, or something for it is missing.
    """
    if format == "csv":
        write_file(out, plain(rows))
        return [f"{len(rows)} rows written to {out}"]
    decided = [row for row in rows if row.points is not None]
    if format in TABLES:
        write_file(out, TABLES[format](decided))
    elif format in FILES:
        if not verdicts:
            raise UsageError(f"--format {format} tells of each check: give --reports OUT")
        decided = [row for row in decided if row.student.student_id in verdicts]
        for row in decided:
            verdict = verdicts[row.student.student_id]
            text = json.dumps(FILES[format](row, verdict, target), ensure_ascii=False, indent=1)
            write_file(out / row.student.student_id / RESULT[format], text + "\n")
    else:
        raise UsageError(f"--format {format}: use one of csv, {', '.join((*TABLES, *FILES))}")
    there = {row.student.student_id for row in decided}
    left = [row for row in rows if row.student.student_id not in there]
    return [f"{len(decided)} students written to {out}", *_left_out(left)]


def _left_out(rows: Sequence[StudentGrade]) -> list[str]:
    """Who is left out, by what is undecided of their work."""
    by_tasks: dict[str, list[str]] = {}
    for row in rows:
        by_tasks.setdefault(", ".join(row.open) or "no report", []).append(row.student.student_id)
    return [f"left out, not decided ({what}): {', '.join(who)}" for what, who in by_tasks.items()]


def plain(rows: Sequence[StudentGrade]) -> str:
    """A row for each student, with what is undecided left blank."""
    names = [task.task.name for task in rows[0].tasks] if rows else []
    head = ["student_id", "name", "email", "group", *names]
    head += [f"{name}_questions" for name in names]
    head += ["late_penalty", "points", "max_points", "review", "note"]
    table = [head]
    for row in rows:
        student = row.student
        cells = [student.student_id, student.name, student.email, student.group]
        cells += [shown(task.points) for task in row.tasks]
        cells += [shown(task.questions) for task in row.tasks]
        cells += [shown(sum(t.penalty for t in row.tasks)), shown(row.points)]
        review = ["yes" if any(task.review for task in row.tasks) else ""]
        reasons = [f"{t.task.name}: {t.reason}" for t in row.tasks if t.reason]
        table.append([*cells, shown(row.max_points), *review, "; ".join(reasons)])
    return to_csv(table)


def moodle(rows: Sequence[StudentGrade]) -> str:
    """For Moodle's Grades > Import > CSV: map Email address or ID number to the user."""
    titles = _titles(rows)
    table = [["First name", "Last name", "ID number", "Email address", *titles, "Total"]]
    for row in rows:
        first, _, last = row.student.name.partition(" ")
        who = [first, last, row.student.lms_id or row.student.student_id, row.student.email]
        table.append([*who, *_points(row), shown(row.points)])
    return to_csv(table)


def canvas(rows: Sequence[StudentGrade]) -> str:
    """For Canvas' Grades > Import. Its own ID stands in the roster's lms_id, where it is known."""
    titles = _titles(rows)
    highest = [shown(t.max_points) for t in rows[0].tasks if _counts(rows[0], t)] if rows else []
    table = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *titles]]
    table.append(["    Points Possible", "", "", "", "", *highest])
    for row in rows:
        own = row.student.lms_id if row.student.lms_id.isdecimal() else ""
        who = [row.student.name, own, row.student.student_id, row.student.email, row.student.group]
        table.append([*who, *_points(row)])
    return to_csv(table)


def _counts(row: StudentGrade, task: Any) -> bool:
    return task.task.name in row.counted


def _titles(rows: Sequence[StudentGrade]) -> list[str]:
    return [t.task.title["en"] for t in rows[0].tasks if _counts(rows[0], t)] if rows else []


def _points(row: StudentGrade) -> list[str]:
    return [shown(task.points) for task in row.tasks if _counts(row, task)]


def shown(points: float | None) -> str:
    """Points for a cell; blank where nothing is decided."""
    return "" if points is None else number(points)


def to_csv(table: Sequence[Sequence[str]]) -> str:
    """CSV that no spreadsheet takes for formulas."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([[harmless(cell) for cell in row] for row in table])
    return out.getvalue()


def _checks(row: StudentGrade, verdict: Verdict) -> list[tuple[str, float, float, str]]:
    """Every scored check of what counts: title, points, maximum, message."""
    return [
        (f"{task.task.title['en']}: {check.title}", check.points, check.max_points, check.text)
        for task in verdict.tasks
        if task.task.name in row.counted
        for check in task.checks
    ]


def gradescope(row: StudentGrade, verdict: Verdict, target: Target) -> dict[str, Any]:
    """results.json of Gradescope; its score is what counts, whatever the tests add up to."""
    tests = [
        {
            "name": name,
            "number": str(index),
            "score": points,
            "max_score": highest,
            "status": "passed" if points == highest else "failed",
            "output": text[:MAX_TEXT],
            "output_format": "text",
            "visibility": "visible",
        }
        for index, (name, points, highest, text) in enumerate(_checks(row, verdict), 1)
    ]
    return {"score": row.points, "visibility": "visible", "tests": tests}


def prairielearn(row: StudentGrade, verdict: Verdict, target: Target) -> dict[str, Any]:
    """results.json of PrairieLearn: the score is a share."""
    tests = [
        {"name": name, "points": points, "max_points": highest, "message": text[:MAX_TEXT]}
        for name, points, highest, text in _checks(row, verdict)
    ]
    share = min(1.0, (row.points or 0.0) / row.max_points) if row.max_points else 0.0
    message = f"{number(row.points)} / {number(row.max_points)}"
    return {"gradable": True, "score": round(share, 6), "message": message, "tests": tests}


def classroom50(row: StudentGrade, verdict: Verdict, target: Target) -> dict[str, Any]:
    """result.json of Classroom 50, whose points are whole numbers: parts of a point are cut off.

    Raises:
        UsageError: the course does not say where its repositories are.
    """
    if not (target.org and target.classroom and target.assignment):
        raise UsageError("--format classroom50: give --org, --classroom and --assignment too")
    owner = row.student.github or row.student.student_id
    site = f"https://github.com/{target.org}"
    base = f"{site}/{target.classroom}-{target.assignment}-{owner}".lower()
    moment = max(verdict.submitted.values(), default=None) or datetime.now(UTC)
    moment = moment.astimezone(UTC)
    commit = verdict.commit if re.fullmatch(r"[0-9a-f]{7,64}", verdict.commit) else ""
    tag = f"submit/{moment:%Y-%m-%dT%H-%M-%SZ}-{commit[:7] or 'manual'}"
    link = f"{base}/commit/{commit}" if commit else base
    tests = [
        {
            "test-name": name,
            "passed": points == highest,
            "score": int(points),
            "max-score": int(highest),
            "message": text[:MAX_TEXT],
        }
        for name, points, highest, text in _checks(row, verdict)
    ]
    return {
        "schema": "classroom50/result/v1",
        "classroom": target.classroom,
        "assignment": target.assignment,
        "assignment_type": "individual",
        "owner": owner,
        "submission": tag,
        "commit": link,
        "release": f"{base}/releases/tag/{quote(tag, safe='')}",
        "review": link,
        "datetime": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "graded_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "score": min(int(row.points or 0), int(row.max_points)),
        "max-score": int(row.max_points),
        "tests": tests,
    }


TABLES: dict[str, Callable[[Sequence[StudentGrade]], str]] = {"moodle": moodle, "canvas": canvas}
FILES: dict[str, Callable[[StudentGrade, Verdict, Target], dict[str, Any]]] = {
    "gradescope": gradescope,
    "prairielearn": prairielearn,
    "classroom50": classroom50,
}
RESULT = {
    "gradescope": "results.json",
    "prairielearn": "results.json",
    "classroom50": "result.json",
}
