"""Reports into the students' own repositories, on a branch beside their work."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from autograder.classroom.collect.git import SETTINGS, environment
from autograder.errors import UsageError
from autograder.report.terminal import safe
from autograder.submission.collected import COLLECTED

BRANCH = "autograder-report"
MESSAGE = "Report of autograder [skip ci]"
ENDINGS = (".html", ".json")
SECONDS = 120.0
AT_ONCE = 8
AUTHOR = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "autograder"), ("EMAIL", "autograder@localhost"))
}


def deliver(published: Path, record: Path) -> Iterator[tuple[str, str]]:
    """Push every report to the repository that its work was collected from.

    Yields each student's name, and what went wrong or nothing.

    Raises:
        UsageError: collected.json cannot be read.
    """
    try:
        students = json.loads(record.read_text(encoding="utf-8"))["students"]
        places = {str(name): str(kept["url"]) for name, kept in students.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{record}: give the {COLLECTED} of autograder collect: {error}") from None
    there = {name: url for name, url in places.items() if (published / f"{name}.json").is_file()}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        said = pool.map(lambda name: _push(published, name, there[name]), there)
        yield from zip(there, said, strict=True)


def _push(published: Path, name: str, url: str) -> str:
    """Push one student's report; what went wrong, or nothing."""
    try:
        if url.startswith("https://") and _anyone_reads(url):
            return "its repository can be read by anyone; nothing was pushed"
        with tempfile.TemporaryDirectory() as folder:
            own = f"--git-dir={folder}"
            _git("init", "-q", "--bare", "--template=", folder)
            entries = ""
            for ending in ENDINGS:
                path = (published / f"{name}{ending}").absolute()
                sha = _git(own, "hash-object", "-w", "--no-filters", "--", str(path))
                entries += f"100644 blob {sha}\treport{ending}\n"
            tree = _git(own, "mktree", given=entries)
            commit = _git(own, "commit-tree", tree, "-m", MESSAGE)
            _git(own, "push", "-q", "--force", url, f"{commit}:refs/heads/{BRANCH}")
    except (subprocess.SubprocessError, OSError) as error:
        told = getattr(error, "stderr", None) or str(error)
        return safe(told.strip().splitlines()[-1])
    return ""


def _anyone_reads(url: str) -> bool:
    """Whether the repository opens without any credential."""
    nobody = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_COUNT": "0"}
    try:
        _git("-c", "credential.helper=", "ls-remote", "--", url, more=nobody)
    except subprocess.CalledProcessError:
        return False
    return True


def _git(*words: str, given: str = "", more: Mapping[str, str] | None = None) -> str:
    settings = [part for setting in SETTINGS for part in ("-c", setting)]
    done = subprocess.run(
        ["git", *settings, *words],
        input=given,
        env={**environment(remote=True), **AUTHOR, **(more or {})},
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    return done.stdout.strip()
