"""What a check talks to: the student's symbol, the reference's, and the same questions to both.

A Witness asks a session, keeps what it was told, and starts a fresh worker after one died.
A Recording holds a reference's answers for machines that have no reference. A Subject puts
one symbol of the student beside the reference's.
"""

import functools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol, TypeVar

import numpy as np

from autograder.checks.compare import Difference, difference, thin
from autograder.checks.promise import Failed, Message, Value
from autograder.errors import GraderFault
from autograder.observe import protocol
from autograder.observe.draw import random_state
from autograder.observe.match import Match, matches, places
from autograder.observe.protocol import Array, Description, Fault, Outcome, Place
from autograder.observe.session import WALL, Session
from autograder.tasks import Sample, Symbol, Task

MAX_DEATHS = 2
Kind = TypeVar("Kind")
Method = TypeVar("Method", bound=Callable[..., Any])


class NoAnswer(Exception):
    """The worker reported a fault instead of an answer."""

    def __init__(self, fault: Fault, call: str) -> None:
        super().__init__(fault.kind, call)
        self.fault = fault
        self.call = call

    @property
    def at(self) -> str:
        """The line of the student's file, in brackets, or nothing."""
        if not self.fault.file:
            return ""
        line = f":{self.fault.line}" if self.fault.line else ""
        return f" ({self.fault.file}{line})"

    def failed(self) -> Failed:
        """The failure a learner reads, with the line of their own file."""
        fault = self.fault
        values: dict[str, Value] = {"call": self.call, "text": fault.message}
        values |= {"file": fault.file, "line": fault.line, "at": self.at}
        return Failed(Message(f"fault.{fault.kind}", values))


def once_more(method: Method) -> Method:
    """Ask a second time, with a fresh worker, where wall time ran out: the machine was busy."""

    @functools.wraps(method)
    def ask(witness: "Witness", *args: Any, **kwargs: Any) -> Any:
        try:
            return method(witness, *args, **kwargs)
        except NoAnswer as error:
            if error.fault != Fault("timeout", WALL) or witness.deaths > 1:
                raise
        return method(witness, *args, **kwargs)

    return ask  # type: ignore[return-value]  # the same signature


class GaveUp(Exception):
    """Too many workers died; the rest of the task is not run."""


@dataclass(frozen=True)
class Challenge:
    """One run, stated so that both sides get the same numbers."""

    symbol: str
    args: dict[str, Any]
    shape: tuple[int, ...]
    seed: str
    dtype: str
    mode: str = "eval"
    backward: bool = False
    rows: tuple[int, int] | None = None

    def input(self) -> Array:
        """Draw the input; rows selects some items of the batch."""
        random = random_state(self.seed, "input", self.shape)
        x = random.standard_normal(self.shape)
        x = x if self.rows is None else x[slice(*self.rows)]
        return x if self.dtype == "float64" else x.astype(np.float32)

    def key(self) -> str:
        return json.dumps(vars(self))


class Reference(Protocol):
    """Right answers: from a worker that runs the solution, or from a recording."""

    def describe(
        self, symbol: Symbol, args: dict[str, Any], shape: tuple[int, ...]
    ) -> Description: ...

    def outcome(self, symbol: Symbol, challenge: Challenge, where: dict[str, Place]) -> Outcome: ...

    def call(self, function: str, args: list[Any]) -> protocol.Returned: ...


