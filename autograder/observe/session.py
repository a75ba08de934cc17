"""Sessions: the same questions to a worker process, to this process, to a recording.

A Session has ask(request) -> answer and close(). LocalSession starts a worker of its own, with
the grader's rights; sandboxed ones are in autograder.sandbox.warm. InProcessSession is for
debugging only: there the student's code shares the process.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from autograder.observe.pipes import PipeSession, PrivateFolder
from autograder.observe.protocol import Answer, Fault, Request
from autograder.sandbox.profiles import ENVIRONMENT, Profile

KEPT_ENVIRONMENT = (
    "PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "TMPDIR", "TEMP", "TMP",
)  # fmt: skip


class Session(Protocol):
    """Answers requests one at a time; after a Fault of a worker that ended, alive is False.

    warm: torch is imported whole, so that even a pass on the meta device costs nothing first.
    """

    alive: bool
    warm: bool

    def place(self, files: Mapping[str, bytes | Path]) -> None: ...

    def path(self, name: str) -> str:
        """Where the worker finds a file that was placed."""

    def scratch(self, name: str) -> str:
        """Where the worker may write a file."""

    def ask(self, request: Request) -> Answer: ...

    def printed(self) -> str: ...

    def close(self) -> None: ...


class LocalSession(PipeSession):
    """A worker process in isolated mode, in a private folder, with a scrubbed environment.

    files are written into the private folder before the worker can look at them. The
    process starts at once and imports torch while the caller does other things.
    """

    def __init__(self, profile: Profile, files: Mapping[str, bytes | Path] | None = None) -> None:
        super().__init__(profile)
        self.place(files or {})
        self._how: Fault | None = None
        self._ending = threading.Lock()
        worker = [sys.executable, "-I", "-B", "-m", "autograder.observe.worker"]
        limits = [str(profile.data), str(profile.cpu_seconds), *profile.allowed]
        self._process = subprocess.Popen(
            worker + limits,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=self.folder,
            env=_environment(self.folder),
            close_fds=True,
            start_new_session=True,
        )
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self.talk_through(self._process.stdin, self._process.stdout, self._process.stderr)

    def end(self, grace: float = 0) -> Fault:
        with self._ending:
            if self._how is None:
                self._how = self._end(grace)
        return self._how

    def _end(self, grace: float) -> Fault:
        try:
            code = self._process.wait(grace)
        except subprocess.TimeoutExpired:  # it goes on; perhaps it closed the pipe
            code = 0
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (AttributeError, ProcessLookupError, PermissionError):
            self._process.kill()
        self._process.wait()
        if code < 0 and code == -getattr(signal, "SIGXCPU", 0):
            return Fault("timeout")
        return Fault("died", f"signal {-code}" if code < 0 else f"exit code {code}")


class Workers(Protocol):
    """Where sessions for student code come from."""

    def session(self, profile: Profile, files: Mapping[str, bytes | Path]) -> Session: ...

    def close(self) -> None: ...


class LocalWorkers:
    """Sessions with the grader's rights, each with a process that starts cold."""

    def session(self, profile: Profile, files: Mapping[str, bytes | Path]) -> Session:
        return LocalSession(profile, files)

    def close(self) -> None:
        """There is nothing to end."""


class SharedSession:
    """One worker for many trusted files; opened again where it died."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._files: dict[str, bytes] = {}
        self._session = LocalSession(profile)

    def place(self, name: str, content: bytes) -> None:
        """Add a file under a name of its own."""
        self._files[name] = content
        self._session.place({name: content})

    def open(self, name: str) -> tuple[Session, str]:
        """The session and the path of a file in it."""
        if not self._session.alive:
            self.close()
            self._session = LocalSession(self._profile, self._files)
        return self._session, str(self._session.folder / name)

    def close(self) -> None:
        self._session.close()


class InProcessSession(PrivateFolder):
    """The worker's code in this process, on the student's own folder: for a debugger."""

    def __init__(self) -> None:
        import torch

        from autograder.observe.answering import Worker

        super().__init__()
        torch.set_num_threads(1)
        self.alive = True
        self.worker = Worker(set(), interruptible=True)

    def ask(self, request: Request) -> Answer:
        return self.worker.answer(request)

    def printed(self) -> str:
        return ""

    def close(self) -> None:
        self.alive = False
        shutil.rmtree(self.folder, ignore_errors=True)


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    return kept | ENVIRONMENT | {"HOME": str(folder)}
