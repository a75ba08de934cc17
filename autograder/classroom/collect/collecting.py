"""A class's repositories: fetched at the same time, each laid out as it was at its deadlines."""

import re
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from autograder.classroom.collect.git import GitError, Mirror, check_url
from autograder.classroom.collect.moments import Commit, History
from autograder.classroom.collect.tree import SMALL, Blob, Tree, bring, lay_out, read_tree
from autograder.classroom.gradebook.policy import Policy
from autograder.course.roster import Student
from autograder.course.settings import tables
from autograder.course.tasks import all_tasks
from autograder.errors import UsageError
from autograder.submission.chosen import NOTEBOOKS

MIRRORS, SUBMISSIONS = "mirrors", "submissions"
NOW = "refs/collected/now"  # the branch as it came; what it was is kept under moments.SEEN
PAUSES = (1.0, 4.0)  # seconds before the second and the third try
STATES = {
    "gone": "no repository",
    "forbidden": "no access",
    "broken": "refused",
    "large": "too large",
    "slow": "too slow",
    "network": "network failure",
}
OK, LATE, EMPTY, NO_BRANCH, NOTHING = "ok", "late", "empty", "no branch", "nothing in time"
NO_NAME = "no github name"
GITHUB = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
HARMLESS = (OK, LATE, EMPTY, NO_BRANCH, NOTHING)  # we know all there is to know


@dataclass(frozen=True)
class Source:
    """Where a class's repositories are. late: the newest commit counts, at its price."""

    url: str
    branch: str = "main"
    late: bool = False
    seconds: float = 120.0
    pauses: tuple[float, ...] = PAUSES


@dataclass(frozen=True)
class Taken:
    """What was taken for a task. commit: whose tree it is; changed: what made its files so.

    Where there is no file of the task, nothing made it so.
    """

    commit: Commit
    changed: Commit | None
    deadline: datetime | None

    @property
    def late(self) -> bool:
        return bool(self.changed and self.deadline and self.changed.at > self.deadline)


@dataclass
class Collected:
    """What is known of a student. state: how the last fetch ended; tasks: what is laid out."""

    student: Student
    url: str
    state: str = OK
    tip: str = ""
    tasks: dict[str, Taken] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def newest(self) -> str:
        """The newest commit that something was taken of."""
        commits = [taken.commit for taken in self.tasks.values()]
        return max(commits, key=lambda commit: commit.at).sha if commits else ""

    @property
    def unproved(self) -> bool:
        """Whether only the student's own dates say that something came in time."""
        return any(
            taken.deadline and taken.changed and taken.changed.seen > taken.deadline
            for taken in self.tasks.values()
            if not taken.late
        )

    @property
    def failed(self) -> bool:
        """Whether there may be more than we have."""
        return self.state not in HARMLESS


def settings(folder: Path) -> str:
    """The address in course.toml, where nothing is said on the command line.

    Raises:
        UsageError: there is none.
    """
    table = tables(folder).get("collect", {})
    url = table.get("url") if isinstance(table, dict) else None
    if not isinstance(url, str):
        raise UsageError(
            "where are the repositories? --url 'https://github.com/ORG/cnn-{github}', "
            "or url under [collect] in course.toml"
        )
    return url


def collect(
    students: Sequence[Student],
    policy: Policy,
    source: Source,
    out: Path,
    jobs: int = 8,
    now: datetime | None = None,
) -> Iterator[Collected]:
    """Collect from every student, in the order in which they are done.

    Raises:
        UsageError: the address cannot be used, or git is missing.
    """
    check_url(source.url)
    if not shutil.which("git"):
        raise UsageError("git is not installed: https://git-scm.com/downloads")
    moment = now or datetime.now(UTC)
    with ThreadPoolExecutor(jobs) as pool:
        work = [pool.submit(collect_one, s, policy, source, out, moment) for s in students]
        try:
            for done in as_completed(work):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def collect_one(
    student: Student, policy: Policy, source: Source, out: Path, now: datetime
) -> Collected:
    """Fetch a student's repository and lay out what counts; never raises for what is in it."""
    if "{github}" in source.url and not GITHUB.fullmatch(student.github):
        return Collected(student, "", NO_NAME, notes=["fill in github in the roster"])
    url = source.url.replace("{github}", student.github).replace("{student_id}", student.student_id)
    found = Collected(student, url)
    mirror = Mirror(out / MIRRORS / f"{student.student_id}.git", url, source.seconds)
    try:
        mirror.make()
        history = History(mirror)
        _fetch(found, mirror, history, source, now)
        _choose(found, mirror, history, policy, source, out / SUBMISSIONS)
    except (GitError, OSError) as error:
        found.state = STATES[error.kind] if isinstance(error, GitError) else "refused"
        found.notes.append(str(error))
        found.tasks.clear()
    return found


