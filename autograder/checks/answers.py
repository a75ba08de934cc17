"""Asking a session about one task, and keeping what it answered.

Student and reference are asked through the same questions; a worker that died is replaced.
"""

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from autograder.checks.challenge import (
    Challenge,
    Confirming,
    GaveUp,
    NoAnswer,
    call_text,
    run_text,
)
from autograder.checks.trials import Trial
from autograder.course.tasks import Symbol
from autograder.model import Message
from autograder.observe import protocol
from autograder.observe.match import Match, matches
from autograder.observe.pipes import WALL
from autograder.observe.protocol import Description, Fault, Outcome, Place
from autograder.observe.session import Session
from autograder.observe.sharp import SHARP

MAX_DEATHS = 2
TWIN, FRESH = 1, 2  # other instances of the same
MAX_DIMENSIONS = 16  # of a weight; the product of very many takes hours
Kind = TypeVar("Kind")
Method = TypeVar("Method", bound=Callable[..., Any])


def once_more(method: Method) -> Method:
    """Ask a second time, with a fresh worker, where wall time ran out: the machine was busy."""

    @functools.wraps(method)
    def ask(answers: "Answers", *args: Any, **kwargs: Any) -> Any:
        try:
            return method(answers, *args, **kwargs)
        except NoAnswer as error:
            if error.fault != Fault("timeout", WALL) or answers.deaths > 1:
                raise
        return method(answers, *args, **kwargs)

    return ask  # type: ignore[return-value]  # the same signature


@dataclass
class Instance:
    """A module that the worker holds, and in which state."""

    handle: int
    kind: str
    lean: bool
    dtype: str


def sharp(where: dict[str, Place]) -> dict[str, Place]:
    """The same places, with numbers that hide nothing."""
    return {
        name: replace(place, role=SHARP.get(place.role, place.role))
        for name, place in where.items()
    }


