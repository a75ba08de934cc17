"""What a session may ask a worker and what may come back: plain data, never pickle.

A frame is ``b"AG1\\n"``, the length of the header (unsigned 32 bit, big endian), the header
(UTF-8 JSON) and the bytes of the tensors, one after the other. The header is
``{"type": name, "fields": {...}, "tensors": [{"dtype": ..., "shape": [...]}, ...]}``; inside
the fields a tensor stands as ``{"$tensor": index}``. Requests and answers strictly
alternate, the client speaks first. Each side knows the types it may receive; anything else
is a ProtocolError, and so is a field of another type, a tensor of another size, or a frame
above the limits.
"""

import dataclasses
import functools
import json
import math
import struct
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

MAGIC = b"AG1\n"
MAX_HEADER = 4 << 20
MAX_TENSORS = 256 << 20
MAX_INT = 2**53  # what a float holds exactly
PLAIN = frozenset({int, str, bool, float, type(None)})
DTYPES = {name: np.dtype(name) for name in ("float32", "float64", "int64", "uint8", "bool")}

Array = np.ndarray[Any, np.dtype[Any]]


class ProtocolError(Exception):
    """The other side sent something that is not a valid frame."""


# Requests: client -> worker -------------------------------------------------------------


@dataclass(frozen=True)
class Open:
    """Load the file of a task. Answer: Done."""

    task: str
    path: str


@dataclass(frozen=True)
class Build:
    """Call a symbol; what it returns becomes a handle. Answer: Built.

    lean: only for listing its weights, so construct on the meta device where the code allows.
    """

    task: str
    symbol: str
    args: dict[str, Any]
    dtype: str = "float32"
    device: str = "cpu"
    lean: bool = False


@dataclass(frozen=True)
class Describe:
    """Record how one forward pass on an input of this shape uses the weights.

    An empty shape lists the weights without a pass. Answer: Description.
    """

    handle: int
    shape: list[int]


@dataclass(frozen=True)
class Place:
    """Which weights a parameter or buffer gets: number index of the seed, drawn by role.

    fan_in scales weights by sqrt(2 / fan_in); transposed: stored as (inputs, outputs).
    """

    index: int
    role: str
    fan_in: int = 1
    transposed: bool = False


@dataclass(frozen=True)
class Load:
    """Fill parameters and buffers from a seed. Answer: Done.

    A name that is not in places is filled by the role that Describe saw, from its own name.
    """

    handle: int
    seed: str
    places: dict[str, Place] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One forward pass and, if asked for, one backward pass. Answer: Outcome."""

    handle: int
    input: Array
    mode: Literal["train", "eval"] = "eval"
    backward: bool = False
    seed: str = "0"


@dataclass(frozen=True)
class Cast:
    """Turn a handle's module into another dtype; its weights are then anything. Answer: Done."""

    handle: int
    dtype: str


@dataclass(frozen=True)
class Copy:
    """Load the state_dict of one handle into another. Answer: Done."""

    source: int
    target: int


@dataclass(frozen=True)
class Call:
    """Call a function with numbers, strings, tensors and probe models. Answer: Returned.

    A probe model stands as ``{"$probe": kind, "seed": text}``, a torch.Generator as
    ``{"$generator": number}``.
    """

    task: str
    function: str
    args: list[Any]


@dataclass(frozen=True)
class Rehearse:
    """Run train_one_epoch or predict on a small watched network. Answer: Rehearsed.

    labels are given for training only, an int64 array for each batch.
    """

    task: str
    function: Literal["train_one_epoch", "predict"]
    batches: list[Array]
    labels: list[Array]
    seed: str


@dataclass(frozen=True)
class Checkpoint:
    """Save a built network as a run folder of the homework. Answer: Done."""

    handle: int
    folder: str
    size: int
    mean: list[float]
    std: list[float]
    classes: list[str]


@dataclass(frozen=True)
class Script:
    """Run a file as a program and read the text file it writes. Answer: Written.

    Paths are relative to the session's folder.
    """

    path: str
    args: list[str]
    out: str


@dataclass(frozen=True)
class Close:
    """Forget a handle. Answer: Done."""

    handle: int


# Answers: worker -> client --------------------------------------------------------------


@dataclass(frozen=True)
class Done:
    """The request was carried out."""


@dataclass(frozen=True)
class Built:
    """A handle for what was built."""

    handle: int


@dataclass(frozen=True)
class Weight:
    """One parameter or buffer as the forward pass used it, or the part of it that was used
    as one weight (then its name says which part).

    signature says where in the data flow it stands, order when it was first used (-1:
    never), identity is equal for two handles that share the tensor.
    """

    name: str
    shape: list[int]
    buffer: bool
    learns: bool
    role: str
    order: int
    signature: str
    transposed: bool
    identity: int


