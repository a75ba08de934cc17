"""What a task's failures mean: which typical mistake each symbol shows, counted once.

A symbol that failed is compared with the catalogue. What is built from it and equals the
reference with that mistake in it is right as far as it goes: its checks pass with a remark.
A diagnosis takes no points; only answers to fresh challenges give any back.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from autograder.checks import families
from autograder.checks.challenge import Challenge, GaveUp, NoAnswer, Reference
from autograder.checks.compare import distance
from autograder.checks.subject import Subject
from autograder.checks.task_run import TaskRun
from autograder.course.tasks import Sample, Symbol, Task
from autograder.diagnose import catalogue
from autograder.diagnose.asking import KEPT, WRITTEN, Asked, runs
from autograder.diagnose.behaviour import differences
from autograder.diagnose.catalogue import Entry, MistakeAsReference
from autograder.model import Message, Result, Value
from autograder.observe.protocol import Fault, count

ONE = ("structure", "function")
# Failures of these families follow from what a symbol computes, and so from the mistake in it.
FOLLOWS = (
    "every_parameter_learns",
    "input_gets_a_gradient",
    "batch_items_are_independent",
    "modes_differ",
)
UNTOLD = ("fault.stopped", "fault.not_written", "fault.missing_symbol", "fault.not_a_module")


@dataclass(frozen=True)
class Mistakes:
    """The catalogue of a task, and how to build a reference with mistakes in it.

    entries: gives them; they are read only where something failed. carried: a reference with
    these entries in it, or None where there is none; written: it is a recording, reduced to a
    few numbers.
    """

    entries: Callable[[], Sequence[Entry]] = tuple
    carried: Callable[[Task, list[Entry]], Reference | None] = lambda task, entries: None
    written: bool = False


def shipped(task: Task) -> Mistakes:
    """The catalogue without any reference, as ``autograder check`` uses it."""

    def carried(task: Task, found: list[Entry]) -> Reference | None:
        return MistakeAsReference(found[0]) if len(found) == 1 else None

    return Mistakes(partial(catalogue.entries, task.name), carried, written=True)


def identify(
    subject: Subject, entries: Iterable[Entry], failed: dict[str, Message]
) -> dict[str, Entry]:
    """The entry that explains each failed check, by its id; none where nothing fits exactly."""
    symbol = subject.symbol
    refuses = f"{subject.task.name}.refuses.{symbol.name}"
    roots = {id for id, message in failed.items() if message.id != "member.failed"}
    own = [entry for entry in entries if entry.title.symbol == symbol.name]
    asked = Asked(subject.student, refused=refuses not in failed)
    found: dict[str, Entry] = {}
    if any(failed[id].id in UNTOLD for id in roots):
        return found
    if refuses in roots:
        for entry in own:
            if entry.title.differs == ("refusal",):
                found[refuses] = entry
                break
    others = [id for id in failed if id != refuses]
    if roots - {refuses}:
        fits = _first(subject, asked, own, ONE)
        counted = [id for id in others if failed[id].id.startswith("parameters.")]
        only_counts = bool(symbol.counted) and set(counted) == roots - {refuses}
        if fits is None and only_counts:
            fits = _first(subject, asked, own, ("counts",))
        if fits is None:
            fits = _by_evidence(subject, own, {failed[id].id for id in roots}, only_counts)
        if fits is not None:
            found |= dict.fromkeys(others, fits)
    return found


def _by_evidence(
    subject: Subject, entries: list[Entry], messages: set[str], only_counts: bool
) -> Entry | None:
    """The entry that one observation shows, whatever form the mistake has."""
    wanted = {entry.title.evidence for entry in entries if entry.title.evidence}
    seen = {"counts"} if only_counts else set()
    if "input.changed" in messages:
        seen.add("input_changed")
    if "eval.random" in messages or ("random" in wanted and _is_random(subject)):
        seen.add("random")
    if "hidden" in wanted and _hides(subject):
        seen.add("hidden")
    return next((entry for entry in entries if entry.title.evidence in seen), None)


def _is_random(subject: Subject) -> bool:
    """Whether a large network gives something else in eval mode each time."""
    if subject.symbol.kind != "large":
        return False  # a family has asked
    challenge = subject.challenge(subject.symbol.samples[-1])
    again = subject.run(replace(challenge, repeat=1)).output
    return distance(again, subject.run(challenge).output) > 1e-4


def _hides(subject: Subject) -> bool:
    return any(subject.description(sample).hidden for sample in subject.symbol.samples)


def _first(
    subject: Subject, asked: Asked, entries: list[Entry], kinds: tuple[str, ...]
) -> Entry | None:
    """The first entry that differs from the reference in these kinds, and not from the student."""
    dtype = "" if subject.symbol.kind in ("large", "function") else subject.dtype
    for entry in entries:
        if not set(kinds) & set(entry.title.differs):
            continue
        found = differences(subject.symbol, asked, entry, kinds, dtype, subject.student.matches)
        if next(found, None) is None:
            return entry
    return None


def _same_count(subject: Subject, entries: Sequence[Entry]) -> Entry | None:
    """The only mistake that changes the numbers of parameters just so, if there is one."""
    symbol = subject.symbol
    ours, fitting = Asked(subject.student, True), {}
    for entry in entries:
        if entry.title.symbol != symbol.name or "structure" not in entry.title.differs:
            continue
        pairs = [
            (ours.describe(symbol, s.args, s.input), entry.describe(symbol, s.args, s.input))
            for s in symbol.samples
        ]
        whole = [(a, b) for a, b in pairs if not isinstance(a, Fault) and not isinstance(b, Fault)]
        if whole and all(count(got) == count(wanted) for got, wanted in whole):
            fitting[entry.title.id] = entry
    return next(iter(fitting.values())) if len(fitting) == 1 else None


def _carry(run: TaskRun, mistakes: Mistakes, symbol: Symbol, found: list[Entry]) -> bool:
    """Count a mistake once: let pass what equals the reference with that mistake in it."""
    reference = mistakes.carried(run.task, found)
    if reference is None:
        return False
    written = (KEPT, WRITTEN) if mistakes.written else ()
    subject = Subject(run.task, symbol, run.student, [reference], run.seed, None, *written)
    for challenge in runs(symbol):
        sample = Sample(challenge.args, challenge.shape)
        if not _equal(subject, subject.challenge(sample, challenge.mode, challenge.backward)):
            return False
    for check in run.of_symbol(symbol):
        if run.results[check.id].outcome == "passed":
            continue
        result = run.again(check, subject)
        if result.outcome == "failed" and _follows(run, result, found):
            result = replace(result, outcome="passed")
        if result.outcome == "passed":
            id = found[0].title.id
            remark = Message("carried.counted_once", {"symbol": found[0].title.symbol})
            run.results[check.id] = replace(result, message=remark, misconception=id)
    return True


def _count_once(run: TaskRun, mistakes: Mistakes, symbol: Symbol, entry: Entry) -> None:
    """Let the other equalities of a symbol pass where they hold with the mistake in the reference.

    The one that is worth most keeps its failure, and that of the main network before its depths.
    """
    unequal = [
        check
        for check in run.of_symbol(symbol)
        if (result := run.results[check.id]).misconception == entry.title.id
        and check.points
        and result.message is not None
        and result.message.id.startswith("equal.")
    ]
    root = max(unequal, key=lambda c: (c.points, not c.id.endswith(".depths")), default=None)
    reference = mistakes.carried(run.task, [entry]) if len(unequal) > 1 else None
    if reference is None:
        return
    written = (KEPT, WRITTEN) if mistakes.written else ()
    subject = Subject(run.task, symbol, run.student, [reference], run.seed, None, *written)
    for check in unequal:
        if check is root:
            continue
        result = run.again(check, subject)
        if result.outcome == "passed":
            remark = Message("carried.counted_once", {"symbol": symbol.name})
            run.results[check.id] = replace(result, message=remark, misconception=entry.title.id)


def _equal(subject: Subject, challenge: Challenge) -> bool:
    """Whether student and reference agree; forward only where backward gives no answer."""
    try:
        return subject.difference(challenge) is None
    except NoAnswer:
        if not challenge.backward:
            raise
    return subject.difference(replace(challenge, backward=False)) is None


def _follows(run: TaskRun, result: Result, found: list[Entry]) -> bool:
    """Whether a failure is that of the mistake, which was counted already."""
    check = result.check
    family = check.function.removeprefix("test_")
    if not hasattr(families, check.function):  # of the task itself: not if it counts parameters
        return result.message is not None and not result.message.id.startswith("parameters.")
    same = (f"{check.task}.{family}.{entry.title.symbol}" for entry in found)
    failed = any(id in run.results and run.results[id].outcome == "failed" for id in same)
    return family in FOLLOWS or failed


def explain(run: TaskRun, mistakes: Mistakes) -> None:
    """Name the mistakes in the results of a task, and count each of them once."""
    found: list[Entry] = []
    if not run.task.reference:
        return  # it has no reference, and its checks name the mistakes themselves
    for symbol in run.task.symbols:
        failed = {
            check.id: result.message
            for check in run.of_symbol(symbol)
            if (result := run.results[check.id]).outcome == "failed" and result.message
        }
        if not failed:
            continue
        try:
            # All of them together, or one where the symbol is not built from the others.
            groups = [found] + ([[entry] for entry in found] if len(found) > 1 else [])
            built = symbol.kind != "function" and bool(found)
            if built and any(_carry(run, mistakes, symbol, group) for group in groups):
                continue
            subject = run.subject(symbol.name)
            named = identify(subject, mistakes.entries(), failed)
        except (NoAnswer, GaveUp):
            continue  # the worker is lost: what was judged stays as it is
        for id, entry in named.items():
            run.results[id] = replace(run.results[id], misconception=entry.title.id)
        for entry in dict.fromkeys(named.values()):
            _count_once(run, mistakes, symbol, entry)
        for id, message in failed.items():
            if id not in named and message.id.startswith("parameters."):
                fits = _same_count(subject, mistakes.entries())
                if fits is not None:
                    values: dict[str, Value] = {**message.values, "fits": fits.title.id}
                    run.results[id] = replace(run.results[id], message=Message(message.id, values))
        found += [entry for entry in dict.fromkeys(named.values()) if entry not in found]
