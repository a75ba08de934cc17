"""Answering questions about a submission: builds, fills, runs and describes its modules.

This code shares a process with the student's; it judges nothing.
"""

import contextlib
import errno
import gc
import os
import sys
import traceback
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from autograder.observe import loading, placeholders, protocol, trace, trial, watched_loops
from autograder.observe.draw import LARGE, pattern
from autograder.observe.initial import PICTURES, QuickInit, settle, waits
from autograder.observe.protocol import Fault, Outcome, Place
from autograder.observe.sample_networks import Probe, state_of
from autograder.observe.shared import give_back
from autograder.observe.weights import fill, project, take_part

CUDA_SHARE = 0.8  # of the memory of a GPU
SENT = (torch.float32, torch.float64, torch.uint8, torch.int64, torch.bool)


@dataclass
class Held:
    """A built module, which weights it got, and the roles a recorded pass saw."""

    module: nn.Module
    build: protocol.Build
    places: dict[str, Place] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)


class StudentError(Exception):
    """Carries a Fault up to the answer."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Worker:
    """Answers requests; knows nothing of pipes, so that it can also run in process.

    folders: filled with the folders that student files come from.
    interruptible: whether Ctrl-C ends it (in process) or is the student's doing.
    load_seconds: CPU time for what a file does while it loads; 0: without limit.
    """

    def __init__(
        self, folders: set[str], interruptible: bool = False, load_seconds: float = 0
    ) -> None:
        self._load_seconds = load_seconds
        self._stopped: dict[str, Fault] = {}  # by task: the line at which a file of it stopped
        self._modules: dict[str, dict[str, types.ModuleType]] = {}  # by task, by path
        self._folders = folders
        self._interruptible = interruptible
        self.last_error: BaseException | None = None
        self._held: dict[int, Held] = {}
        self._count = 0
        #: Shapes of inputs with the arguments of who took them, by task and symbol.
        self._shapes: dict[str, dict[tuple[int, ...], dict[str, Any]]] = {}

    def adopt(self, task: str, symbols: dict[str, Any]) -> None:
        """Take symbols of ours as those of a task."""
        module = types.ModuleType(task)
        module.__dict__.update(symbols)
        self._modules[task] = {task: module}

    def answer(self, request: protocol.Request) -> protocol.Answer:
        """Carry out one request; whatever the student's code raises becomes a Fault."""
        handler: Callable[[Any], protocol.Answer] = getattr(self, type(request).__name__.lower())
        try:
            return handler(request)
        except StudentError as error:
            return error.fault
        except BaseException as error:  # student code may raise anything, SystemExit included
            if isinstance(error, KeyboardInterrupt) and self._interruptible:
                raise
            self.last_error = error
            return self._fault(error)

    def open(self, request: protocol.Open) -> protocol.Answer:
        path = Path(request.path)
        if not path.exists():
            raise StudentError(Fault("missing_file", path.name))
        folder = str(path.parent)
        self._folders.add(folder + os.sep)
        if folder not in sys.path:
            sys.path.append(folder)  # last: a file named torch.py must not hide torch
        file = loading.read(path)
        self._modules.setdefault(request.task, {})[request.path] = file.module
        try:
            file.run(self._load_seconds)
        except BaseException as error:
            if not file.defines() or (self._interruptible and isinstance(error, KeyboardInterrupt)):
                raise
            self.last_error = error
            fault = replace(self._fault(error, first=True), kind="stopped")
            self._stopped[request.task] = fault
            raise StudentError(fault) from None
        return protocol.Done()

    def build(self, request: protocol.Build) -> protocol.Answer:
        held = self._make(request)
        self._count += 1
        self._held[self._count] = held
        return protocol.Built(self._count)

    def _make(self, request: protocol.Build) -> Held:
        symbol = self._symbol(request.task, request.symbol)
        torch.manual_seed(0)
        if request.lean:
            # Any failure may come from the meta device: then the real one decides.
            with contextlib.suppress(Exception), torch.device("meta"):
                module = symbol(**request.args)
                if isinstance(module, nn.Module) and _all_meta(module):
                    return Held(module, request)
        if request.device != "cpu":
            torch.cuda.set_per_process_memory_fraction(CUDA_SHARE)
        with QuickInit():  # type: ignore[no-untyped-call]
            module = self._call_with(symbol, request.symbol, request.args)
        if not isinstance(module, nn.Module):
            raise StudentError(Fault("not_a_module", type(module).__name__))
        if any(p.numel() > LARGE for p in module.parameters() if not is_lazy(p)):
            give_back()  # it may have looked at its weights
        return Held(module.to(request.device, _dtype(request.dtype)), request)

    def _call_with(self, symbol: Any, name: str, args: dict[str, Any]) -> Any:
        """Call by name, and by position where the student chose other names."""
        try:
            return symbol(**args)
        except TypeError as error:
            if self._frames(error):
                raise
            message = _clean(str(error).replace(f"{name}.__init__()", f"{name}()"))
        try:
            return symbol(*args.values())
        except TypeError as error:
            if self._frames(error):
                raise
            raise StudentError(Fault("signature", message)) from None

    def describe(self, request: protocol.Describe) -> protocol.Answer:
        held = self._held[request.handle]
        self._settle(held, request.shape)
        more = self._foreign(held.module), trace.hidden(held.module)[:8]
        if not request.shape:
            return protocol.Description(trace.weights(held.module), [], [], *more)
        output, weights, layers = self._record(held, request.shape)
        held.roles = {w.name: w.role for w in weights}
        return protocol.Description(weights, layers, list(output.shape), *more)

    def _settle(self, held: Held, shape: Sequence[int] = ()) -> None:
        """Let layers that wait for an input see one: of this shape, or of one seen before."""
        key = f"{held.build.task} {held.build.symbol}"
        seen = self._shapes.setdefault(key, {})
        if shape:
            seen[tuple(shape)] = held.build.args
        if waits(held.module):
            same = [known for known, args in seen.items() if args == held.build.args]
            shapes = [tuple(shape)] if shape else same or [*seen, *PICTURES]
            settle(held.module, shapes, _dtype(held.build.dtype))

    def _foreign(self, module: nn.Module) -> list[str]:
        """Classes of packages that are not there for this task: a ready-made network, wrapped."""
        found: set[str] = set()
        for kind in {kind for part in module.modules() for kind in type(part).__mro__}:
            package = kind.__module__.partition(".")[0]
            file = str(getattr(sys.modules.get(package), "__file__", None) or "")
            known = {*placeholders.AVAILABLE, *sys.stdlib_module_names}
            if file and package not in known and not file.startswith(tuple(self._folders)):
                found.add(f"{kind.__module__}.{kind.__qualname__}")
        return sorted(found)[:8]

    def _record(
        self, held: Held, shape: list[int]
    ) -> tuple[Tensor, list[protocol.Weight], list[protocol.Layer]]:
        dtype = _dtype(held.build.dtype)
        if _all_meta(held.module):
            # Any failure may come from the meta device: then the real one decides.
            with contextlib.suppress(Exception):
                x = torch.zeros(shape, dtype=dtype, device="meta")
                output, weights, layers = trace.record(held.module, x)
                return _tensor(output), weights, layers
            held = self._make(replace(held.build, lean=False))
            self._settle(held, shape)
        x = torch.zeros(shape, dtype=dtype, device=held.build.device)
        output, weights, layers = trace.record(held.module, x)
        return _tensor(output), weights, layers

    def load(self, request: protocol.Load) -> protocol.Answer:
        held = self._held[request.handle]
        self._settle(held)
        held.places = request.places
        state = _state(held.module)
        rest = state.keys() - request.places.keys()
        roles = held.roles
        if rest - roles.keys():
            roles = {w.name: w.role for w in trace.weights(held.module)} | roles
        for name in rest:
            fill(state[name], request.seed, name, roles.get(name, "weight"))
        for name, place in request.places.items():
            tensor = state[name.partition("@")[0]]
            part = take_part(tensor.data, name) if "@" in name else tensor
            trial.fill_sharp(
                part, request.seed, place.index, place.role, place.fan_in, place.transposed
            )
        return protocol.Done()

    def run(self, request: protocol.Run) -> protocol.Answer:
        held = self._held[request.handle]
        self._settle(held, request.input.shape)
        module = held.module.train(request.mode == "train")
        gradients = request.gradients or ("all" if request.backward else "none")
        asked = gradients in ("all", "weights")
        leaf = torch.tensor(request.input).to(held.build.device, _dtype(held.build.dtype))
        leaf.requires_grad_(gradients == "all")
        for parameter in module.parameters():
            parameter.grad = None
            if not request.gradients and parameter.ndim == 2 and parameter.numel() > LARGE:
                parameter.requires_grad_(False)
        torch.manual_seed(int(request.seed, 16))
        with torch.inference_mode(gradients == "inference"), torch.set_grad_enabled(asked):
            x = leaf * 1  # not a leaf: code that changes its input must be seen doing so
            output = _tensor(module(x))
        outcome = Outcome(
            shape=list(output.shape),
            dtype=_name(output.dtype),
            input_changed=not torch.equal(x.detach(), leaf.detach()),
            output=_array(output),
            buffers=self._traces(held, dict(module.named_buffers()), request.seed),
        )
        if not asked:
            return outcome
        if output.requires_grad:
            weights = pattern(request.seed, 0, "projection", output.numel())
            tiled = np.resize(weights, output.numel())
            factors = torch.from_numpy(tiled).to(output.device, output.dtype)
            (output * factors.reshape(output.shape)).sum().backward()  # type: ignore[no-untyped-call]
        learned = {
            name: torch.zeros_like(p) if p.grad is None else p.grad
            for name, p in module.named_parameters()
            if p.requires_grad
        }
        reached = leaf.grad if leaf.grad is not None else torch.zeros_like(leaf)
        outcome = replace(
            outcome,
            input_gradient=_array(reached) if gradients == "all" else None,
            gradients=self._traces(held, learned, request.seed),
        )
        module.zero_grad(set_to_none=True)
        return outcome

    def _traces(
        self, held: Held, tensors: dict[str, Tensor], seed: str
    ) -> dict[str, protocol.Trace]:
        parts = {
            name: take_part(tensors[whole].contiguous(), name)
            for name in held.places
            if (whole := name.partition("@")[0]) != name and whole in tensors
        }
        traces = {}
        for name, tensor in (tensors | parts).items():
            if tensor.is_floating_point():
                place = held.places.get(name)
                index = name if place is None else place.index
                if place is not None and place.transposed:
                    tensor = tensor.t()
                traces[name] = protocol.Trace(*project(tensor, seed, index))
        return traces

    def trial(self, request: protocol.Trial) -> protocol.Answer:
        build = protocol.Build(request.task, request.symbol, request.args, device=request.device)
        held = [self._make(build) for _ in range(1 + request.twin)]
        for one in held:
            self._settle(one, request.passes[0].shape)
        modules = [one.module for one in held]
        shared = trial.shared_storage(*modules) if request.twin else []
        foreign = self._foreign(modules[0])
        try:
            first = trial.Trying(modules[0], request)
            outcomes = [first.first, *map(first.run, request.passes[1:])]
            reloaded = None
            if request.twin:
                try:
                    other = first.copied(modules[1])
                except Exception as error:
                    raise StudentError(replace(self._fault(error), kind="state")) from None
                reloaded = other.run(request.passes[0])
            casts = [first.cast(_dtype(name), request.passes[0]) for name in request.casts]
        except trial.Untriable as error:
            raise StudentError(Fault("error", f"not followed: {error}")) from None
        described = replace(first.description, foreign=foreign)
        return protocol.Tried(described, first.keys, outcomes, shared[:8], reloaded, casts)

    def cast(self, request: protocol.Cast) -> protocol.Answer:
        held = self._held[request.handle]
        held.module = held.module.to(_dtype(request.dtype))
        held.build = replace(held.build, dtype=request.dtype)
        return protocol.Done()

    def copy(self, request: protocol.Copy) -> protocol.Answer:
        source, target = self._held[request.source], self._held[request.target]
        self._settle(source)
        self._settle(target)
        try:
            state = {name: t.clone() for name, t in source.module.state_dict().items()}
            target.module.load_state_dict(state)
        except Exception as error:
            raise StudentError(replace(self._fault(error), kind="state")) from None
        return protocol.Done()

    def call(self, request: protocol.Call) -> protocol.Answer:
        function = self._symbol(request.task, request.function)
        probes: list[Probe] = []

        def argument(value: Any) -> Any:
            if isinstance(value, np.ndarray):
                return torch.tensor(value)
            if isinstance(value, dict) and set(value) == {"$probe", "seed"}:
                probes.append(Probe(value["$probe"], value["seed"]))
                return probes[-1]
            if isinstance(value, dict) and set(value) == {"$generator"}:
                return torch.Generator().manual_seed(value["$generator"])
            return value

        args = [argument(value) for value in request.args]
        before = [state_of(probe) for probe in probes]
        tensors = [(arg, arg.clone()) for arg in args if isinstance(arg, Tensor)]
        try:
            value = function(*args)
        except TypeError as error:
            if self._frames(error):
                raise
            raise StudentError(Fault("signature", _clean(str(error)))) from None
        changed = ""
        for probe, old in zip(probes, before, strict=True):
            new = state_of(probe)
            changed = next((key for key in old if old[key] != new[key]), changed)
        touched = any(not torch.equal(arg, old) for arg, old in tensors)
        return protocol.Returned(_plain(value), type(value).__name__, changed, touched)

    def rehearse(self, request: protocol.Rehearse) -> protocol.Answer:
        function = self._symbol(request.task, request.function)
        value, moved, model = watched_loops.rehearse(function, request)
        is_tensor = isinstance(value, Tensor)
        return protocol.Rehearsed(
            _plain(value),
            _name(value.dtype) if is_tensor else type(value).__name__,
            is_tensor and value.requires_grad,
            moved,
            watched_loops.steps(model),
            model.logits,
        )

    def checkpoint(self, request: protocol.Checkpoint) -> protocol.Answer:
        watched_loops.save_run(self._held[request.handle].module, request)
        return protocol.Done()

    def script(self, request: protocol.Script) -> protocol.Answer:
        self._folders.add(str(Path(request.path).resolve().parent) + os.sep)
        code = watched_loops.run_script(request)
        if code is not None:
            raise StudentError(Fault("exit", _clean(code)))
        text = watched_loops.written(request)
        if text is None:
            name = f"{Path(request.out).name} (that --out named)"
            raise StudentError(Fault("missing_file", name))
        return protocol.Written(text)

    def close(self, request: protocol.Close) -> protocol.Answer:
        held = self._held.pop(request.handle, None)
        large = held and any(p.numel() > LARGE and not p.is_meta for p in held.module.parameters())
        del held
        if large:
            gc.collect()  # a network that refers to itself would stay
        return protocol.Done()

    def _symbol(self, task: str, name: str) -> Any:
        for module in self._modules[task].values():
            if getattr(module, name, None) is not None:
                return getattr(module, name)
        raise StudentError(self._stopped.get(task) or Fault("missing_symbol", name))

    def _frames(self, error: BaseException) -> list[traceback.FrameSummary]:
        """The frames of the traceback that are the student's own, outermost first."""
        return [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename.startswith(tuple(self._folders))
        ]

    def _raised_by_student(self, error: BaseException) -> bool:
        """Whether the innermost frame is the student's: torch raises NotImplementedError too."""
        last = traceback.extract_tb(error.__traceback__)[-1:]
        return bool(last) and last[0].filename.startswith(tuple(self._folders))

    def _fault(self, error: BaseException, first: bool = False) -> Fault:
        """Name the line of the student's file that raised, never our own.

        first: the outermost line of theirs, not the innermost.
        """
        frames = self._frames(error)
        frames = frames[:1] if first else frames
        file = Path(frames[-1].filename).name if frames else ""
        line = frames[-1].lineno or 0 if frames else 0
        kind = "error"
        if isinstance(error, SyntaxError):
            kind, line = "syntax", error.lineno or 0
            file = Path(error.filename or "").name
            if "codec" in str(error) or "decode" in str(error) or "encoding" in str(error):
                kind = "encoding"
        elif isinstance(error, NotImplementedError) and self._raised_by_student(error):
            kind = "not_written"
        elif isinstance(error, ImportError):
            kind = "import"
        elif _lacks_memory(error):
            kind = "memory"
        elif isinstance(error, ValueError):
            kind = "value"
        return Fault(kind, _clean(_text(error)), file, line)


