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
    """All weights in the order of registration, all layers in the order of use."""

    weights: list[Weight]
    layers: list[Layer]
    output: list[int]


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
    # What the client itself reports of a worker:
    "timeout",
    "died",
    "protocol",
)

Request = (
    Open | Build | Describe | Load | Run | Copy | Call | Rehearse | Checkpoint | Script | Close
)
Answer = Done | Built | Description | Outcome | Returned | Rehearsed | Written | Fault
REQUESTS: tuple[type, ...] = typing.get_args(Request)
ANSWERS: tuple[type, ...] = typing.get_args(Answer)


def encode(message: object) -> bytes:
    """Make one frame of a request or an answer."""
    tensors: list[Array] = []
    fields = {
        f.name: _pack(getattr(message, f.name), tensors)
        for f in dataclasses.fields(message)  # type: ignore[arg-type]  # a dataclass instance
    }
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
        return _unpack(by_name[name], fields, tensors)
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
    return math.prod(spec["shape"]) * DTYPES[spec["dtype"]].itemsize


def _pack(value: Any, tensors: list[Array]) -> Any:
    if isinstance(value, np.ndarray):
        tensors.append(value)
        return {"$tensor": len(tensors) - 1}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _pack(getattr(value, f.name), tensors) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: _pack(item, tensors) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_pack(item, tensors) for item in value]
    return value


def _unpack(expected: Any, value: Any, tensors: list[Array]) -> Any:
    """Rebuild a value of the expected type from JSON, or raise ProtocolError."""
    if type(value) is expected and expected in (int, str, bool, float):
        return _bounded(value)
    origin, args = typing.get_origin(expected), typing.get_args(expected)
    if expected is Any:
        return _unpack_any(value, tensors)
    if origin is types.UnionType:
        if value is None and type(None) in args:
            return None
        (expected,) = (arg for arg in args if arg is not type(None))
        return _unpack(expected, value, tensors)
    if origin is Literal:
        if value not in args:
            raise ProtocolError("a field has a value that is not allowed")
        return value
    if origin is np.ndarray:
        array = _unpack_any(value, tensors)
        if not isinstance(array, np.ndarray):
            raise ProtocolError("a field should be a tensor")
        return array
    if origin is list and isinstance(value, list):
        return [_unpack(args[0], item, tensors) for item in value]
    if origin is dict and isinstance(value, dict):
        return {str(key): _unpack(args[1], item, tensors) for key, item in value.items()}
    if dataclasses.is_dataclass(expected) and isinstance(value, dict):
        hints = _hints(expected)  # type: ignore[arg-type]  # a dataclass type
        if value.keys() != hints.keys():
            raise ProtocolError("a message has other fields than promised")
        made = {key: _unpack(hints[key], item, tensors) for key, item in value.items()}
        return expected(**made)  # type: ignore[operator]  # a dataclass type
    if expected is float and type(value) in (int, float):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    raise ProtocolError("a field has another type than promised")


@functools.cache
def _hints(message: type) -> dict[str, Any]:
    return typing.get_type_hints(message)


def _unpack_any(value: Any, tensors: list[Array]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$tensor"}:
            index = value["$tensor"]
            if type(index) is not int or not 0 <= index < len(tensors):
                raise ProtocolError("a field names a tensor that is not there")
            return tensors[index]
        return {key: _unpack_any(item, tensors) for key, item in value.items()}
    if isinstance(value, list):
        return [_unpack_any(item, tensors) for item in value]
    return _bounded(value)


def _bounded(value: Any) -> Any:
    if type(value) is int and abs(value) > MAX_INT:
        raise ProtocolError("a whole number is too large")
    return value
