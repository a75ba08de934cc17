"""Which commit stood on a branch at a moment, as far as a server's clock can tell.

The dates in a commit are the student's to write. What is known is what was seen when: the runs of
``autograder collect``. A commit's time is its date, but no earlier than the last run that did not
see it yet and no later than the first that did.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from autograder.classroom.collect.git import Mirror

SEEN = "refs/collected/seen/"  # one for each state, named by the moment it was seen
STAMP = "%Y%m%dT%H%M%S.%fZ"
LAST = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Run:
    """What the branch was when it was looked at."""

    at: datetime
    tip: str


@dataclass(frozen=True)
class Commit:
    """A commit and when it was handed in. dated: by the student; seen: by us for the first time."""

    sha: str
    dated: datetime
    at: datetime
    seen: datetime


class History:
    """A student's branch over time."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._known: dict[str, Commit] = {}
        self.runs = self._read()

    def _read(self) -> list[Run]:
        told = self._mirror.ask("for-each-ref", "--format=%(refname) %(objectname)", SEEN)
        rows = (line.split() for line in told.splitlines())
        return sorted((Run(_moment(name), sha) for name, sha in rows), key=lambda run: run.at)

    def note(self, now: datetime, tip: str) -> None:
        """Keep what the branch is now; of runs that saw the same, the first and the last."""
        stale = ""
        if len(self.runs) > 1 and self.runs[-1].tip == self.runs[-2].tip == tip:
            stale = f"delete {_ref(self.runs[-1].at)}\n"
        self._mirror.ask("update-ref", "--stdin", given=f"{stale}update {_ref(now)} {tip}\n")
        self.runs = self._read()
        self._known.clear()

    def at(self, due: datetime | None) -> Commit | None:
        """The commit that counts at a deadline; None: there was none. Without one, the newest.

        The first run after the deadline decides for good: what is pushed later changes nothing.
        """
        if not self.runs:
            return None
        if due is None:
            return self.commit(self.runs[-1].tip)
        before = [run for run in self.runs if run.at <= due]
        after = [run for run in self.runs if run.at > due]
        old = before[-1].tip if before else ""
        if after:
            for sha, dated in self._line(after[0].tip, before):
                if dated <= due:
                    return self.commit(sha)
        return self.commit(old) if old else None

    def commit(self, sha: str) -> Commit:
        """When a commit was handed in."""
        if sha not in self._known:
            self._known[sha] = self._commit(sha)
        return self._known[sha]

    def _commit(self, sha: str) -> Commit:
        dated = self._line(sha, count=1)[0][1]
        names = self._mirror.ask("for-each-ref", f"--contains={sha}", "--format=%(refname)", SEEN)
        seen = min(_moment(name) for name in names.splitlines())
        earlier = [run.at for run in self.runs if run.at < seen]
        at = min(max(dated, earlier[-1]) if earlier else dated, seen)
        return Commit(sha, dated, at, seen)

    def last_change(self, sha: str, paths: list[str]) -> Commit:
        """The commit that made some files what they are at another."""
        told = self._mirror.ask(
            "--literal-pathspecs", "rev-list", "-1", "--first-parent", sha, "--", *paths
        )
        return self.commit(told.strip() or sha)

    def flags(self, due: datetime | None) -> list[str]:
        """What a teacher should know of how a branch changed."""
        found = []
        for one, next in zip(self.runs, self.runs[1:], strict=False):
            if one.tip != next.tip and not self._leads(one.tip, next.tip):
                found.append(f"force-pushed by {_text(next.at)}: {one.tip[:12]} is kept")
        after = [run for run in self.runs if due is not None and run.at > due]
        if due is not None and len(after) > 1:
            late = [line for line in self._line(after[-1].tip, after[:1]) if line[1] <= due]
            for sha, dated in late[:1]:
                when = f"dated {_text(dated)}, but not there on {_text(after[0].at)}"
                found.append(f"backdated: {sha[:12]} is {when}")
        return found

    def out_of_order(self, sha: str) -> bool:
        """Whether a commit is dated before its own parent."""
        line = self._line(sha, count=2)
        return len(line) == 2 and line[0][1] < line[1][1]

    def _line(
        self, sha: str, without: Sequence[Run] = (), count: int = -1
    ) -> list[tuple[str, datetime]]:
        """A commit and its first parents with their dates, back to what earlier runs saw."""
        known = dict.fromkeys(f"^{run.tip}" for run in without)
        options = ["--first-parent", "--timestamp", f"--max-count={count}"]
        told = self._mirror.ask("rev-list", *options, sha, *known, "--")
        rows = (line.split() for line in told.splitlines())
        return [(name, _date(stamp)) for stamp, name in rows]

    def _leads(self, old: str, new: str) -> bool:
        return self._mirror.knows("merge-base", "--is-ancestor", old, new)


def _ref(moment: datetime) -> str:
    return SEEN + moment.astimezone(UTC).strftime(STAMP)


def _moment(name: str) -> datetime:
    return datetime.strptime(name.removeprefix(SEEN), STAMP).replace(tzinfo=UTC)


def _date(stamp: str) -> datetime:
    """A commit's own date; whatever a student wrote there."""
    seconds = int(stamp) if re.fullmatch(r"-?\d{1,12}", stamp) else 1 << 40
    return datetime.fromtimestamp(max(0, seconds), UTC) if seconds < LAST.timestamp() else LAST


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")
