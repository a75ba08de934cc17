"""An organisation of real git repositories on disk, whose students push what they like."""

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

DUE = datetime(2026, 3, 1, 21, tzinfo=UTC)
HOUR = timedelta(hours=1)


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