@dataclass(frozen=True)
class Layer:
    """One call of a function with a weight matrix: its name, its weight, its output."""

    function: str
    weight: list[int]
    output: list[int]


@dataclass(frozen=True)
class Description:
    """All weights in the order of registration, all layers in the order of use.

    foreign: the classes of its modules that are neither torch.nn's nor the student's own.
    """

    weights: list[Weight]
    layers: list[Layer]
    output: list[int]
    foreign: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Trace:
    """A tensor too large to send: its L2 norm and its product with seeded weights."""

    norm: float
    projection: float


@dataclass(frozen=True)
class Outcome:
    """What one run gave; without backward there are no gradients."""

    shape: list[int]
    dtype: str
    input_changed: bool
    output: Array
    input_gradient: Array | None = None
    gradients: dict[str, Trace] = field(default_factory=dict)
    buffers: dict[str, Trace] = field(default_factory=dict)


@dataclass(frozen=True)
class Returned:
    """What a function returned, and whether it left its probe models as it found them."""

    value: Any
    kind: str
    model_changed: str = ""
    input_changed: bool = False


@dataclass(frozen=True)
class Step:
    """One forward pass of a watched network.

    stale: gradients of an earlier batch were still there when this batch's came. kept: how
    many graphs of earlier batches were still in memory. loss_input is what the loss function
    got, loss what it returned; both are absent where it was not called.
    """

    training: bool
    graph: bool
    input: Array
    stale: bool
    kept: int
    loss_input: Array | None = None
    loss: float | None = None


@dataclass(frozen=True)
class Rehearsed:
    """What a function did to a watched network, and what it returned.

    moved: the weights are others than before. attached: what came back remembers its graph.
    logits: what the network returned, for each step.
    """

    value: Any
    kind: str
    attached: bool
    moved: bool
    steps: list[Step]
    logits: list[Array]


@dataclass(frozen=True)
class Written:
    """The text a script wrote."""

    text: str


@dataclass(frozen=True)
class Fault:
    """Why there is no answer. kind is one of FAULTS; file and line are the student's own."""

    kind: str
    message: str = ""
    file: str = ""
    line: int = 0


# What the client itself reports of a worker; from a worker it is forged.
CLIENT_FAULTS = ("timeout", "died", "protocol")
FAULTS = (
    "not_written",  # NotImplementedError
    "syntax",
    "encoding",
    "import",
    "missing_file",
    "missing_symbol",
    "signature",  # does not take the promised arguments
    "value",  # ValueError
    "error",  # any other exception
    "not_a_module",
    "not_a_tensor",
    "state",  # load_state_dict refused
    "memory",
    "exit",  # a script ended with another exit code than 0
    "output",  # printed too much
    *CLIENT_FAULTS,
)

Request = (
    Open
    | Build
    | Describe
    | Load
    | Run
    | Cast
    | Copy
    | Call
    | Rehearse
    | Checkpoint
    | Script
    | Close
)
Answer = Done | Built | Description | Outcome | Returned | Rehearsed | Written | Fault
REQUESTS: tuple[type, ...] = typing.get_args(Request)
ANSWERS: tuple[type, ...] = typing.get_args(Answer)


def encode(message: object) -> bytes:
    """Make one frame of a request or an answer."""
    tensors: list[Array] = []
    fields = _pack(message, tensors)
    header = json.dumps(
        {
            "type": type(message).__name__,
            "fields": fields,
            "tensors": [{"dtype": str(t.dtype), "shape": list(t.shape)} for t in tensors],
        }
    ).encode()
    parts = [MAGIC, struct.pack(">I", len(header)), header]
    return b"".join(parts + [np.ascontiguousarray(t).tobytes() for t in tensors])


def decode(read: Callable[[int], bytes], allowed: tuple[type, ...]) -> Any:
    """Read one frame with read(n) -> exactly n bytes and return one of the allowed types.

    Raises:
        ProtocolError: the frame is not valid.
        EOFError: raised by read where the stream ended.
    """
    if read(len(MAGIC)) != MAGIC:
        raise ProtocolError("the frame does not start as one")
    (length,) = struct.unpack(">I", read(4))
    if length > MAX_HEADER:
        raise ProtocolError(f"a header of {length} bytes is too large")
    try:
        header = json.loads(read(length).decode())
        name, fields, specs = header["type"], header["fields"], header["tensors"]
        if set(header) != {"type", "fields", "tensors"} or not isinstance(specs, list):
            raise ProtocolError("the header has other keys than type, fields and tensors")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProtocolError(f"the header is not valid: {type(error).__name__}") from None
    sizes = [_tensor_size(spec) for spec in specs]
    if sum(sizes) > MAX_TENSORS:
        raise ProtocolError(f"tensors of {sum(sizes)} bytes are too large")
    tensors = [
        np.frombuffer(read(size), DTYPES[spec["dtype"]]).reshape(spec["shape"])
        for spec, size in zip(specs, sizes, strict=True)
    ]
    by_name = {t.__name__: t for t in allowed}
    if not isinstance(name, str) or name not in by_name:
        raise ProtocolError("the frame has a type that is not expected here")
    try:
        return _reader(by_name[name])(fields, tensors)
    except RecursionError:
        raise ProtocolError("the fields are nested too deeply") from None


