"""What a class has not understood: the typical mistakes of all submissions, and what changed."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.diagnose.catalogue import titles
from autograder.report.summary import Summary

HISTORY = "history.json"
RUNS = 20  # that are remembered
MOST = 12


@dataclass(frozen=True)
class TopMistake:
    """A typical mistake of the class. share: of those who handed the task in.

    change: how many more than in the run before, None in the first one. groups: counts by
    group of the roster.
    """

    task: str
    id: str
    idea: str
    lesson: str
    count: int
    share: float
    change: int | None
    groups: dict[str, int]


def top(
    submissions: Sequence[Summary],
    groups: Mapping[str, str],
    before: Mapping[str, int] | None = None,
) -> list[TopMistake]:
    """The most frequent mistakes; each counts once for a submission.

    groups: the group of a submission, by name. before: the counts of the run before.
    """
    found = Counter(dict.fromkeys(before or {}, 0))  # what nobody does any more is worth a line
    found.update(counts(submissions))
    handed_in: Counter[str] = Counter()
    by_group: dict[str, Counter[str]] = {}
    for one in submissions:
        for task in one.tasks:
            handed_in[task.task] += task.status == "graded"
            for id in task.misconceptions:
                group = groups.get(one.submission)
                if group:
                    by_group.setdefault(f"{task.task}.{id}", Counter())[group] += 1
    result = []
    for key, count in sorted(found.items(), key=lambda item: -item[1])[:MOST]:
        name, _, id = key.partition(".")
        title = titles(name).get(id)
        change = None if before is None else count - before.get(key, 0)
        share = count / (handed_in[name] or 1)
        idea, lesson = (title.idea, title.lesson) if title else ("", name)
        of_groups = dict(sorted(by_group.get(key, Counter()).items()))
        result.append(TopMistake(name, id, idea, lesson, count, share, change, of_groups))
    return result


def counts(submissions: Sequence[Summary]) -> Counter[str]:
    """How many submissions show each mistake, by task.id."""
    return Counter(
        f"{task.task}.{id}"
        for one in submissions
        for task in one.tasks
        for id in task.misconceptions
    )


def remembered(folder: Path | None, submissions: Sequence[Summary]) -> tuple[Any, str]:
    """The counts of the run before this one (None: there was none), and the new history.

    A run that finds the same again is the same run.
    """
    runs: list[dict[str, Any]] = []
    if folder is not None:
        try:
            runs = json.loads((folder / HISTORY).read_text(encoding="utf-8"))["runs"]
            runs = [run for run in runs if isinstance(run["counts"], dict) and run["key"]]
        except (OSError, ValueError, KeyError, TypeError):
            runs = []
    states = [(s.submission, s.seed, [t.misconceptions for t in s.tasks]) for s in submissions]
    key = hashlib.sha256(json.dumps(sorted(states)).encode()).hexdigest()[:16]
    if runs and runs[-1]["key"] == key:
        runs.pop()
    before = runs[-1]["counts"] if runs else None
    run = {"key": key, "submissions": len(submissions), "counts": dict(counts(submissions))}
    return before, json.dumps({"runs": [*runs, run][-RUNS:]}, indent=1) + "\n"
