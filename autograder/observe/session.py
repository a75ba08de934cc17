"""Sessions: the same questions to a worker process, to this process, to a recording.

A Session has ask(request) -> answer and close(). LocalSession starts a worker of its own, with
the grader's rights; sandboxed ones are in autograder.sandbox.warm. InProcessSession is for
debugging only: there the student's code shares the process.
"""

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from autograder.observe.pipes import PipeSession, PrivateFolder
from autograder.observe.profiles import ENVIRONMENT, Profile
from autograder.observe.protocol import (
    Answer,
    Build,
    Built,
    Call,
    Close,
    Fault,
    Open,
    Rehearse,
    Request,
    Trial,
)

KEPT_ENVIRONMENT = (
    "PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "TMPDIR", "TEMP", "TMP",
)  # fmt: skip


class Session(Protocol):
    """Answers requests one at a time."""

    #: torch is imported whole, so that even a pass on the meta device costs nothing first.
    warm: bool

    @property
    def alive(self) -> bool:
        """False after a Fault of a worker that ended."""

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

    def session(self, profile: Profile, files: Mapping[str, bytes | Path]) -> Session:
        """A session that sees the files and nothing of another one."""

    def expect(self, profiles: Iterable[Profile]) -> None:
        """Which sessions will be asked for next, in this order; so one can be started ahead."""

    def close(self) -> None:
        """End everything that still runs."""


class Pool:
    """Hands out sessions, each to one owner, and keeps one ahead: it imports torch meanwhile."""

    def __init__(self) -> None:
        self._expected: deque[Profile] = deque()
        self._ahead: tuple[Profile, PipeSession] | None = None

    def start(self, profile: Profile) -> PipeSession:
        """Start a session that has no files yet."""
        raise NotImplementedError

    def session(self, profile: Profile, files: Mapping[str, bytes | Path]) -> PipeSession:
        if self._ahead is not None and self._ahead[0] == profile:
            session, self._ahead = self._ahead[1], None
        else:
            session = self.start(profile)
        try:
            session.place(files)
        except BaseException:
            session.close()
            raise
        self._look_ahead()
        return session

    def expect(self, profiles: Iterable[Profile]) -> None:
        self._expected = deque(profiles)
        if self._ahead is not None:
            if self._expected and self._expected[0] == self._ahead[0]:
                self._expected.popleft()
            else:
                self._drop()
        self._look_ahead()

    def _look_ahead(self) -> None:
        if self._ahead is None and self._expected:
            profile = self._expected.popleft()
            self._ahead = (profile, self.start(profile))

    def _drop(self) -> None:
        session, self._ahead = self._ahead, None
        if session is not None:
            session[1].close()

    def close(self) -> None:
        self._expected.clear()
        self._drop()


class LocalWorkers(Pool):
    """Sessions with the grader's rights, each with a process that starts cold."""

    def start(self, profile: Profile) -> PipeSession:
        return LocalSession(profile)


class SharedSession:
    """One worker for many trusted files; opened again where it died."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._files: dict[str, bytes | Path] = {}
        self._session = LocalSession(profile)

    def place(self, name: str, content: bytes | Path) -> None:
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


class SharedWorkers:
    """Sessions that share one worker, each in a folder of it: for our own code only.

    A worker imports torch once; hundreds of mistakes are then judged at the cost of what they do.
    """

    def __init__(self, profile: Profile) -> None:
        self._shared = SharedSession(profile)
        self._rooms = 0

    def session(self, profile: Profile, files: Mapping[str, bytes | Path]) -> Session:
        self._rooms += 1
        folder = f"room{self._rooms}"
        for name, content in files.items():
            self._shared.place(f"{folder}/{name}", content)
        return Room(self._shared.open(folder)[0], folder)

    def expect(self, profiles: Iterable[Profile]) -> None:
        """The worker is there already."""

    def close(self) -> None:
        self._shared.close()


class Room:
    """A folder of a shared worker, as a session of its own; what was built in it goes with it."""

    warm = False

    def __init__(self, session: Session, folder: str) -> None:
        self._session = session
        self._folder = folder
        self._handles: set[int] = set()

    @property
    def alive(self) -> bool:
        return self._session.alive

    def place(self, files: Mapping[str, bytes | Path]) -> None:
        self._session.place({f"{self._folder}/{name}": own for name, own in files.items()})

    def path(self, name: str) -> str:
        return self._session.path(f"{self._folder}/{name}")

    def scratch(self, name: str) -> str:
        return self._session.scratch(f"{self._folder}/{name}")

    def ask(self, request: Request) -> Answer:
        # A task of another room is another.
        if isinstance(request, (Open, Build, Trial, Call, Rehearse)):
            request = replace(request, task=f"{self._folder}/{request.task}")
        answer = self._session.ask(request)
        if isinstance(answer, Built):
            self._handles.add(answer.handle)
        if isinstance(request, Close):
            self._handles.discard(request.handle)
        return answer

    def printed(self) -> str:
        return self._session.printed()

    def close(self) -> None:
        while self._handles and self.alive:
            self._session.ask(Close(self._handles.pop()))


class InProcessSession(PrivateFolder):
    """The worker's code in this process, on the student's own folder: for a debugger."""

    def __init__(self, folder: Path) -> None:
        import torch

        from autograder.observe.answering import Worker

        super().__init__(folder)
        torch.set_num_threads(1)
        self.alive = True
        self.worker = Worker(set(), interruptible=True)

    def ask(self, request: Request) -> Answer:
        return self.worker.answer(request)

    def printed(self) -> str:
        return ""

    def place(self, files: Mapping[str, bytes | Path]) -> None:
        """The files lie where their author edits them."""

    def close(self) -> None:
        self.alive = False


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    return kept | ENVIRONMENT | {"HOME": str(folder)}
