"""Asking about the homework: its loops on a watched network, and predict.py as a program."""

import csv
import io
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Any, Literal

from autograder.checks.answers import Answers, once_more
from autograder.checks.challenge import NoAnswer
from autograder.course.tasks import Symbol
from autograder.observe import protocol
from autograder.observe.frames import Array
from autograder.observe.protocol import Fault
from autograder.observe.session import Session
from autograder.submission.predictions import normal_id

PREDICT = "python predict.py"


class ProgramAnswers(Answers):
    """Answers of a task whose files are programs, too."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._rehearsed: dict[str, protocol.Rehearsed] = {}

    @once_more
    def rehearse(
        self,
        function: Literal["predict", "train_one_epoch"],
        images: list[Array],
        labels: list[Array],
        seed: str,
        call: str,
        again: bool = False,
    ) -> protocol.Rehearsed:
        """Let a function work on a watched network; asked again, the same answer is kept."""
        self.open()
        key = f"{function}{again}"
        if key not in self._rehearsed:
            request = protocol.Rehearse(self.task, function, images, labels, seed)
            found = self._ask(request, protocol.Rehearsed, call)
            if not all(logits.ndim == 2 for logits in found.logits):
                raise NoAnswer(Fault("protocol", "logits of another shape than they have"), call)
            self._rehearsed[key] = found
        return self._rehearsed[key]

    @once_more
    def program(
        self,
        symbol: Symbol,
        args: dict[str, Any],
        checkpoint: Callable[[int, str], protocol.Checkpoint],
        seed: str,
        pictures: dict[str, bytes],
    ) -> dict[str, str]:
        """Run predict.py on a network with weights from the seed; class by Id as it wrote them."""
        handle = self.build(symbol, args)
        self._load(handle, symbol, seed, {})
        assert self._session is not None
        place = secrets.token_hex(8)  # the student's code may be waiting for a known name
        put(self._session, {f"{place}/images/{name}": p for name, p in pictures.items()})
        run = self._session.scratch(f"{place}/run")
        self._ask(checkpoint(handle, run), protocol.Done, "save a run folder")
        request = script(self._session, self._path, place, run)
        return predicted(self._ask(request, protocol.Written, PREDICT))

    def predict_again(
        self, run: Mapping[str, Path], pictures: Mapping[str, Path], at_once: int = 100
    ) -> dict[str, str]:
        """Run predict.py on a copy of a run folder; class by Id as it wrote them.

        In a session of its own, where everything lies in its place before the student's code
        runs; nothing that it did elsewhere counts here.
        """
        names = list(pictures)
        parts = [names[start : start + at_once] for start in range(0, len(names), at_once)]
        session, path = self._opens()
        found: dict[str, str] = {}
        try:
            for number, part in enumerate(parts):
                put(session, {f"part{number}/run/{name}": run[name] for name in run})
                put(session, {f"part{number}/images/{name}": pictures[name] for name in part})
            for number in range(len(parts)):
                place = f"part{number}"
                answer = session.ask(script(session, path, place, session.path(f"{place}/run")))
                if isinstance(answer, Fault):
                    raise NoAnswer(answer, PREDICT)
                if not isinstance(answer, protocol.Written):
                    raise NoAnswer(Fault("protocol", "an answer to another question"), PREDICT)
                found |= predicted(answer)
        finally:
            session.close()
        return found


def put(session: Session, files: Mapping[str, bytes | Path]) -> None:
    """Place files in a session; where its folder does not take them the student is at fault."""
    try:
        session.place(files)
    except OSError as error:
        text = f"the working folder was changed: {error.strerror}"
        raise NoAnswer(Fault("protocol", text), PREDICT) from None


def script(session: Session, path: str, place: str, run: str) -> protocol.Script:
    """predict.py beside the opened file, on a run folder and the pictures in a place."""
    out = session.scratch(f"{place}.csv")
    words = ["--checkpoint", run, "--images", session.path(f"{place}/images"), "--out", out]
    return protocol.Script(str(PurePath(path).with_name("predict.py")), words, out)


def predicted(written: protocol.Written) -> dict[str, str]:
    """Class by Id of what predict.py wrote."""
    try:
        rows = [row for row in csv.reader(io.StringIO(written.text)) if len(row) == 2]
    except csv.Error as error:
        raise NoAnswer(Fault("error", f"not a CSV file: {error}"), PREDICT) from None
    return {normal_id(key): label for key, label in rows if key != "Id"}
