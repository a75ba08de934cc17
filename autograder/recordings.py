"""The reference's answers for ``autograder check``, where there is no reference.

golden/<task>.ag1.gz holds, for one fixed seed, what the solution answered to the questions
the checks ask. Grading uses other seeds: knowing these answers gains nothing there.
"""

import gzip
import hashlib
import io
import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checks.compare import thin
from autograder.checks.witness import Challenge, Reference, Witness
from autograder.course import Course
from autograder.errors import GraderFault
from autograder.observe import frames, protocol
from autograder.observe.protocol import Description, Outcome, Place
from autograder.observe.session import LocalWorkers
from autograder.sandbox.profiles import Profile
from autograder.submission import TaskFiles
from autograder.tasks import Symbol, Task

SEED = "0123456789abcde"
PACKAGE = Path(__file__).parent
SOURCES = ("tasks.toml", "checks/*.py", "observe/*.py")


def path_of(task: Task) -> Path:
    """Where the recording of a task is kept."""
    return PACKAGE / "golden" / f"{task.name}.ag1.gz"


def digest(course: Course, task: Task) -> str:
    """Changes with everything the recorded answers depend on."""
    found = hashlib.sha256(course.solution(task).read_bytes())
    for variant in course.accepted(task):
        found.update(repr(variant).encode())
    for pattern in SOURCES:
        for path in sorted(PACKAGE.glob(pattern)):
            found.update(path.read_bytes())
    return found.hexdigest()


def is_fresh(course: Course, task: Task) -> bool:
    """Whether the recording was made from the sources as they are."""
    if task.homework:
        return True  # it has no reference
    return stated(path_of(task)) == digest(course, task)


def stated(path: Path) -> str:
    """The digest at the head of a recording; empty where there is none."""
    try:
        with gzip.open(path) as file:
            return file.read(64).decode()
    except (OSError, EOFError, ValueError):
        return ""


class Recording:
    """The reference's answers, written down: for machines that have no reference.

    Made by running the checks with a Recorder; large tensors are thinned.
    """

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = answers

    def describe(self, symbol: Symbol, args: dict[str, Any], shape: tuple[int, ...]) -> Description:
        answer = self._find("describe", [symbol.name, args, shape])
        assert isinstance(answer, Description)
        return answer

    def outcome(self, symbol: Symbol, challenge: Challenge, where: dict[str, Place]) -> Outcome:
        answer = self._find("outcome", challenge.key())
        assert isinstance(answer, Outcome)
        return answer

    def call(self, function: str, args: list[Any]) -> protocol.Returned:
        answer = self._find("call", [function, digestible(args)])
        assert isinstance(answer, protocol.Returned)
        return answer

    def _find(self, kind: str, what: Any) -> object:
        key = recording_key(kind, what)
        if key not in self._answers:
            raise GraderFault(f"the recorded answers do not hold {key[:120]}; run autograder build")
        return self._answers[key]


class Recorder:
    """A reference that writes its answers down while it gives them."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self.answers: dict[str, Any] = {}

    def describe(self, symbol: Symbol, args: dict[str, Any], shape: tuple[int, ...]) -> Description:
        answer = self._witness.describe(symbol, args, shape)
        self.answers[recording_key("describe", [symbol.name, args, shape])] = answer
        return answer

    def outcome(self, symbol: Symbol, challenge: Challenge, where: dict[str, Place]) -> Outcome:
        answer = self._witness.outcome(symbol, challenge, where)
        self.answers[recording_key("outcome", challenge.key())] = replace(
            answer,
            output=thin(answer.output),
            input_gradient=None if answer.input_gradient is None else thin(answer.input_gradient),
        )
        return answer

    def call(self, function: str, args: list[Any]) -> protocol.Returned:
        answer = self._witness.call(function, args)
        self.answers[recording_key("call", [function, digestible(args)])] = answer
        return answer


def recording_key(kind: str, what: Any) -> str:
    """The question as text: the seed is fixed, so equal questions have equal answers."""
    return json.dumps([kind, what])


def digestible(args: list[Any]) -> list[Any]:
    """Arguments as they stand in a key."""
    return [arg.tolist() if isinstance(arg, np.ndarray) else arg for arg in args]


def record(course: Course, task: Task) -> None:
    """Judge the solution and its variants by themselves and write down every answer."""
    from autograder.checks import dropout
    from autograder.checks.judge import Bench, Judge
    from autograder.checks.subject import Subject
    from autograder.grading import Solutions, student_witness

    solutions = Solutions(course, (task,))
    recorders = [Recorder(witness) for witness in solutions.witnesses(task)]
    try:
        for recorder, source in zip(recorders, solutions.sources(task), strict=True):
            student = student_witness(
                TaskFiles(task, {task.file: source}), Profile(), LocalWorkers()
            )
            results = Judge([Bench(task, student, [recorder], SEED)]).run()
            for symbol in task.symbols:
                if symbol.kind == "large":
                    # What is asked only of dropout written by hand; torch's own must pass.
                    subject = Subject(task, symbol, student, [recorder], SEED)
                    assert dropout.is_right(subject, symbol.samples[0])
            student.close()
            failed = [id for id, result in results.items() if result.outcome != "passed"]
            if failed:
                raise GraderFault(f"the solution of {task.name} fails {', '.join(failed)}")
    finally:
        solutions.close()
    write(path_of(task), digest(course, task), [recorder.answers for recorder in recorders])


def write(path: Path, digest: str, recordings: list[dict[str, Any]], head: str = "") -> None:
    """Write recordings to one file, after a digest of what they depend on and some text.

    An answer that was given before is not written again.
    """
    body = io.BytesIO()
    body.write(digest.encode() + struct.pack(">I", len(head.encode())) + head.encode())
    known: dict[bytes, int] = {}
    for number, answers in enumerate(recordings):
        for key, answer in answers.items():
            text, frame = key.encode(), frames.encode(answer)
            new = frame not in known
            place = known.setdefault(frame, len(known))
            body.write(struct.pack(">HII", number, place, len(text)) + text)
            body.write(frame if new else b"")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(body.getvalue(), mtime=0))


def head(path: Path) -> str:
    """The text at the head of a file, without reading the recordings.

    Raises:
        GraderFault: the file is missing or damaged; the installation is broken.
    """
    try:
        with gzip.open(path) as file:
            (length,) = struct.unpack(">I", file.read(68)[64:])
            return file.read(length).decode()
    except (OSError, EOFError, struct.error, ValueError) as error:
        raise GraderFault(f"{path}: cannot be read ({error}); install again") from None


def read(path: Path) -> tuple[str, list[dict[str, Any]]]:
    """The text at the head of a file, and the recordings.

    Raises:
        GraderFault: the file is missing or damaged; the installation is broken.
    """
    recordings: list[dict[str, Any]] = []
    try:
        with gzip.open(path) as file:
            body = io.BytesIO(file.read())
        body.seek(64)
        (length,) = struct.unpack(">I", body.read(4))
        text = body.read(length).decode()
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
    return text, recordings


def load(task: Task) -> list[Reference]:
    """The recorded answers of a task: of the solution, then of its accepted variants.

    Raises:
        GraderFault: the recording is missing or damaged; the installation is broken.
    """
    if task.homework:
        return []
    return [Recording(answers) for answers in read(path_of(task))[1]]
