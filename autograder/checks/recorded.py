"""Recorded that were recorded: the reference's, for machines that have no reference.

``golden/<task>/<symbol>.answers.gz`` holds, for one fixed seed, what the solution and the accepted
variants answered to the questions the checks ask about a symbol. Grading uses other seeds: knowing
these answers gains nothing there. ``autograder build`` records them.
"""

import gzip
import io
import json
import struct
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checks.challenge import Challenge, Reference
from autograder.checks.trials import Trial
from autograder.course.tasks import Symbol, Task
from autograder.errors import GraderFault
from autograder.files import PACKAGE
from autograder.observe import frames, protocol
from autograder.observe.protocol import Description, Outcome, Place, Tried

SEED = "0123456789abcde"
GOLDEN = PACKAGE / "golden"
Recorded = dict[str, Any]  # by the text of the question


def path_of(task: Task, symbol: Symbol) -> Path:
    """Where the reference's answers about a symbol are kept."""
    return GOLDEN / task.name / f"{symbol.name}.answers.gz"


def recording_key(kind: str, what: Any) -> str:
    """The question as text: the seed is fixed, so equal questions have equal answers."""
    return json.dumps([kind, what])


def digestible(args: list[Any]) -> list[Any]:
    """Arguments as they stand in a key."""
    return [arg.tolist() if isinstance(arg, np.ndarray) else arg for arg in args]


class Recording:
    """A reference that reads its answers from what was recorded.

    number: 0 for the solution, then the accepted variants.
    """

    def __init__(self, task: Task, number: int) -> None:
        self._task = task
        self._number = number

    def describe(self, symbol: Symbol, args: dict[str, Any], shape: tuple[int, ...]) -> Description:
        answer = self._find(symbol.name, "describe", [symbol.name, args, shape])
        assert isinstance(answer, Description)
        return answer

    def outcome(self, symbol: Symbol, challenge: Challenge, where: dict[str, Place]) -> Outcome:
        answer = self._find(symbol.name, "outcome", challenge.key())
        assert isinstance(answer, Outcome)
        return answer

    def tried(self, trial: Trial) -> Tried:
        answer = self._find(trial.symbol, "tried", trial.key)
        assert isinstance(answer, Tried)
        return answer

    def call(self, function: str, args: list[Any]) -> protocol.Returned:
        answer = self._find(function, "call", [function, digestible(args)])
        assert isinstance(answer, protocol.Returned)
        return answer

    def _find(self, symbol: str, kind: str, what: Any) -> object:
        recordings = read(path_of(self._task, self._task.symbol(symbol)))
        key = recording_key(kind, what)
        if self._number >= len(recordings) or key not in recordings[self._number]:
            raise GraderFault(f"the recorded answers do not hold {key[:120]}; run autograder build")
        found: object = recordings[self._number][key]
        return found


def load(task: Task) -> list[Reference]:
    """The recorded answers of a task: of the solution, then of its accepted variants.

    Raises:
        GraderFault: a recording is missing or damaged; the installation is broken.
    """
    if not task.reference:
        return []
    most = max(len(read(path_of(task, symbol))) for symbol in task.symbols)
    return [Recording(task, number) for number in range(most)]


def write(path: Path, recordings: Sequence[Recorded]) -> None:
    """Write recordings to one file; an answer that was given before is not written again."""
    body = io.BytesIO()
    known: dict[bytes, int] = {}
    for number, answers in enumerate(recordings):
        for key, answer in answers.items():
            text, frame = key.encode(), frames.encode(answer)
            new = frame not in known
            place = known.setdefault(frame, len(known))
            body.write(struct.pack(">HII", number, place, len(text)) + text)
            body.write(frame if new else b"")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(body.getvalue(), mtime=0))
    read.cache_clear()


@cache
def read(path: Path) -> tuple[Recorded, ...]:
    """The recordings in a file.

    Raises:
        GraderFault: the file is missing or damaged; the installation is broken.
    """
    recordings: list[Recorded] = []
    try:
        with gzip.open(path) as file:
            body = io.BytesIO(file.read())
        known: list[object] = []
        while head := body.read(10):
            number, place, length = struct.unpack(">HII", head)
            key = body.read(length).decode()
            while len(recordings) <= number:
                recordings.append({})
            if place == len(known):
                known.append(frames.decode(body.read, protocol.ANSWERS))
            recordings[number][key] = known[place]
    except (OSError, EOFError, frames.ProtocolError, struct.error, ValueError, IndexError) as error:
        raise GraderFault(f"{path}: cannot be read ({error}); install again") from None
    return tuple(recordings)
