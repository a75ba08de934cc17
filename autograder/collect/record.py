"""What was collected, on record: collected.json and .csv, and submitted.csv for the late policy."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder.collect.collecting import Collected, Source
from autograder.gradebook.verdicts import SUBMITTED
from autograder.receipt import COLLECTED, COLLECTED_SCHEMA
from autograder.report.folder import write
from autograder.report.html import harmless


def write_records(rows: Sequence[Collected], source: Source, now: datetime, out: Path) -> None:
    """Write the three files, of everybody who was asked.

    Raises:
        UsageError: one cannot be written.
    """
    write(
        out / COLLECTED, json.dumps(_json(rows, source, now), ensure_ascii=False, indent=2) + "\n"
    )
    write(out / f"{Path(COLLECTED).stem}.csv", _csv(rows))
    write(out / SUBMITTED, _times(rows))


def _json(rows: Sequence[Collected], source: Source, now: datetime) -> dict[str, Any]:
    return {
        "schema": COLLECTED_SCHEMA,
        "at": now.isoformat(),
        "branch": source.branch,
        "late": source.late,
        "students": {
            row.student.student_id: {
                "state": row.state,
                "url": row.url,
                "tip": row.tip,
                "commit": row.newest,
                "tasks": {
                    name: {
                        "commit": taken.commit.sha,
                        "committed": taken.commit.dated.isoformat(),
                        "first_seen": taken.commit.seen.isoformat(),
                        "submitted": taken.changed.at.isoformat() if taken.changed else None,
                        "deadline": taken.deadline.isoformat() if taken.deadline else None,
                        "late": taken.late,
                    }
                    for name, taken in row.tasks.items()
                },
                "notes": row.notes,
            }
            for row in rows
        },
    }


def _csv(rows: Sequence[Collected]) -> str:
    """A line for each commit of each student; whoever has none has one too."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = ("tasks", "commit", "committed", "first_seen", "deadline", "late", "url", "notes")
    writer.writerow(["student_id", "state", *columns])
    for row in rows:
        groups: dict[tuple[str, ...], list[str]] = {}
        for name, taken in row.tasks.items():
            due = taken.deadline.isoformat() if taken.deadline else ""
            stamps = (taken.commit.dated.isoformat(), taken.commit.seen.isoformat(), due)
            group = (taken.commit.sha, *stamps, "late" if taken.late else "")
            groups.setdefault(group, []).append(name)
        if not groups:
            groups["", "", "", "", ""] = []
        for about, names in groups.items():
            cells = [row.student.student_id, row.state, " ".join(names), *about, row.url]
            writer.writerow([harmless(cell) for cell in (*cells, "; ".join(row.notes))])
    return out.getvalue()


def _times(rows: Sequence[Collected]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["student_id", "task", "submitted"])
    for row in rows:
        for name, taken in row.tasks.items():
            if taken.changed:
                writer.writerow([row.student.student_id, name, taken.changed.at.isoformat()])
    return out.getvalue()
