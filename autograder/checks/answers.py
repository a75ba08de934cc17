"""Asking a session about one task: challenges, answers that are kept, workers that died.

A Witness asks, keeps what it was told, and starts a fresh worker after one died. Student and
reference are asked through the same questions.
"""

import csv
import functools
import io
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, Literal, Protocol, TypeVar

import numpy as np

from autograder.checks.promise import Failed, Message, Value
from autograder.observe import protocol
from autograder.observe.draw import random_state
from autograder.observe.frames import Array
from autograder.observe.match import Match, matches
from autograder.observe.pipes import WALL
from autograder.observe.protocol import Description, Fault, Outcome, Place
from autograder.observe.session import Session
from autograder.predictions import normal_id
from autograder.tasks import Symbol

MAX_DEATHS = 2
MAX_DIMENSIONS = 16  # of a weight; the product of very many takes hours
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
    """One run, stated so that both sides get the same numbers.

    repeat: draw other random numbers while running, with the same weights and input.
    """

    symbol: str
    args: dict[str, Any]
    shape: tuple[int, ...]
    seed: str
    dtype: str
    mode: str = "eval"
    backward: bool = False
    rows: tuple[int, int] | None = None
    touch: float = 0.0
    roll: int = 0
    repeat: int = 0

    def input(self) -> Array:
        """Draw the input.

        rows selects some items of the batch, touch is added to the pixel in the middle, roll
        moves the picture down, around the edge.
        """
        random = random_state(self.seed, "input", self.shape)
        x = random.standard_normal(self.shape)
        x = x if self.rows is None else x[slice(*self.rows)]
        if self.touch:
            x[..., self.shape[2] // 2, self.shape[3] // 2] += self.touch
        if self.roll:
            x = np.roll(x, self.roll, axis=2)
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


@dataclass
class Held:
    """A module that the worker holds, and in which state."""

    handle: int
    kind: str
    lean: bool
    dtype: str


class Witness:
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
        self._rehearsed: dict[str, protocol.Rehearsed] = {}
        self._handles: dict[str, Held] = {}
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
        self._path = path
        for name in self._files or (Path(path).name,):
            file = Path(path).with_name(name)
            self._ask(protocol.Open(self.task, str(file)), protocol.Done, f"import {file.stem}")

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
        self._rehearsed.clear()
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
            if symbol.kind == "large" and not lean:
                self._close_where(lambda held: not held.lean)
            device = "cpu" if lean else self._device
            request = protocol.Build(self.task, symbol.name, args, dtype, device, lean)
            built = self._ask(request, protocol.Built, call_text(symbol.name, args))
            held = self._handles[key] = Held(built.handle, symbol.kind, lean, dtype)
        if held.dtype != dtype:
            call = f"{call_text(symbol.name, args)}.to(torch.{dtype})"
            self._ask(protocol.Cast(held.handle, dtype), protocol.Done, call)
            held.dtype = dtype
            self._loaded.pop(held.handle, None)
        return held.handle

    def _close_where(self, chosen: "Callable[[Held], bool]") -> None:
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
            handle = self.build(symbol, challenge.args, challenge.dtype)
            self._load(handle, symbol, challenge.seed, where)
            self._outcomes[key] = self._run(handle, challenge)
        return self._outcomes[key]

    def known(self, symbol: Symbol, challenge: Challenge) -> Outcome | None:
        """An answer that was given to this challenge, under whatever match of the weights."""
        key = challenge.key()
        return next((o for k, o in self._outcomes.items() if k.startswith(key)), None)

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
        request = protocol.Run(handle, challenge.input(), mode, challenge.backward, seed)
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
        second = self.build(symbol, challenge.args, challenge.dtype, copy=1)
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


PREDICT = "python predict.py"


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
