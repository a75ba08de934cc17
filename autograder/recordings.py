"""The reference's answers for ``autograder check``, where there is no reference.

golden/<task>.ag1.gz holds, for one fixed seed, what the solution answered to the questions
the checks ask. Grading uses other seeds: knowing these answers gains nothing there.
"""

import gzip
import hashlib
import io
import struct
from pathlib import Path
from typing import Any

from autograder.checks import dropout
from autograder.checks.plugin import Bench, Judge
from autograder.checks.subject import Recorder, Recording, Reference, Subject
from autograder.course import Course
from autograder.errors import GraderFault
from autograder.observe import protocol
from autograder.observe.session import Profile
from autograder.submission import TaskFiles
from autograder.tasks import Task

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
    path = path_of(task)
    if not path.is_file():
        return False
    with gzip.open(path) as file:
        return file.read(64).decode() == digest(course, task)


def record(course: Course, task: Task) -> None:
    """Judge the solution and its variants by themselves and write down every answer."""
    from autograder.grading import Solutions, student_witness

    solutions = Solutions(course, (task,))
    recorders = [Recorder(witness) for witness in solutions.witnesses(task)]
    try:
        for recorder, source in zip(recorders, solutions.sources(task), strict=True):
            student = student_witness(TaskFiles(task, {task.file: source}), Profile())
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
    _write(path_of(task), digest(course, task), [recorder.answers for recorder in recorders])


def _write(path: Path, digest: str, recordings: list[dict[str, Any]]) -> None:
    body = io.BytesIO()
    body.write(digest.encode())
    for number, answers in enumerate(recordings):
        for key, answer in answers.items():
            text = key.encode()
            body.write(struct.pack(">BI", number, len(text)) + text + protocol.encode(answer))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(body.getvalue(), mtime=0))


def load(task: Task) -> list[Reference]:
    """The recorded answers of a task: of the solution, then of its accepted variants.

    Raises:
        GraderFault: the recording is missing or damaged; the installation is broken.
    """
    recordings: list[dict[str, Any]] = []
    try:
        with gzip.open(path_of(task)) as file:
            body = io.BytesIO(file.read())
        body.seek(64)
        while head := body.read(5):
            number, length = struct.unpack(">BI", head)
            key = body.read(length).decode()
            while len(recordings) <= number:
                recordings.append({})
            recordings[number][key] = protocol.decode(body.read, protocol.ANSWERS)
    except (OSError, EOFError, protocol.ProtocolError, struct.error, ValueError) as error:
        raise GraderFault(f"{path_of(task)}: cannot be read ({error}); install again") from None
    return [Recording(answers) for answers in recordings]