def _tensor_size(spec: Any) -> int:
    if not (
        isinstance(spec, dict)
        and isinstance(spec.get("dtype"), str)
        and spec["dtype"] in DTYPES
        and isinstance(spec.get("shape"), list)
        and len(spec["shape"]) <= 8
        and all(type(n) is int and 0 <= n <= MAX_TENSORS for n in spec["shape"])
    ):
        raise ProtocolError("a tensor has no valid dtype and shape")
    if math.prod(n for n in spec["shape"] if n) > MAX_TENSORS:
        raise ProtocolError("a tensor has more dimensions than NumPy can hold")
    return math.prod(spec["shape"]) * DTYPES[spec["dtype"]].itemsize


def _pack(value: Any, tensors: list[Array]) -> Any:
    kind = type(value)
    if kind in PLAIN:
        return value
    if isinstance(value, np.ndarray):
        tensors.append(value)
        return {"$tensor": len(tensors) - 1}
    if isinstance(value, dict):
        return {key: _pack(item, tensors) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_pack(item, tensors) for item in value]
    if dataclasses.is_dataclass(kind):
        return {name: _pack(getattr(value, name), tensors) for name in _names(kind)}
    return value


@functools.cache
def _names(message: type) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(message))


Reader = Callable[[Any, "list[Array]"], Any]


@functools.cache
def _reader(expected: Any) -> Reader:
    """A function that rebuilds values of a type from JSON, or raises ProtocolError."""
    origin, args = typing.get_origin(expected), typing.get_args(expected)
    if expected is Any:
        return _read_any
    if expected in PLAIN:
        return functools.partial(_read_plain, expected)
    if origin is types.UnionType:
        (inner,) = (_reader(arg) for arg in args if arg is not type(None))
        return lambda value, tensors: None if value is None else inner(value, tensors)
    if origin is Literal:
        return functools.partial(_read_choice, args)
    if origin is np.ndarray:
        return _read_array
    if origin is list:
        return functools.partial(_read_list, _reader(args[0]))
    if origin is dict:
        return functools.partial(_read_dict, _reader(args[1]))
    hints = typing.get_type_hints(expected)
    return functools.partial(
        _read_message, expected, {key: _reader(kind) for key, kind in hints.items()}
    )


def _read_plain(expected: type, value: Any, tensors: list[Array]) -> Any:
    kind = type(value)
    if kind is expected:
        return _bounded(value) if kind is int else value
    if expected is float and kind is int:
        try:
            return float(value)
        except OverflowError:
            return math.inf
    raise _unpromised()


def _read_choice(choices: tuple[Any, ...], value: Any, tensors: list[Array]) -> Any:
    if not isinstance(value, str) or value not in choices:
        raise ProtocolError("a field has a value that is not allowed")
    return value


def _read_array(value: Any, tensors: list[Array]) -> Any:
    array = _read_any(value, tensors)
    if not isinstance(array, np.ndarray):
        raise ProtocolError("a field should be a tensor")
    return array


def _read_list(item: Reader, value: Any, tensors: list[Array]) -> Any:
    if not isinstance(value, list):
        raise _unpromised()
    return [item(one, tensors) for one in value]


def _read_dict(item: Reader, value: Any, tensors: list[Array]) -> Any:
    if not isinstance(value, dict):
        raise _unpromised()
    return {key: item(one, tensors) for key, one in value.items()}


def _read_message(
    message: type, readers: dict[str, Reader], value: Any, tensors: list[Array]
) -> Any:
    if not isinstance(value, dict):
        raise _unpromised()
    if value.keys() != readers.keys():
        raise ProtocolError("a message has other fields than promised")
    return message(**{key: readers[key](item, tensors) for key, item in value.items()})


def _read_any(value: Any, tensors: list[Array]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$tensor"}:
            index = value["$tensor"]
            if type(index) is not int or not 0 <= index < len(tensors):
                raise ProtocolError("a field names a tensor that is not there")
            return tensors[index]
        return {key: _read_any(item, tensors) for key, item in value.items()}
    if isinstance(value, list):
        return [_read_any(item, tensors) for item in value]
    return _bounded(value)


def _unpromised() -> ProtocolError:
    return ProtocolError("a field has another type than promised")


def _bounded(value: Any) -> Any:
    if type(value) is int and abs(value) > MAX_INT:
        raise ProtocolError("a whole number is too large")
    return value