class Witness:
    """Asks one session about one task; keeps handles and answers.

    opens: gives a session in which the task's file can be opened at the path it returns.
    device: where numbers are computed ("cpu" or "cuda").
    """

    def __init__(
        self, task: str, opens: Callable[[], tuple[Session, str]], device: str = "cpu"
    ) -> None:
        self.task = task
        self._opens = opens
        self._device = device
        self._session: Session | None = None
        self._ready: tuple[Session, str] | None = None
        self._handles: dict[str, int] = {}
        self._loaded: dict[int, str] = {}
        self._described: dict[str, Description] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._matches: dict[tuple[int, int], tuple[Description, Description, list[Match]]] = {}
        self.deaths = 0

    def prepare(self) -> None:
        """Start a worker ahead of time."""
        self._ready = self._ready or self._opens()

    @once_more
    def open(self) -> None:
        """Start a worker and load the task's file, unless that is done.

        Raises:
            NoAnswer: the file does not load.
            GaveUp: too many workers died already.
        """
        if self._session is not None and self._session.alive:
            return
        if self.deaths >= MAX_DEATHS:
            raise GaveUp
        ready, self._ready = self._ready, None
        self.close()
        self._session, path = ready or self._opens()
        self._ask(protocol.Open(self.task, path), protocol.Done, "")

    def printed(self) -> str:
        return "" if self._session is None else self._session.printed()

    def close(self) -> None:
        """End the session; handles die with it, answers stay."""
        for session in (self._session, self._ready and self._ready[0]):
            if session is not None:
                session.close()
        self._session = self._ready = None
        self._handles.clear()
        self._loaded.clear()

    def forget(self) -> None:
        """Free the networks the worker holds."""
        if self._session is not None and self._session.alive:
            for handle in self._handles.values():
                self._ask(protocol.Close(handle), protocol.Done, "")
        self._handles.clear()
        self._outcomes.clear()

    def build(
        self,
        symbol: Symbol,
        args: dict[str, Any],
        dtype: str = "float32",
        lean: bool = False,
        copy: int = 0,
    ) -> int:
        """Construct a symbol, or find it constructed; copy tells instances apart."""
        self.open()
        key = json.dumps([symbol.name, args, dtype, lean, copy])
        if key not in self._handles:
            if symbol.kind == "large" and not lean:
                self._close_where(lean=False)
            device = "cpu" if lean else self._device
            request = protocol.Build(self.task, symbol.name, args, dtype, device, lean)
            built = self._ask(request, protocol.Built, call_text(symbol.name, args))
            self._handles[key] = built.handle
        return self._handles[key]

    def _close_where(self, lean: bool) -> None:
        """Close what is held lean, or what is held with numbers: two large networks do not fit."""
        for key in [key for key in self._handles if json.loads(key)[3] is lean]:
            handle = self._handles.pop(key)
            self._loaded.pop(handle, None)
            self._ask(protocol.Close(handle), protocol.Done, "")

    @once_more
    def describe(
        self, symbol: Symbol, args: dict[str, Any], shape: tuple[int, ...], copy: int = 0
    ) -> Description:
        """How the symbol uses its weights; with an empty shape only which it has."""
        key = json.dumps([symbol.name, args, shape, copy])
        if key not in self._described:
            dtype = "float32" if symbol.kind == "large" else "float64"
            lean = symbol.kind != "block" and not shape
            handle = self.build(symbol, args, dtype, lean=lean, copy=copy)
            request = protocol.Describe(handle, list(shape))
            self._described[key] = self._ask(
                request, protocol.Description, run_text(symbol.name, args, shape)
            )
            if lean:
                self._close_where(lean=True)
        return self._described[key]

    @once_more
    def outcome(
        self, symbol: Symbol, challenge: Challenge, where: dict[str, Place], fresh: bool = False
    ) -> Outcome:
        """Fill the weights as the places say and run; asked again, the same answer is kept."""
        weights = json.dumps({name: vars(place) for name, place in where.items()})
        key = challenge.key() + weights
        if key not in self._outcomes or fresh:
            handle = self.build(symbol, challenge.args, challenge.dtype)
            self._load(handle, symbol, challenge.seed, where)
            self._outcomes[key] = self._run(handle, challenge)
        return self._outcomes[key]

    def _load(self, handle: int, symbol: Symbol, seed: str, where: dict[str, Place]) -> None:
        state = json.dumps([seed, {name: vars(place) for name, place in where.items()}])
        if self._loaded.get(handle) != state:
            self._ask(protocol.Load(handle, seed, where), protocol.Done, symbol.name)
            self._loaded[handle] = state

    def _run(self, handle: int, challenge: Challenge) -> Outcome:
        if challenge.mode == "train":
            self._loaded.pop(handle, None)  # running statistics move
        request = protocol.Run(
            handle,
            challenge.input(),
            "train" if challenge.mode == "train" else "eval",
            challenge.backward,
            challenge.seed,
        )
        call = run_text(challenge.symbol, challenge.args, challenge.shape)
        return self._ask(request, protocol.Outcome, call)

    def matches(self, ours: Description, wanted: Description) -> list[Match]:
        """Matches of two descriptions; descriptions are kept, so these can be too."""
        key = (id(ours), id(wanted))
        if key not in self._matches:
            self._matches[key] = (ours, wanted, matches(ours, wanted))
        return self._matches[key][2]

    def round_trip(self, symbol: Symbol, challenge: Challenge) -> tuple[Outcome, Outcome]:
        """Run one instance, load its state_dict into another with other weights, run that."""
        first = self.build(symbol, challenge.args, challenge.dtype)
        second = self.build(symbol, challenge.args, challenge.dtype, copy=1)
        self._load(first, symbol, challenge.seed, {})
        self._load(second, symbol, challenge.seed[::-1], {})
        self._loaded.pop(second)
        before = self._run(first, challenge)
        call = f"load_state_dict of {call_text(symbol.name, challenge.args)}"
        self._ask(protocol.Copy(first, second), protocol.Done, call)
        return before, self._run(second, challenge)

    @once_more
    def call(self, function: str, args: list[Any]) -> protocol.Returned:
        """Call a function of the task's file."""
        self.open()
        request = protocol.Call(self.task, function, args)
        return self._ask(request, protocol.Returned, f"{function}(...)")

    def _ask(self, request: protocol.Request, kind: type[Kind], call: str) -> Kind:
        assert self._session is not None
        answer = self._session.ask(request)
        if not self._session.alive:
            self.deaths += 1
            self._handles.clear()
            self._loaded.clear()
        if isinstance(answer, Fault):
            raise NoAnswer(answer, call)
        if not isinstance(answer, kind):
            raise NoAnswer(Fault("protocol", "an answer to another question"), call)
        return answer