def _lacks_memory(error: BaseException) -> bool:
    """Whether memory ran out, or did where an error was handled that so led to another."""
    return any(
        isinstance(one, MemoryError)
        or (isinstance(one, OSError) and one.errno == errno.ENOMEM)
        or "can't allocate memory" in _text(one)
        for one in (error, error.__cause__, error.__context__)
        if one is not None
    )


def _text(error: BaseException) -> str:
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    except Exception:  # a student's exception may fail to print
        text = ""
    if isinstance(error, (NotImplementedError, SyntaxError)):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _clean(text: str) -> str:
    line = " ".join(text.split())
    return "".join(c for c in line if c.isprintable())[:300]


def _tensor(output: Any) -> Tensor:
    if not isinstance(output, Tensor):
        raise StudentError(Fault("not_a_tensor", type(output).__name__))
    return output


def _array(tensor: Tensor) -> np.ndarray:
    # as_subclass: a student's tensor subclass must not follow us here
    plain = tensor.detach().as_subclass(Tensor).cpu()
    if plain.dtype not in SENT:
        plain = plain.float()
    return plain.contiguous().numpy()


def _plain(value: Any) -> Any:
    """Numbers, text, tensors, lists and dicts of them; anything else becomes None."""
    if isinstance(value, Tensor):
        return _array(value)
    if isinstance(value, (np.floating, np.integer)):
        return value.item()
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return None


def _state(module: nn.Module) -> dict[str, Tensor]:
    state = dict(module.named_parameters()) | dict(module.named_buffers())
    return {name: t for name, t in state.items() if t.is_floating_point()}


def _all_meta(module: nn.Module) -> bool:
    tensors = [*module.parameters(), *module.buffers()]
    return bool(tensors) and all(t.device.type == "meta" for t in tensors)


def _dtype(name: str) -> torch.dtype:
    dtype = getattr(torch, name)
    assert isinstance(dtype, torch.dtype)
    return dtype


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
