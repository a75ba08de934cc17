"""Makes the recorded answers: of the reference, and of every typical mistake.

A recording is written anew only where an answer differs beyond what machines differ by: the last
digits of floats are not the same everywhere.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from autograder.authoring.same_answers import same, same_answers
from autograder.checks import dropout, recorded
from autograder.checks.answers import Answers
from autograder.checks.challenge import Challenge
from autograder.checks.compare import thin
from autograder.checks.recorded import SEED, Recorded, digestible, recording_key
from autograder.checks.task_run import TaskRun
from autograder.checks.trials import Trial, planned_trials
from autograder.course.mutants import Mutant
from autograder.course.patching import bases, owner, patched, variants
from autograder.course.settings import Course
from autograder.course.tasks import Symbol, Task, all_tasks
from autograder.diagnose import catalogue, fingerprints
from autograder.diagnose.asking import Asked, everything
from autograder.diagnose.behaviour import differences
from autograder.diagnose.catalogue import Entry, Title, layers
from autograder.diagnose.fingerprints import MISTAKES, digest, name_of, of_answers, of_mistakes
from autograder.errors import GraderFault
from autograder.files import write
from autograder.grading.grade_task import ask_student
from autograder.grading.references import Solutions
from autograder.observe.profiles import Profile
from autograder.observe.protocol import Description, Outcome, Place, Returned, Tried
from autograder.observe.session import LocalWorkers, SharedSession
from autograder.submission.task_files import TaskFiles


class Recorder:
    """A reference that writes its answers down, by symbol, while it gives them."""

    def __init__(self, right: Answers) -> None:
        self._right = right
        self.answers: dict[str, Recorded] = {}

    def describe(self, symbol: Symbol, args: dict[str, Any], shape: tuple[int, ...]) -> Description:
        answer = self._right.describe(symbol, args, shape)
        self._keep(symbol.name, "describe", [symbol.name, args, shape], answer)
        return answer

    def outcome(self, symbol: Symbol, challenge: Challenge, where: dict[str, Place]) -> Outcome:
        answer = self._right.outcome(symbol, challenge, where)
        self._keep(symbol.name, "outcome", challenge.key(), self._thinned(answer))
        return answer

    @staticmethod
    def _thinned(answer: Outcome) -> Outcome:
        reached = answer.input_gradient
        return replace(
            answer,
            output=thin(answer.output),
            input_gradient=None if reached is None else thin(reached),
        )

    def tried(self, trial: Trial) -> Tried:
        answer = self._right.tried(trial)
        outcomes = [self._thinned(outcome) for outcome in answer.outcomes]
        weights = [replace(weight, identity=0) for weight in answer.description.weights]
        described = replace(answer.description, weights=weights)
        kept = Tried(described, answer.keys, outcomes, [], None)
        self._keep(trial.symbol, "tried", trial.key, kept)
        return answer

    def call(self, function: str, args: list[Any]) -> Returned:
        answer = self._right.call(function, args)
        self._keep(function, "call", [function, digestible(args)], answer)
        return answer

    def _keep(self, symbol: str, kind: str, what: Any, answer: object) -> None:
        self.answers.setdefault(symbol, {})[recording_key(kind, what)] = answer


def record(course: Course, task: Task, of: str) -> list[Path]:
    """Ask everything that is stale, and note what it depends on; the files that were written.

    of: answers, or mistakes.

    Raises:
        GraderFault: the solution fails a check, or a mistake makes no difference.
    """
    if of == MISTAKES:
        entries = made_mistakes(course, task, _old(task))
        _write_titles(course, task, entries)
        made, path_of, depends = by_symbol(task, entries), catalogue.path_of, of_mistakes
    else:
        made, path_of, depends = made_answers(course, task), recorded.path_of, of_answers
    written = [
        path for symbol in task.symbols for path in keep(path_of(task, symbol), made[symbol.name])
    ]
    fingerprints.state(
        {name_of(task, symbol, of): depends(course, task, symbol) for symbol in task.symbols}
    )
    catalogue.forget()
    return written


def prove(course: Course) -> list[str]:
    """Ask everything anew, whatever the fingerprints say; the files whose answers are others."""
    wrong = []
    for task in all_tasks():
        if not task.reference:
            continue  # of the student's own design: there is no reference
        mistakes = by_symbol(task, made_mistakes(course, task, ()))
        for made, path_of in (
            (made_answers(course, task), recorded.path_of),
            (mistakes, catalogue.path_of),
        ):
            for symbol in task.symbols:
                path = path_of(task, symbol)
                if not as_kept(path, made[symbol.name]):
                    wrong.append(path.relative_to(recorded.GOLDEN).as_posix())
    return wrong


def made_answers(course: Course, task: Task) -> dict[str, list[Recorded]]:
    """Judge the solution and its variants by themselves; every answer, by symbol.

    Raises:
        GraderFault: one of them fails a check.
    """
    recorders = []
    with closing(Solutions(course, (task,))) as solutions:
        texts = bases(course, task).values()
        for right, text in zip(solutions.answers(task), texts, strict=True):
            recorder = Recorder(right)
            files = TaskFiles(task, {task.file: text.encode()})
            for thorough in (False, True):
                _ask(files, recorder, thorough)
            recorders.append(recorder)
    return {
        symbol.name: [recorder.answers.get(symbol.name, {}) for recorder in recorders]
        for symbol in task.symbols
    }


def _ask(files: TaskFiles, recorder: Recorder, thorough: bool) -> None:
    """Everything that checks ask of a right answer; thorough: of one that a trial cannot follow."""
    task = files.task
    student = ask_student(files, LocalWorkers(), Profile(cpu_seconds=600), "cpu")
    with closing(student):
        run = TaskRun(task, student, [recorder], SEED, thorough=thorough)
        run.run()
        failed = [id for id, result in run.results.items() if result.outcome != "passed"]
        if failed:
            raise GraderFault(f"the solution of {task.name} fails {', '.join(failed)}")
        for symbol in task.symbols:
            if symbol.kind == "large" and thorough:  # asked only of dropout written by hand
                subject = run.subject(symbol.name)
                assert all(dropout.is_right(subject, t) for t in subject.trials if t.main)


def made_mistakes(course: Course, task: Task, old: Sequence[Entry]) -> list[Entry]:
    """Ask the solution with each mistake in it; what old entries were asked is kept.

    Raises:
        GraderFault: a mistake makes no difference.
    """
    known = {entry.title.digest: entry for entry in old}
    made: list[Entry] = []
    with closing(SharedSession(Profile(cpu_seconds=3600))) as session:
        for base, source in bases(course, task).items():
            right = Entry(Title(""), [_answers(session, task, f"right_{base}", source, None)])
            for title, wrong in _titled(course, task, base, source):
                symbol = task.symbol(title.symbol)
                if title.digest in known:
                    answers = known[title.digest].answers
                else:
                    name = f"{base}_{title.id}_{title.variant}"
                    # What is built from it is asked of the first patch only: it takes long.
                    answers = _answers(session, task, name, wrong, symbol, not title.variant)
                differs = tuple(sorted(set(differences(symbol, Entry(title, [answers]), right))))
                if not differs:
                    what = f"{task.name}: {title.id}, patch {title.variant}"
                    raise GraderFault(f"{what}: it makes no difference")
                made.append(Entry(replace(title, differs=differs), [answers]))
    return made


def by_symbol(task: Task, entries: Sequence[Entry]) -> dict[str, list[Recorded]]:
    """The answers of entries, by the symbol that the mistake is in."""
    return {
        symbol.name: [entry.answers for entry in entries if entry.title.symbol == symbol.name]
        for symbol in task.symbols
    }


def _write_titles(course: Course, task: Task, entries: Sequence[Entry]) -> None:
    """Write what the entries are about."""
    counts: Counter[str] = Counter()
    titles: list[dict[str, Any]] = []
    for entry in entries:
        symbol = entry.title.symbol
        titles.append(_short(replace(entry.title, place=counts[symbol])))
        counts[symbol] += 1
    norms = {symbol.name: _plain(course, task, symbol) for symbol in task.symbols}
    plain = {name: found for name, found in norms.items() if found}
    lines = ",\n".join(map(json.dumps, titles))
    head = '{"made_by": "autograder build",\n"titles": ['
    write(catalogue.titles_of(task), f'{head}\n{lines}\n],\n"plain": {json.dumps(plain)}}}\n')


def _short(title: Title) -> dict[str, Any]:
    """A title without what is as usual."""
    usual = {field.name: field.default for field in fields(Title)}
    return {name: value for name, value in asdict(title).items() if value != usual[name]}


def _titled(course: Course, task: Task, base: str, source: str) -> Iterator[tuple[Title, str]]:
    """What each patch is about, and the source with it."""
    common: dict[str, str] = {}
    for mutant in course.mutants(task):
        for number, (text, by) in enumerate(variants(mutant) if mutant.hint else ()):
            if base and source.count(text) != 1:
                continue  # the mistake is in what the variant has otherwise
            wrong = patched(source, text, by, f"{task.name}: {mutant.id}, patch {number}")
            symbol = owner(source, text, task)
            if symbol not in common:
                found = fingerprints.of_mistake(course, task, task.symbol(symbol))
                common[symbol] = repr(sorted(found.items()))
            key = digest(common[symbol], base, symbol, text, by, str(bool(number)))
            yield _title(task, mutant, number, base, symbol, key), wrong


def _title(task: Task, mutant: Mutant, number: int, base: str, symbol: str, key: str) -> Title:
    about = (mutant.idea, mutant.lesson or task.name, mutant.evidence)
    return Title(mutant.id, number, base, symbol, (), *about, key)


def _plain(course: Course, task: Task, symbol: Symbol) -> tuple[float, ...]:
    """How gradients flow through a network with the mistake that makes it a plain one."""
    for mutant in course.mutants(task):
        if symbol.plain and mutant.id == symbol.plain:
            source = patched(bases(course, task)[""], mutant.replace, mutant.by, mutant.id)
            files = TaskFiles(task, {task.file: source.encode()})
            with closing(ask_student(files, LocalWorkers(), Profile(), "cpu")) as plain:
                return layers(plain.tried(planned_trials(symbol, SEED)[0]))[1]
    return ()


def _old(task: Task) -> tuple[Entry, ...]:
    """The catalogue as it was, if it can still be read."""
    try:
        found = catalogue.entries(task.name)
        return tuple(entry for entry in found if entry.answers)
    except (GraderFault, TypeError, ValueError):
        return ()


def _answers(
    session: SharedSession,
    task: Task,
    name: str,
    text: str,
    own: Symbol | None,
    built: bool = False,
) -> Recorded:
    """Everything that is asked of one version of the solution: of a symbol, and if built in
    short of those that may be built from it; without a symbol everything of all."""
    file = f"{task.name}_{name}.py"
    session.place(file, text.encode())
    asked = Answers(f"{task.name}/{name}", partial(session.open, file))
    found: Recorded = {}
    try:
        start = task.symbols.index(own) if own else 0
        for symbol in task.symbols[start:]:
            if own is None or symbol == own:
                found |= everything(symbol, Asked(asked), whole=True)
            elif built and "function" not in (symbol.kind, own.kind):
                found |= everything(symbol, Asked(asked), whole=False)
            asked.forget()
    finally:
        asked.forget()
    return found


def keep(path: Path, made: Sequence[Recorded]) -> list[Path]:
    """Write recordings where an answer is another one than before; the path, if it was written.

    An answer that is the same but for rounding stays as it stands in the file.
    """
    old = _read(path)
    if _alike(old, made):
        return []
    kept = [
        {
            key: before[key] if key in before and same(key, before[key], answer) else answer
            for key, answer in own.items()
        }
        for own, before in zip(made, [*old, *[{}] * len(made)], strict=False)
    ]
    recorded.write(path, kept)
    return [path]


def as_kept(path: Path, made: Sequence[Recorded]) -> bool:
    """Whether a file holds these answers."""
    return _alike(_read(path), made)


def _read(path: Path) -> tuple[Recorded, ...]:
    try:
        return recorded.read(path)
    except GraderFault:
        return ()


def _alike(old: Sequence[Recorded], made: Sequence[Recorded]) -> bool:
    """Whether recordings are the same; one without any answer at the end is not in the file."""
    most = max(len(old), len(made))
    pairs = zip([*old, *[{}] * (most - len(old))], [*made, *[{}] * (most - len(made))], strict=True)
    return all(same_answers(*pair) for pair in pairs)