class Subject:
    """One symbol of the student, and the reference's beside it.

    references: the solution, and the variants the task accepts as well.
    """

    def __init__(
        self, task: Task, symbol: Symbol, student: Witness, references: list[Reference], seed: str
    ) -> None:
        self.task = task
        self.symbol = symbol
        self.student = student
        self.references = references
        self.reference = references[0]
        self.seed = seed[:15]

    @cached_property
    def dtype(self) -> str:
        """The type numbers are compared in: float64, unless the student's code cannot."""
        if self.symbol.kind == "large":
            return "float32"
        sample = self.symbol.samples[0]
        try:
            self.student.outcome(self.symbol, self.challenge(sample, dtype="float64"), {})
        except NoAnswer as error:
            if error.fault.kind in ("error", "value"):
                return "float32"
        return "float64"

    def challenge(
        self,
        sample: Sample,
        mode: str = "eval",
        backward: bool = False,
        dtype: str = "",
        rows: tuple[int, int] | None = None,
    ) -> Challenge:
        return Challenge(
            self.symbol.name,
            sample.args,
            sample.input,
            self.seed,
            dtype or self.dtype,
            mode,
            backward,
            rows,
        )

    def resized(self, sample: Sample) -> Iterator[Sample]:
        """The sample at its own size and at two sizes drawn from the seed."""
        yield sample
        if self.symbol.kind == "large":
            return
        random = random_state(self.seed, "sizes", sample.input)
        step, low = (16, 2) if self.symbol.kind == "network" else (2, 3)
        for _ in range(2):
            batch = int(random.randint(1, 4))
            size = (int(n) * step for n in random.randint(low, low + 4, 2))
            yield replace(sample, input=(batch, sample.input[1], *size))

    def description(self, sample: Sample) -> Description:
        return self.student.describe(self.symbol, sample.args, sample.input)

    def expected(self, sample: Sample) -> Description:
        """How the reference uses its weights."""
        return self.reference.describe(self.symbol, sample.args, sample.input)

    def run(self, challenge: Challenge, fresh: bool = False) -> Outcome:
        """The student's outcome, with the reference's weights where they can be matched."""
        found = self.matches(Sample(challenge.args, challenge.shape), self.reference)
        where = found[0].student if found else {}
        return self.student.outcome(self.symbol, challenge, where, fresh)

    def right(self, challenge: Challenge) -> Outcome:
        """The reference's outcome."""
        sample = Sample(challenge.args, challenge.shape)
        return self.reference.outcome(self.symbol, challenge, places(self.expected(sample)))

    def matches(self, sample: Sample, reference: Reference) -> list[Match]:
        """Which weights correspond; the first match is the most likely."""
        wanted = reference.describe(self.symbol, sample.args, sample.input)
        return self.student.matches(self.description(sample), wanted)

    def difference(self, challenge: Challenge) -> Difference | None:
        """None if the student computes what the reference or an accepted variant computes.

        Where several matches are possible each is tried; the smallest difference is told.
        """
        sample = Sample(challenge.args, challenge.shape)
        closest: Difference | None = None
        for reference in self.references:
            for match in self.matches(sample, reference):
                with ThreadPoolExecutor(1) as pool:  # two processes, at the same time
                    asked = pool.submit(reference.outcome, self.symbol, challenge, match.reference)
                    got = self.student.outcome(self.symbol, challenge, match.student)
                    right = asked.result()
                found = difference(got, right, match, challenge.dtype)
                if found is None:
                    return None
                if closest is None or found.error < closest.error:
                    closest = found
        return closest or Difference("weights", float("inf"))

    def text(self, args: dict[str, Any]) -> str:
        return call_text(self.symbol.name, args)


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
        answer = self._find("call", [function, _digestible(args)])
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
        self.answers[recording_key("call", [function, _digestible(args)])] = answer
        return answer


def recording_key(kind: str, what: Any) -> str:
    return json.dumps([kind, what])


def _digestible(args: list[Any]) -> list[Any]:
    return [arg.tolist() if isinstance(arg, np.ndarray) else arg for arg in args]


def call_text(name: str, args: dict[str, Any]) -> str:
    """The call as a learner would write it."""
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in args.items())})"


def run_text(name: str, args: dict[str, Any], shape: tuple[int, ...] | list[int]) -> str:
    """The call of a module on an input of a shape; (…) is the shape of the input."""
    if not shape:
        return call_text(name, args)
    return f"{call_text(name, args)}(x{shape_text(shape)})"


def shape_text(shape: tuple[int, ...] | list[int]) -> str:
    return f"[{'x'.join(map(str, shape))}]"
