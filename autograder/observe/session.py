"""Sessions: the same questions to a worker process, to this process, to a recording.

A Session has ask(request) -> answer and close(). LocalSession starts a worker of its own, with
the grader's rights; sandboxed ones are in autograder.sandbox.warm. InProcessSession is for
debugging only: there the student's code shares the process.
"""

import contextlib
import errno
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent import futures
from concurrent.futures import Future
from pathlib import Path
from typing import IO, Protocol

from autograder.observe import protocol
from autograder.observe.protocol import Answer, Fault, Request
from autograder.sandbox.profiles import ENVIRONMENT, Profile

MAX_ANSWERS = 512 << 20  # bytes of all answers of a session; who asks keeps them
KEPT_OUTPUT = 4_000  # characters of what the student printed last
GRACE = 2.0  # seconds for a worker whose pipe ended to end itself, so that we learn how
PATIENCE = 5.0  # seconds for our own threads to see that the pipes ended
WALL = "wall"  # the text of a Fault for wall time, which a busy machine can cause
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


class PrivateFolder:
    """A folder of a session's own, for the files its worker may see."""

    warm = False

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="autograder-")).resolve()

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def scratch(self, name: str) -> str:
        return str(self.folder / name)

    def place(self, files: Mapping[str, bytes | Path]) -> None:
        """Write files into the folder, or into folders of it; a path is copied.

        What the student's code may have put there is neither followed nor waited for.

        Raises:
            OSError: something is in the way.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.parent.resolve() != path.parent:
                raise NotADirectoryError(errno.ENOTDIR, "a link is in the way", str(path.parent))
            path.unlink(missing_ok=True)
            with os.fdopen(os.open(path, flags, 0o644), "wb") as file:
                if isinstance(content, bytes):
                    file.write(content)
                else:
                    with content.open("rb") as source:
                        shutil.copyfileobj(source, file)


class PipeSession(PrivateFolder):
    """Talks to a worker through three pipes; how its process is started and ended is for
    subclasses to say.
    """

    def __init__(self, profile: Profile, folder: Path | None = None) -> None:
        super().__init__(folder)
        self.alive = True
        self._wall = profile.cpu_seconds * profile.wall_factor
        self._left = math.inf  # seconds that we wait for all answers together
        self._may_answer: float = math.inf
        self._answered = 0
        self._may_print = profile.printed
        self._output = ""
        self._printed = 0
        self._talk: threading.Thread | None = None

    def bound(self, profile: Profile) -> None:
        """Limit what all answers together may take; for code that is not ours."""
        self._left = profile.total_seconds * profile.wall_factor or math.inf
        self._may_answer = MAX_ANSWERS

    def talk_through(self, to_worker: IO[bytes], from_worker: IO[bytes], log: IO[bytes]) -> None:
        """Use these pipes."""
        self._to_worker, self._from_worker, self._log = to_worker, from_worker, log
        self._drain = threading.Thread(target=self._read_output, daemon=True)
        self._drain.start()

    def end(self, grace: float = 0) -> Fault:
        """Kill the worker and everything it started, after grace seconds to end by itself.

        Returns how it ended; asked again, the same.
        """
        raise NotImplementedError

    def send(self, request: Request) -> "Future[Answer]":
        """Start an exchange; the answer is still subject to wait()."""
        frame = protocol.encode(request)
        answer: Future[Answer] = Future()

        def exchange() -> None:
            try:
                answer.set_result(self._exchange(frame))
            except BaseException as error:
                answer.set_exception(error)

        # A daemon: a process that escaped may hold the pipe open, and we must still end.
        self._talk = threading.Thread(target=exchange, daemon=True)
        self._talk.start()
        return answer

    def ask(self, request: Request) -> Answer:
        """Send a request and wait for its answer, or for the end of the worker."""
        if not self.alive:
            return Fault("died")
        return self.wait(self.send(request))

    def wait(self, answer: "Future[Answer]") -> Answer:
        start = time.monotonic()
        try:
            return answer.result(max(0.0, min(self._wall, self._left)))
        except futures.TimeoutError:
            self._kill()
            return Fault("timeout", WALL)
        except protocol.ProtocolError as error:
            self._kill()
            return Fault("protocol", str(error))
        except (OSError, EOFError, ValueError):
            self.alive = False
            fault = self.end(GRACE)
            return Fault("output") if self._printed > self._may_print else fault
        finally:
            self._left -= time.monotonic() - start

    def _exchange(self, frame: bytes) -> Answer:
        view = memoryview(frame)
        while view:
            view = view[self._to_worker.write(view) :]
        answer: Answer = protocol.decode(self._read, protocol.ANSWERS)
        if isinstance(answer, Fault):
            known = answer.kind in protocol.FAULTS and answer.kind not in protocol.CLIENT_FAULTS
            if not known:
                raise protocol.ProtocolError("a fault of an unknown kind")
        return answer

    def _read(self, count: int) -> bytes:
        self._answered += count
        if self._may_answer < self._answered:
            raise protocol.ProtocolError("all answers together are too large")
        return _read(self._from_worker, count)

    def printed(self) -> str:
        """The last of what the student's code printed, without control characters."""
        kept = self._output.replace("\r\n", "\n")
        return "".join(c for c in kept if c.isprintable() or c in "\n\t")

    def _read_output(self) -> None:
        """Keep the end of what is printed; a worker that prints without end is ended."""
        while chunk := os.read(self._log.fileno(), 1 << 16):
            text = chunk[-KEPT_OUTPUT:].decode(errors="replace")
            self._output = (self._output + text)[-KEPT_OUTPUT:]
            self._printed += len(chunk)
            if self._printed > self._may_print:
                self.end()
                return

    def _kill(self) -> None:
        self.alive = False
        self.end()

    def close(self) -> None:
        """End the worker and everything it started, and remove its folder."""
        try:
            self._kill()
        finally:
            self._drain.join(PATIENCE)
            if self._talk is not None:
                self._talk.join(PATIENCE)
            pipes = [self._log] if not self._drain.is_alive() else []
            # A process that escaped may hold a pipe: closing would wait for it.
            if self._talk is None or not self._talk.is_alive():
                pipes += [self._to_worker, self._from_worker]
            for pipe in pipes:
                with contextlib.suppress(OSError):  # unsent bytes of a worker that died
                    pipe.close()
            shutil.rmtree(self.folder, ignore_errors=True)


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


def _read(pipe: IO[bytes], count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        chunk = pipe.read(count - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return bytes(data)


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    return kept | ENVIRONMENT | {"HOME": str(folder)}
