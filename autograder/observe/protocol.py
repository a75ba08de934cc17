"""What a session may ask a worker and what may come back: plain data.

Requests and answers strictly alternate, the client speaks first; frames.py is how they travel.
"""

import math
import typing
from dataclasses import dataclass, field
from typing import Any, Literal

from autograder.observe.frames import Array

# Requests: client -> worker -------------------------------------------------------------


@dataclass(frozen=True)
class Open:
    """Load the file of a task. Answer: Done, or a Fault "stopped" where only a part was run."""

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
    """One forward pass and, if asked for, one backward pass. Answer: Outcome.

    gradients: as of a pass of a trial; then very large weights are not left out. Without it,
    backward asks for all others.
    """

    handle: int
    input: Array
    mode: Literal["train", "eval"] = "eval"
    backward: bool = False
    seed: str = "0"
    gradients: Literal["", "all", "weights", "none", "inference"] = ""


@dataclass(frozen=True)
class Pass:
    """One pass of a trial.

    gradients: all (the input requires one), weights (it requires none), none (under no_grad) or
    inference (in inference mode).
    """

    shape: list[int]
    mode: Literal["train", "eval"] = "eval"
    gradients: Literal["all", "weights", "none", "inference"] = "none"


@dataclass(frozen=True)
class Trial:
    """Build a symbol, give its weights numbers where the data reaches them, run it. Answer: Tried.

    The first pass is under no_grad, and is the one that is recorded. Widths of 64 and more are
    divided by divisor, but for that of the weight matrix number whole. twin: build another one,
    fill it with other numbers, load the state_dict of the first into it, and run that. casts: types
    in which the first pass is made at the end.
    """

    task: str
    symbol: str
    args: dict[str, Any]
    passes: list[Pass]
    seed: str
    dtype: str = "float64"
    device: str = "cpu"
    divisor: int = 1
    whole: int = -1
    twin: bool = False
    casts: list[str] = field(default_factory=list)


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
    hidden: attributes that are plain lists or dicts of layers, which PyTorch does not see.
    """

    weights: list[Weight]
    layers: list[Layer]
    output: list[int]
    foreign: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)


def count(description: Description) -> int:
    """The number of parameters, buffers left out."""
    wholes = (w for w in description.weights if not w.buffer and "@" not in w.name)
    return sum(abs(math.prod(w.shape[:8])) for w in wholes)


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
class Tried:
    """What a trial gave: an outcome for each pass.

    keys: under which place in the data flow each weight got its numbers; gradients and buffers in
    the outcomes go by these. shared: weights that lie in the memory of the other instance.
    reloaded: what the first pass gave with the state_dict of the first instance.
    """

    description: Description
    keys: dict[str, str]
    outcomes: list[Outcome]
    shared: list[str]
    reloaded: Outcome | None
    casts: list[Outcome] = field(default_factory=list)


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
    "stopped",  # the file ended in an error; what stands above that line is there
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
    | Trial
    | Cast
    | Copy
    | Call
    | Rehearse
    | Checkpoint
    | Script
    | Close
)
Answer = Done | Built | Description | Outcome | Tried | Returned | Rehearsed | Written | Fault
REQUESTS: tuple[type, ...] = typing.get_args(Request)
ANSWERS: tuple[type, ...] = typing.get_args(Answer)