def _fetch(
    found: Collected, mirror: Mirror, history: History, source: Source, now: datetime
) -> None:
    """Bring what is there now; a repository that is gone leaves what was brought before."""
    for pause in (*source.pauses, None):
        try:
            heads = mirror.remote_heads()
            found.tip = heads.get(source.branch, "")
            if not heads:
                found.state = EMPTY
            elif not found.tip:
                found.state = NO_BRANCH
                found.notes.append(f"no branch {source.branch}; there: {', '.join([*heads][:5])}")
            else:
                if not history.runs or history.runs[-1].tip != found.tip:
                    mirror.fetch([f"+refs/heads/{source.branch}:{NOW}"], SMALL)
                    # It may have moved since it was asked for.
                    found.tip = mirror.ask("rev-parse", "--verify", NOW).strip()
                history.note(now, found.tip)
            return
        except GitError as error:
            if error.kind == "network" and pause is not None:
                time.sleep(pause)
                continue
            found.state = STATES[error.kind]
            found.notes.append(str(error))
            return


def _choose(
    found: Collected,
    mirror: Mirror,
    history: History,
    policy: Policy,
    source: Source,
    folder: Path,
) -> None:
    """Find each task's commit, and lay their files out side by side."""
    dues = {task.name: policy.due(found.student, task.name) for task in all_tasks()}
    latest = max((due for due in dues.values() if due), default=None)
    if not history.runs:
        return
    if found.state != OK:
        last = history.runs[-1].at
        found.notes.append(f"what was seen on {last:%Y-%m-%d %H:%MZ} and before is kept")
        if not source.late and all(dues.values()) and latest and last > latest:
            found.state = OK  # nothing that came later could count
    when = {name: None if source.late else due for name, due in dues.items()}
    counts = {due: history.at(due) for due in set(when.values())}
    commits = {name: counts[due] for name, due in when.items()}
    trees: dict[str, Tree] = {}
    for commit in commits.values():
        if commit and commit.sha not in trees:
            trees[commit.sha] = read_tree(mirror, commit.sha)
    blobs: list[Blob] = []
    for task in all_tasks():
        commit = commits[task.name]
        if commit is None:
            found.notes.append(f"{task.name}: no commit before its deadline")
            continue
        own = trees[commit.sha].parts().get(task.folder, [])
        blobs += own
        changed = history.last_change(commit.sha, [b.path for b in own]) if own else None
        found.tasks[task.name] = Taken(commit, changed, dues[task.name])
    if not found.tasks:
        found.state = NOTHING if found.state == OK else found.state
        found.notes[:] = [note for note in found.notes if "no commit before" not in note]
        shutil.rmtree(folder / found.student.student_id, ignore_errors=True)
    else:
        blobs += trees[found.newest].parts().get(NOTEBOOKS, [])
        found.notes += dict.fromkeys(
            problem for tree in trees.values() for problem in tree.problems
        )
        found.notes += _place(mirror, [*trees], blobs, folder / found.student.student_id)
        if found.state == OK and any(taken.late for taken in found.tasks.values()):
            found.state = LATE
        if any(history.out_of_order(sha) for sha in trees):
            found.notes.append("a commit is dated before its own parent")
    first = min((due for due in dues.values() if due), default=None)
    found.notes += dict.fromkeys([*history.flags(first), *history.flags(latest)])


def _place(mirror: Mirror, commits: list[str], blobs: list[Blob], folder: Path) -> list[str]:
    """Put the files in place of what was there before, whole or not at all."""
    part, old = (folder.with_name(f".{folder.name}.{end}") for end in ("part", "old"))
    for stale in (part, old):
        shutil.rmtree(stale, ignore_errors=True)
    for task in all_tasks():
        (part / task.folder).mkdir(parents=True)
    bring(mirror, commits, blobs)
    problems = lay_out(mirror, blobs, part)
    if folder.exists():
        folder.rename(old)
    part.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    return problems
