"""The seeds of a class as a file: whoever runs student code gets these, never the course's key."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from autograder.errors import UsageError
from autograder.submission.task_files import TaskFiles

SCHEMA = "autograder/seeds/v1"
SEED = re.compile(r"[0-9a-f]{1,15}")
Seeds = Mapping[str, str]  # by task and digest of its files


def seeded(files: TaskFiles) -> str:
    """What a seed belongs to: a task and the files handed in for it."""
    return f"{files.task.name}/{files.digest()}"


def to_json(seeds: Iterable[tuple[TaskFiles, str]]) -> str:
    """Equal files have equal seeds, so they stand there once."""
    found = {seeded(files): seed for files, seed in seeds}
    return json.dumps({"schema": SCHEMA, "seeds": found}, indent=1, sort_keys=True) + "\n"


def read_seeds(path: Path) -> Seeds:
    """Read what ``autograder handover`` wrote.

    Raises:
        UsageError: it cannot be used.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        seeds = dict(data["seeds"])
        wrong = [key for key, seed in seeds.items() if not SEED.fullmatch(seed)]
        if wrong:
            raise ValueError(f"{wrong[0]}: no seed")
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{path}: cannot be used ({why}); autograder handover writes it") from None
    return seeds


def seed_of(seeds: Seeds, files: TaskFiles) -> str:
    """The seed handed out for a task.

    Raises:
        UsageError: there is none for these files.
    """
    if seeded(files) not in seeds:
        raise UsageError(
            f"--seeds has no seed for these files of {files.task.name}: "
            "make it again with autograder handover, of the same submissions"
        )
    return seeds[seeded(files)]
