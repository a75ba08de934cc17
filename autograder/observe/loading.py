"""Loading a student's file: what stands above a line that fails is there all the same.

Files end in what their authors tried last: a training run, a network on a GPU, a parser of
arguments, input(). None of that says anything about the classes above.
"""

import os
import re
import signal
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.observe import placeholders

REAL = 3  # seconds of the clock for each of CPU time: a file may wait, and the machine be busy
MAGIC = re.compile(r"^([ \t]*)[!%].*$", re.MULTILINE)  # a command of a notebook


class TookTooLong(BaseException):
    """A file that was still busy with something after its time."""


@dataclass(frozen=True)
class File:
    """A student's file: the module that it becomes, and its code."""

    module: types.ModuleType
    code: types.CodeType

    def run(self, seconds: float = 0) -> None:
        """Run the file, for so many seconds; 0: without limit. What it defines stays.

        Raises:
            BaseException: whatever the file raises.
        """
        with placeholders.loading(), limited(seconds):
            exec(self.code, self.module.__dict__)

    def defines(self) -> bool:
        """Whether it got as far as a class or a function of its own."""
        return any(
            isinstance(value, (type, types.FunctionType))
            and value.__module__ == self.module.__name__
            for value in vars(self.module).values()
        )


def read(path: Path) -> File:
    """Make a file ready to run.

    Raises:
        SyntaxError, ValueError: it is no Python.
    """
    source = path.read_bytes()
    if source[:2] in (b"\xff\xfe", b"\xfe\xff") or source[1:40:2].count(0) > 8:
        raise SyntaxError("the encoding is UTF-16", (str(path), 0, 0, ""))
    code = compiled(source, path)
    module = types.ModuleType(path.stem)
    module.__file__ = str(path)
    module.__dict__["get_ipython"] = Notebook
    sys.modules[path.stem] = module  # dataclasses look their module up
    sys.argv = [path.name]
    return File(module, code)


def compiled(source: bytes, path: Path) -> types.CodeType:
    """The code of a file; commands that a notebook left in it are none of Python's."""
    try:
        return compile(source, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        try:
            text = MAGIC.sub(r"\1pass", source.decode("utf-8-sig"))
            return compile(text, str(path), "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            raise error from None


class Notebook:
    """What get_ipython() gives in a file that was a notebook: its commands do nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TookTooLong after so many seconds of CPU time, where the system can."""
    if not seconds or os.name != "posix":  # the wall time of a request has to do
        yield
        return
    timers = ((signal.ITIMER_PROF, signal.SIGPROF, 1), (signal.ITIMER_REAL, signal.SIGALRM, REAL))

    def stop(number: int, frame: Any) -> None:
        raise TookTooLong(f"still busy after {seconds:.0f} s, and was stopped")

    before = {kind: signal.signal(kind, stop) for _, kind, _ in timers}
    try:
        for timer, _, factor in timers:
            signal.setitimer(timer, factor * seconds)
        yield
    finally:
        for timer, kind, _ in timers:
            signal.setitimer(timer, 0)
            signal.signal(kind, before[kind])
