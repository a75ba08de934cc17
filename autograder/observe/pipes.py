"""Talking to a worker through pipes, with limits on its time, its answers and its output."""

import contextlib
import errno
import math
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent import futures
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import IO

from autograder.observe import frames, protocol
from autograder.observe.profiles import Profile
from autograder.observe.protocol import Answer, Fault, Request

MAX_ANSWERS = 512 << 20  # bytes of all answers of a session; who asks keeps them
KEPT_OUTPUT = 4_000  # characters of what the student printed last
GRACE = 2.0  # seconds for a worker whose pipe ended to end itself, so that we learn how
PATIENCE = 5.0  # seconds for our own threads to see that the pipes ended
WALL = "wall"  # the text of a Fault for wall time, which a busy machine can cause


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
        self._asked: SimpleQueue[tuple[bytes, Future[Answer]] | None] = SimpleQueue()

    def bound(self, profile: Profile) -> None:
        """Limit what all answers together may take; for code that is not ours."""
        self._left = profile.total_seconds * profile.wall_factor or math.inf
        self._may_answer = MAX_ANSWERS

    def talk_through(self, to_worker: IO[bytes], from_worker: IO[bytes], log: IO[bytes]) -> None:
        """Use these pipes."""
        self._to_worker, self._from_worker, self._log = to_worker, from_worker, log
        # Daemons: a process that escaped may hold a pipe open, and we must still end.
        self._drain = threading.Thread(target=self._read_output, daemon=True)
        self._talk = threading.Thread(target=self._serve, daemon=True)
        self._drain.start()
        self._talk.start()

    def end(self, grace: float = 0) -> Fault:
        """Kill the worker and everything it started, after grace seconds to end by itself.

        Returns how it ended; asked again, the same.
        """
        raise NotImplementedError

    def ask(self, request: Request) -> Answer:
        """Send a request and wait for its answer, or for the end of the worker."""
        if not self.alive:
            return Fault("died")
        start = time.monotonic()
        answer: Future[Answer] = Future()
        self._asked.put((frames.encode(request), answer))
        try:
            return answer.result(max(0.0, min(self._wall, self._left)))
        except futures.TimeoutError:
            self._kill()
            return Fault("timeout", WALL)
        except frames.ProtocolError as error:
            self._kill()
            return Fault("protocol", str(error))
        except (OSError, EOFError, ValueError):
            self.alive = False
            fault = self.end(GRACE)
            return Fault("output") if self._printed > self._may_print else fault
        finally:
            self._left -= time.monotonic() - start

    def _serve(self) -> None:
        while (asked := self._asked.get()) is not None:
            frame, answer = asked
            try:
                answer.set_result(self._exchange(frame))
            except BaseException as error:
                answer.set_exception(error)

    def _exchange(self, frame: bytes) -> Answer:
        view = memoryview(frame)
        while view:
            view = view[self._to_worker.write(view) :]
        answer: Answer = frames.decode(self._read, protocol.ANSWERS)
        if isinstance(answer, Fault):
            known = answer.kind in protocol.FAULTS and answer.kind not in protocol.CLIENT_FAULTS
            if not known:
                raise frames.ProtocolError("a fault of an unknown kind")
        return answer

    def _read(self, count: int) -> bytes:
        self._answered += count
        if self._may_answer < self._answered:
            raise frames.ProtocolError("all answers together are too large")
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
            self._asked.put(None)
            self._drain.join(PATIENCE)
            self._talk.join(PATIENCE)
            pipes = [self._log] if not self._drain.is_alive() else []
            # A process that escaped may hold a pipe: closing would wait for it.
            if not self._talk.is_alive():
                pipes += [self._to_worker, self._from_worker]
            for pipe in pipes:
                with contextlib.suppress(OSError):  # unsent bytes of a worker that died
                    pipe.close()
            shutil.rmtree(self.folder, ignore_errors=True)


def _read(pipe: IO[bytes], count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        chunk = pipe.read(count - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return bytes(data)
