"""Sessions: the same questions to a worker process, to this process, to a recording.

A Session has ask(request) -> answer and close(). LocalSession starts a worker of its own;
InProcessSession is for debugging only: there the student's code shares the process.
"""

import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from concurrent import futures
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from autograder.observe import protocol
from autograder.observe.protocol import Answer, Fault, Request

KEPT_OUTPUT = 4_000  # characters of what the student printed last
WALL = "wall"  # the text of a Fault for wall time, which a busy machine can cause
KEPT_ENVIRONMENT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "TMPDIR", "TEMP", "TMP")


@dataclass(frozen=True)
class Profile:
    """What a worker may use. Limits of time hold for each request.

    wall time is five times the CPU time: a busy machine is not the student's fault.
    allowed: packages student code may import beyond the standard library, torch and numpy.
    """

    name: str = "cpu"
    memory: int = 6 << 30  # bytes of data segment
    cpu_seconds: float = 15.0
    wall_factor: float = 5.0
    allowed: tuple[str, ...] = ()


class Session(Protocol):
    """Answers requests one at a time; after a Fault of a worker that ended, alive is False."""

    alive: bool
    folder: Path

    def place(self, files: Mapping[str, bytes | Path]) -> None: ...

    def ask(self, request: Request) -> Answer: ...

    def printed(self) -> str: ...

    def close(self) -> None: ...


class PrivateFolder:
    """A folder of a session's own, for the files its worker may see."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="autograder-")).resolve()

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


class LocalSession(PrivateFolder):
    """A worker process in isolated mode, in a private folder, with a scrubbed environment.

    files are written into the private folder before the worker can look at them. The
    process starts at once and imports torch while the caller does other things.
    """

    def __init__(self, profile: Profile, files: Mapping[str, bytes | Path] | None = None) -> None:
        super().__init__()
        self.alive = True
        self.place(files or {})
        self._wall = profile.cpu_seconds * profile.wall_factor
        worker = [sys.executable, "-I", "-B", "-m", "autograder.observe.worker"]
        limits = [str(profile.memory), str(profile.cpu_seconds), *profile.allowed]
        self._process = subprocess.Popen(
            worker + limits,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=_environment(self.folder),
            close_fds=True,
            start_new_session=True,
        )
        self._output = ""
        self._talk: threading.Thread | None = None
        self._drain = threading.Thread(target=self._read_output, daemon=True)
        self._drain.start()

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
        try:
            return answer.result(self._wall)
        except futures.TimeoutError:
            self._kill()
            return Fault("timeout", WALL)
        except protocol.ProtocolError as error:
            self._kill()
            return Fault("protocol", str(error))
        except (OSError, EOFError, ValueError):
            self.alive = False
            return self._ended()

    def _exchange(self, frame: bytes) -> Answer:
        to_worker, from_worker = self._process.stdin, self._process.stdout
        assert to_worker is not None and from_worker is not None
        to_worker.write(frame)
        to_worker.flush()
        answer: Answer = protocol.decode(lambda n: _read(from_worker, n), protocol.ANSWERS)
        if isinstance(answer, Fault) and answer.kind not in protocol.FAULTS:
            raise protocol.ProtocolError("a fault of an unknown kind")
        return answer

    def _ended(self) -> Fault:
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:  # it closed the pipe and went on
            code = 0
        self._kill()
        if code < 0 and code == -getattr(signal, "SIGXCPU", 0):
            return Fault("timeout")
        what = f"signal {-code}" if code < 0 else f"exit code {code}"
        return Fault("died", what)

    def printed(self) -> str:
        """The last of what the student's code printed, without control characters."""
        kept = self._output.replace("\r\n", "\n")
        return "".join(c for c in kept if c.isprintable() or c in "\n\t")

    def _read_output(self) -> None:
        assert self._process.stderr is not None
        while chunk := os.read(self._process.stderr.fileno(), 4096):
            self._output = (self._output + chunk.decode(errors="replace"))[-KEPT_OUTPUT:]

    def _kill(self) -> None:
        self.alive = False
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (AttributeError, ProcessLookupError, PermissionError):
            self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End the worker and everything it started, and remove its folder."""
        self._kill()
        self._drain.join(timeout=1)
        if self._talk is not None:
            self._talk.join(timeout=1)
        talking = self._talk is not None and self._talk.is_alive()
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                # A process that escaped may hold the pipe: closing would wait for it.
                if pipe is not None and not talking:
                    pipe.close()
            except OSError:  # unsent bytes of a worker that died
                pass
        if not self._drain.is_alive() and self._process.stderr is not None:
            self._process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)


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
    data = pipe.read(count)
    if len(data) < count:
        raise EOFError
    return data


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    return kept | {
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PYTHONUTF8": "1",
    }