class Answers:
    """Asks one session about one task; keeps handles and answers.

    opens: gives a session in which the task's file can be opened at the path it returns.
    device: where numbers are computed ("cpu" or "cuda"). files: the names of all files to
    open, where there are several in the folder of that path.
    """

    def __init__(
        self,
        task: str,
        opens: Callable[[], tuple[Session, str]],
        device: str = "cpu",
        files: tuple[str, ...] = (),
    ) -> None:
        self.task = task
        self._opens = opens
        self._device = device
        self._session: Session | None = None
        self._files = files
        self._path = ""
        self._ready: tuple[Session, str] | None = None
        self._handles: dict[str, Instance] = {}
        self._loaded: dict[int, str] = {}
        self._described: dict[str, Description] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._tried: dict[str, protocol.Tried | NoAnswer] = {}
        self._matches: dict[tuple[int, int], tuple[Description, Description, list[Match]]] = {}
        self.deaths = 0
        #: Where a file stopped that was run in part only.
        self.stopped: Message | None = None

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
        self._path = path
        for name in self._files or (Path(path).name,):
            file = Path(path).with_name(name)
            try:
                self._ask(protocol.Open(self.task, str(file)), protocol.Done, f"import {file.stem}")
            except NoAnswer as error:
                if error.fault.kind != "stopped":
                    raise
                self.stopped = self.stopped or error.failed().message

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

    def forget(self, small: bool = True) -> None:
        """Free the networks the worker holds, small ones only if asked; drop what they gave.

        Descriptions are kept: they do not depend on a seed.
        """
        if self._session is not None and self._session.alive:
            self._close_where(lambda held: small or held.kind == "large")
        else:
            self._handles.clear()
        self._outcomes.clear()
        self._tried.clear()
        self._matches.clear()

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
        key = json.dumps([symbol.name, args, lean, copy])
        held = self._handles.get(key)
        if held is None:
            if symbol.kind == "large" and not lean and copy != TWIN:
                self._close_where(lambda held: not held.lean)
            device = "cpu" if lean else self._device
            request = protocol.Build(self.task, symbol.name, args, dtype, device, lean)
            built = self._ask(request, protocol.Built, call_text(symbol.name, args))
            held = self._handles[key] = Instance(built.handle, symbol.kind, lean, dtype)
        if held.dtype != dtype:
            call = f"{call_text(symbol.name, args)}.to(torch.{dtype})"
            self._ask(protocol.Cast(held.handle, dtype), protocol.Done, call)
            held.dtype = dtype
            self._loaded.pop(held.handle, None)
        return held.handle

    def _close_where(self, chosen: "Callable[[Instance], bool]") -> None:
        """Close some of what is held: two large networks do not fit, lean ones are soon used."""
        for key in [key for key, held in self._handles.items() if chosen(held)]:
            held = self._handles.pop(key)
            self._loaded.pop(held.handle, None)
            self._ask(protocol.Close(held.handle), protocol.Done, "")

    @once_more
    def describe(
        self, symbol: Symbol, args: dict[str, Any], shape: tuple[int, ...], copy: int = 0
    ) -> Description:
        """How the symbol uses its weights; with an empty shape only which it has."""
        key = json.dumps([symbol.name, args, shape, copy])
        if key not in self._described:
            self.open()
            assert self._session is not None
            # A large network is only run where numbers are wanted.
            lean = symbol.kind != "block" and not shape and not copy
            lean = lean or (symbol.kind == "large" and (self._session.warm or not shape))
            # float32: a layer in a plain list stays so, and must be told by what it is.
            handle = self.build(symbol, args, lean=lean, copy=copy)
            request = protocol.Describe(handle, list(shape))
            call = run_text(symbol.name, args, shape)
            found = self._ask(request, protocol.Description, call)
            if any(len(weight.shape) > MAX_DIMENSIONS for weight in found.weights):
                raise NoAnswer(Fault("protocol", "a weight with too many dimensions"), call)
            self._described[key] = found
            if lean and not shape:
                self._close_where(lambda held: held.lean)
        return self._described[key]

    @once_more
    def outcome(
        self, symbol: Symbol, challenge: Challenge, where: dict[str, Place], fresh: bool = False
    ) -> Outcome:
        """Fill the weights as the places say and run; asked again, the same answer is kept."""
        weights = json.dumps({name: vars(place) for name, place in where.items()})
        key = challenge.key() + weights
        if key not in self._outcomes or fresh:
            confirming = isinstance(challenge, Confirming)
            copy = FRESH if confirming else 0
            handle = self.build(symbol, challenge.args, challenge.dtype, copy=copy)
            self._load(handle, symbol, challenge.seed, sharp(where) if confirming else where)
            self._outcomes[key] = self._run(handle, challenge)
        return self._outcomes[key]

    @once_more
    def tried(self, trial: Trial) -> protocol.Tried:
        """Build, record, fill and run in one request; asked again, the same answer is kept.

        Raises:
            NoAnswer: the student's code raised, or a trial cannot follow how it is written.
        """
        known = self._tried.get(trial.key)
        if known is None:
            known = self._tried[trial.key] = self._trial(trial)
        if isinstance(known, NoAnswer):
            raise known
        return known

    def _trial(self, trial: Trial) -> protocol.Tried | NoAnswer:
        self.open()
        request = protocol.Trial(
            self.task,
            trial.symbol,
            trial.args,
            list(trial.passes),
            trial.seed,
            trial.dtype,
            self._device,
            trial.divisor,
            trial.whole,
            trial.twin,
            list(trial.casts),
        )
        call = run_text(trial.symbol, trial.args, trial.passes[0].shape)
        try:
            answer = self._ask(request, protocol.Tried, call)
        except NoAnswer as error:
            if error.fault == Fault("timeout", WALL):
                raise
            return error
        outcomes = [
            *answer.outcomes,
            *answer.casts,
            *([answer.reloaded] if answer.reloaded else []),
        ]
        lengths = len(answer.outcomes), len(answer.casts)
        if lengths != (len(trial.passes), len(trial.casts)) or any(
            list(outcome.output.shape) != outcome.shape for outcome in outcomes
        ):
            return NoAnswer(Fault("protocol", "an outcome of another kind than asked for"), call)
        return answer

    def known(self, trial: Trial) -> protocol.Tried | None:
        """What a trial gave, if it was asked already and gave anything."""
        found = self._tried.get(trial.key)
        return None if isinstance(found, NoAnswer) else found

    def _load(self, handle: int, symbol: Symbol, seed: str, where: dict[str, Place]) -> None:
        state = json.dumps([seed, {name: vars(place) for name, place in where.items()}])
        if self._loaded.get(handle) != state:
            self._ask(protocol.Load(handle, seed, where), protocol.Done, symbol.name)
            self._loaded[handle] = state

    def _run(self, handle: int, challenge: Challenge) -> Outcome:
        if challenge.mode == "train":
            self._loaded.pop(handle, None)  # running statistics move
        seed = challenge.seed
        if challenge.repeat:
            seed = f"{int(seed, 16) ^ challenge.repeat:x}"
        mode: Literal["train", "eval"] = "train" if challenge.mode == "train" else "eval"
        gradients: Any = challenge.gradients if isinstance(challenge, Confirming) else ""
        backward = challenge.backward
        request = protocol.Run(handle, challenge.input(), mode, backward, seed, gradients)
        call = run_text(challenge.symbol, challenge.args, challenge.shape)
        outcome = self._ask(request, protocol.Outcome, call)
        if list(outcome.output.shape) != outcome.shape:
            raise NoAnswer(Fault("protocol", "an output of another shape than stated"), call)
        return outcome

    def matches(self, ours: Description, wanted: Description) -> list[Match]:
        """Matches of two descriptions; descriptions are kept, so these can be too."""
        key = (id(ours), id(wanted))
        if key not in self._matches:
            self._matches[key] = (ours, wanted, matches(ours, wanted))
        return self._matches[key][2]

    def round_trip(
        self, symbol: Symbol, challenge: Challenge, where: dict[str, Place]
    ) -> tuple[Outcome, Outcome]:
        """Run one instance, load its state_dict into another with other weights, run that."""
        before = self.outcome(symbol, challenge, where)
        first = self.build(symbol, challenge.args, challenge.dtype)
        self._load(first, symbol, challenge.seed, where)
        second = self.build(symbol, challenge.args, challenge.dtype, copy=TWIN)
        self._load(second, symbol, challenge.seed[::-1], {})
        self._loaded.pop(second)
        call = f"load_state_dict of {call_text(symbol.name, challenge.args)}"
        self._ask(protocol.Copy(first, second), protocol.Done, call)
        return before, self._run(second, replace(challenge, backward=False))

    @once_more
    def call(self, function: str, args: list[Any], text: str = "") -> protocol.Returned:
        """Call a function of the task's file; text is the call as a learner reads it."""
        self.open()
        request = protocol.Call(self.task, function, args)
        return self._ask(request, protocol.Returned, text or f"{function}(...)")

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
