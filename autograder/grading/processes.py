"""Grading processes on this machine, under supervision: one that dies or hangs is replaced."""

import contextlib
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from autograder.grading.batch import Grader, Plan
from autograder.model import Report

GRACE = 5.0  # seconds to end by itself


def serve(
    connection: "Connection[Any, Any]", plan: Plan, make: Callable[[Plan], Grader], scratch: str
) -> None:
    """Grade what comes through the pipe until it closes; every check is a sign of life."""
    # Ctrl-C reaches the whole group; the parent decides and ends us by SIGTERM.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tempfile.tempdir = scratch
    grader = make(plan)
    try:
        while True:
            place = connection.recv()
            connection.send(grader.grade(place, on_result=lambda _: connection.send(None)))
    except (EOFError, OSError, KeyboardInterrupt):
        pass
    finally:
        grader.close()


class Process:
    """One grading process. number: of the submission it works on."""

    def __init__(self, plan: Plan, make: Callable[[Plan], Grader]) -> None:
        context = multiprocessing.get_context("spawn")
        self.number: int | None = None
        self.heard = time.monotonic()
        # Its sessions' folders lie in here: they go even where it had no time to remove them.
        self._scratch = os.path.realpath(tempfile.mkdtemp(prefix="autograder-batch-"))
        self.connection, theirs = context.Pipe()
        self._process = context.Process(
            target=serve, args=(theirs, plan, make, self._scratch), daemon=False
        )
        with _deaf():
            self._process.start()
        theirs.close()

    @property
    def sentinel(self) -> int:
        return self._process.sentinel

    def begin(self, number: int, place: str) -> None:
        self.heard = time.monotonic()
        self.number = number
        # If it has died meanwhile, ended() finds out.
        with contextlib.suppress(OSError):
            self.connection.send(place)

    def read(self) -> Report | None:
        """What it sent: a report, or None as a sign of life.

        Raises:
            EOFError, OSError: it has died.
        """
        self.heard = time.monotonic()
        if not self.connection.poll():
            raise EOFError
        answer: Report | None = self.connection.recv()
        return answer

    def stop(self) -> None:
        """Ask it to end; one without work ends when its pipe does."""
        self.connection.close()
        if self.number is not None:
            self._process.join(0.5)  # one that is dying says how, not that we ended it
            if self._process.is_alive():
                self._process.terminate()

    def end(self) -> str:
        """End it, by force where it does not obey; says how it ended."""
        self.stop()
        self._process.join(GRACE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        code = self._process.exitcode or 0
        self._process.close()
        _kill_inside(self._scratch)
        shutil.rmtree(self._scratch, ignore_errors=True)
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def _kill_inside(folder: str) -> None:
    """Kill the workers that a dead grading process left behind: they work in this folder.

    Only Linux can tell; elsewhere their own limits end them.
    """
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):  # it ended, or is another user's
            if os.readlink(link).startswith(f"{folder}/"):
                os.kill(int(link.parent.name), signal.SIGKILL)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """A process started here does not hear of Ctrl-C, not even before serve() says so."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals can only be set in the main thread
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Processes:
    """The engine of one machine: at most plan.jobs processes, each with a Grader made by make."""

    tries = 2

    def __init__(self, plan: Plan, make: Callable[[Plan], Grader] = Grader) -> None:
        self._plan = plan
        self._make = make
        self._all: list[Process] = []

    def _busy(self) -> list[Process]:
        return [process for process in self._all if process.number is not None]

    def idle(self) -> bool:
        return len(self._busy()) < self._plan.jobs

    def begin(self, number: int, place: str) -> None:
        free = [process for process in self._all if process.number is None]
        if not free:
            free = [Process(self._plan, self._make)]
            self._all += free
        free[0].begin(number, place)

    def ended(self) -> tuple[int, Report | str] | None:
        busy = self._busy()
        last = min(process.heard for process in busy) + self._plan.patience
        watched = [process.connection for process in busy]
        watched += [process.sentinel for process in busy]  # type: ignore[misc]  # wait() takes both
        ready = wait(watched, max(0.0, last - time.monotonic()))
        for process in busy:
            if process.connection in ready or process.sentinel in ready:
                return self._hear(process)
        for process in busy:
            if time.monotonic() - process.heard >= self._plan.patience:
                silence = f"{self._plan.patience:g} s without a sign of life"
                return self._lose(process, f"the grading process hung: {silence}")
        return None

    def _hear(self, process: Process) -> tuple[int, Report | str] | None:
        try:
            answer = process.read()
        except (EOFError, OSError):
            return self._lose(process, "")
        if answer is None:
            return None
        number, process.number = process.number, None
        assert number is not None
        return number, answer

    def _lose(self, process: Process, why: str) -> tuple[int, str]:
        self._all.remove(process)
        how = process.end()
        assert process.number is not None
        return process.number, why or f"the grading process died ({how})"

    def close(self) -> None:
        for process in self._all:
            process.stop()
        for process in self._all:
            process.end()
        self._all = []
