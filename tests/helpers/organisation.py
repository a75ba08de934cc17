"""An organisation of real git repositories on disk, whose students push what they like."""

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from autograder.classroom.collect.collecting import Collected, Source, collect
from autograder.classroom.collect.record import write_records
from autograder.classroom.gradebook.policy import Policy
from autograder.course.roster import Student
from autograder.course.tasks import all_tasks

DUE = datetime(2026, 3, 1, 21, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
POLICY = Policy(deadlines={task.name: DUE for task in all_tasks()})
VGG = "02_vgg/vgg.py"


class Repository:
    """A student's clone and the bare repository that it pushes to."""

    def __init__(self, folder: Path, name: str, branch: str = "main") -> None:
        self.bare = folder / "org" / f"cnn-{name}"
        self.work = folder / "work" / name
        self.branch = branch
        for place, bare in ((self.bare, ["--bare"]), (self.work, [])):
            place.mkdir(parents=True)
            self.git("init", "-q", f"--initial-branch={branch}", *bare, str(place))
        self.git("remote", "add", "origin", str(self.bare))

    def git(self, *arguments: str, when: datetime = DUE, given: str = "") -> str:
        stamps = {"GIT_COMMITTER_DATE": when, "GIT_AUTHOR_DATE": when}
        env = os.environ | {name: f"{at.timestamp():.0f} +0000" for name, at in stamps.items()}
        env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        names = [
            "user.name=s",
            "user.email=s@x",
            "commit.gpgsign=false",
            "protocol.file.allow=always",
        ]
        options = [part for name in names for part in ("-c", name)]
        place = self.work if self.work.is_dir() else self.bare
        command = ["git", "-C", str(place), *options, *arguments]
        done = subprocess.run(command, env=env, input=given, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, files: Mapping[str, str | bytes], when: datetime = DUE - HOUR) -> str:
        """Commit files and push; the commit."""
        self.write(files)
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--allow-empty", "-m", "work", when=when)
        self.push()
        return self.head()

    def push(self) -> None:
        self.git("push", "-q", "-f", "origin", f"HEAD:refs/heads/{self.branch}")

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")


class Class:
    """A class of students on disk, and what collecting from it gives."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out = folder, folder / "out"
        self.students: dict[str, Student] = {}
        self.policy = POLICY
        self.url = f"file://{folder}/org/cnn-{{github}}"

    def student(self, name: str, branch: str = "main", extra_days: str = "") -> Repository:
        self.students[name] = Student(name, github=name, extra_days=extra_days)
        return Repository(self.folder, name, branch)

    def collect(self, now: datetime = DUE + DAY, late: bool = False) -> dict[str, Collected]:
        source = Source(self.url, late=late, pauses=())
        students = list(self.students.values())
        found = {
            one.student.student_id: one
            for one in collect(students, self.policy, source, self.out, 2, now)
        }
        write_records(found.values(), students, source, now, self.out)
        return found

    def text(self, name: str, path: str = VGG) -> str:
        return (self.out / "submissions" / name / path).read_text()

    def files(self, name: str) -> set[str]:
        folder = self.out / "submissions" / name
        return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
