"""Git as a reader of strangers' repositories: no checkout, no hook, no filter, no prompt."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from autograder.errors import AutograderError, UsageError
from autograder.report.terminal import safe

MAX_MIRROR = 2 << 30  # bytes of one student's repository
LOOK = 0.5  # seconds between two looks at how large it has become
SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "fetch.fsckObjects=true",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
)
REMOTE = ("https", "ssh", "file")  # what a repository may be fetched by; ext:: runs commands
PLACES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE")
HOST = r"[A-Za-z0-9][\w.-]*"
URL = re.compile(
    rf"https://{HOST}(:\d+)?/[^\s@]+|ssh://(git@)?{HOST}(:\d+)?/[^\s@]+|git@{HOST}:[^\s@:]+|"
    r"file:///[^\s]+|/[^\s]+"
)
# What git and its servers say; whatever else stops a fetch may pass, and is tried again.
GONE = re.compile(
    r"repository '?.*'? ?not found|does not exist|does not appear to be a git repository|"
    r"returned error: 404|remote: not found",
    re.IGNORECASE,
)
FORBIDDEN = re.compile(
    r"authentication failed|could not read (username|password)|permission denied|"
    r"terminal prompts disabled|returned error: 40[13]|access denied|host key verification",
    re.IGNORECASE,
)
HOLLOW = (
    "warning: filtering not recognized by server, ignoring",
    "fatal: Could not read from remote repository.",
    "Please make sure you have the correct access rights",
    "and the repository exists.",
)
BROKEN = re.compile(r"fsck error", re.IGNORECASE)


class GitError(AutograderError):
    """Git did not do it. kind: gone, forbidden, broken, slow, large or network."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def check_url(template: str) -> None:
    """See that a template gives addresses, and nothing that git would take as an order.

    Raises:
        UsageError: it does not.
    """
    if "{github}" not in template and "{student_id}" not in template:
        raise UsageError(
            f"--url {safe(template)}: put {{github}} or {{student_id}} where the students differ"
        )
    if re.match(r"https://[^/]*@", template):
        raise UsageError(
            "--url: no name or token in the address, it would stand in files and logs; "
            "git's own credential helper knows it (gh auth setup-git)"
        )
    plain = template.replace("{github}", "x").replace("{student_id}", "x")
    if not URL.fullmatch(plain) or {"{", "}"} & {*plain}:
        raise UsageError(
            f"--url {safe(template)}: https://…, ssh://…, git@HOST:…, file:///… or /…, "
            "with {github} or {student_id}"
        )


class Mirror:
    """A bare repository that only ever grows: every state that was seen keeps a ref."""

    def __init__(self, folder: Path, url: str, seconds: float = 120.0) -> None:
        self.folder = folder
        self._url = url
        self._seconds = seconds

    def make(self) -> None:
        """Make it where it is not there yet, and remove what a killed git left in it."""
        for pattern in ("*.lock", "refs/**/*.lock", "objects/pack/tmp_*"):
            for path in self.folder.glob(pattern):
                if time.time() - path.lstat().st_mtime > self._seconds:
                    path.unlink(missing_ok=True)
        if not (self.folder / "HEAD").is_file():
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self._run(["init", "--quiet", "--bare", "--template=", str(self.folder)], own=False)

    def remote_heads(self) -> dict[str, str]:
        """The branches of the repository there, with their commits.

        Raises:
            GitError: it cannot be asked.
        """
        found: dict[str, str] = {}
        for line in self._remote(["ls-remote", "--heads", "origin"]).decode().splitlines():
            sha, _, name = line.partition("\t")
            found[name.removeprefix("refs/heads/")] = sha
        return found

    def fetch(self, what: Sequence[str], blobs_below: str = "") -> None:
        """Fetch refs or objects.

        Raises:
            GitError: they did not come.
        """
        options = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"]
        options += [f"--filter=blob:limit={blobs_below}"] if blobs_below else []
        self._remote(["fetch", *options, "origin", *what])

    def ask(self, *arguments: str, given: str = "") -> str:
        """What git says of what is here; it cannot fetch meanwhile.

        Raises:
            GitError: it fails.
        """
        return self._run(arguments, given=given.encode()).decode(errors="surrogateescape")

    def knows(self, *arguments: str) -> bool:
        """Whether git answers a question with yes."""
        try:
            self._run(arguments)
        except GitError:
            return False
        return True

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """A process of git that is read and written while it runs."""
        return subprocess.Popen(
            self._command(arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(remote=False),
        )

    def _remote(self, arguments: Sequence[str]) -> bytes:
        return self._run(arguments, remote=True)

    def _command(
        self, arguments: Sequence[str], own: bool = True, remote: bool = False
    ) -> list[str]:
        command = ["git"]
        # The address is given each time and stands in no file; a name cannot become an option.
        told = [*SETTINGS, f"remote.origin.url={self._url}"] if remote else list(SETTINGS)
        for setting in [*told, *_protocols(REMOTE if remote else ())]:
            command += ["-c", setting]
        return [*command, *([f"--git-dir={self.folder}"] if own else []), *arguments]

    def _run(
        self, arguments: Sequence[str], given: bytes = b"", remote: bool = False, own: bool = True
    ) -> bytes:
        command = self._command(arguments, own, remote)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as told:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=told,
                env=environment(remote),
                start_new_session=True,
            )
            try:
                with contextlib.suppress(BrokenPipeError):
                    assert process.stdin is not None
                    process.stdin.write(given)
                    process.stdin.close()
                self._watch(process)
            finally:
                stop(process)
            out.seek(0)
            told.seek(0)
            if process.returncode:
                raise _error(told.read(1 << 16).decode(errors="replace"))
            return out.read()

    def _watch(self, process: "subprocess.Popen[bytes]") -> None:
        end = time.monotonic() + self._seconds
        while True:
            try:
                process.wait(LOOK)
                return
            except subprocess.TimeoutExpired:
                if time.monotonic() > end:
                    why = f"took more than {self._seconds:g} s; give --seconds"
                    raise GitError("slow", why) from None
                if _size(self.folder) > MAX_MIRROR:
                    why = f"is larger than {MAX_MIRROR >> 30} GiB"
                    raise GitError("large", why) from None


def environment(remote: bool) -> Mapping[str, str]:
    """The caller's, without what would steer git; a fetch keeps the credential helper."""
    found = {name: value for name, value in os.environ.items() if name not in PLACES}
    found.pop("SSH_ASKPASS", None)
    found |= {"GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1", "LC_ALL": "C"}
    found |= {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_OPTIONAL_LOCKS": "0", "GCM_INTERACTIVE": "never"}
    found.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
    if not remote:
        found |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_NO_LAZY_FETCH": "1"}
    return found


def _protocols(allowed: Iterable[str]) -> list[str]:
    return ["protocol.allow=never", *(f"protocol.{name}.allow=always" for name in allowed)]


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process and those it started."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (AttributeError, OSError):  # Windows has no process groups
            process.kill()
    process.wait()


def _size(folder: Path) -> int:
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(root, name)).st_size
    return total


def _error(told: str) -> GitError:
    lines = [safe(line) for line in told.splitlines() if line.strip() and line not in HOLLOW]
    text = "; ".join(lines)[:300] or "git said nothing"
    for kind, pattern in (("broken", BROKEN), ("forbidden", FORBIDDEN), ("gone", GONE)):
        if pattern.search(told):
            return GitError(kind, text)
    return GitError("network", text)
