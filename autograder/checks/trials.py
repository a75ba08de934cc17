"""The plan of trials: what every symbol is run with.

Coverage is fixed and values are drawn. Every depth and variant of every network computes, whatever
the seed; the seed draws arguments, classes, batches, sizes, and which depth also runs backward. So
no verdict hangs on luck, and knowing one plan tells nothing of the next.

Blocks and DenseNets are small as they are drawn. ResNet, VGG and AlexNet are thinned: an eighth of
their width computes. Besides, one network of each symbol runs once at its full width.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from typing import Any, Literal

from autograder.course.tasks import Drawn, Symbol
from autograder.observe.draw import random_state
from autograder.observe.protocol import Pass

RANGE = re.compile(r"(\d+)\.\.(\d+)")
PRODUCT = re.compile(r"(\d+)\*(\w+)")
LESS = re.compile(r"(\w+)-(\d+)")
OTHER_DTYPES = ("float32", "bfloat16")
Mode = Literal["train", "eval"]


@dataclass(frozen=True)
class Trial:
    """One construction of a symbol and the passes it makes; both sides get the same numbers."""

    symbol: str
    args: dict[str, Any]
    passes: tuple[Pass, ...]
    seed: str
    dtype: str = "float64"
    #: Widths are divided by it, but for that of the weight matrix number whole.
    divisor: int = 1
    whole: int = -1
    #: Whether a second instance is built: what do two share, and is all of one in its state_dict?
    twin: bool = False
    #: Other types that the first pass is made in, after all others.
    casts: tuple[str, ...] = ()
    #: Whether it is one of those that the task's main check is about; else of another depth.
    main: bool = True

    @cached_property
    def key(self) -> str:
        """The question as text."""
        return json.dumps(asdict(self))


@cache
def planned_trials(symbol: Symbol, seed: str) -> tuple[Trial, ...]:
    """Every trial whose numbers are compared with the reference's, in the order of tasks.toml."""
    deep = int(random_state(seed, "deep").randint(1 << 30))
    others = [number for number, drawn in enumerate(symbol.trials) if not drawn.main]
    chosen = others[deep % len(others)] if others else -1
    found = []
    for number, drawn in enumerate(symbol.trials):
        args, shape = resolved(drawn, seed, number)
        trial = Trial(
            symbol.name,
            args,
            tuple(_passes(symbol, drawn, shape, seed, number == chosen)),
            seed,
            divisor=symbol.divisor,
            whole=_number(symbol.whole, args) if symbol.divisor > 1 else -1,
            twin=symbol.kind == "block" or number == 0,
            casts=OTHER_DTYPES if number == 0 and symbol.kind != "large" else (),
            main=drawn.main,
        )
        found.append(trial)
    if symbol.full:
        args, shape = resolved(symbol.full, seed, len(found))
        found.append(Trial(symbol.name, args, (Pass(shape),), seed, dtype="float32"))
    return tuple(found)


def resolved(drawn: Drawn, seed: str, number: int) -> tuple[dict[str, Any], list[int]]:
    """Arguments and the shape of an input, drawn from a seed.

    A value may be a list of choices, a range ("3..6"), another argument ("in_channels") or a
    multiple of one ("4*mid_channels").
    """
    random = random_state(seed, "trial", number)

    def value(stated: Any, known: Mapping[str, Any]) -> Any:
        if isinstance(stated, list):
            return stated[int(random.randint(len(stated)))]
        if isinstance(stated, str) and (found := RANGE.fullmatch(stated)):
            low, high = map(int, found.groups())
            return low + int(random.randint(high - low + 1))
        if isinstance(stated, str) and (found := PRODUCT.fullmatch(stated)):
            return int(found[1]) * known[found[2]]
        return known.get(stated, stated) if isinstance(stated, str) else stated

    plain = {key: stated for key, stated in drawn.args.items() if not _is_derived(stated)}
    known = {key: value(stated, {}) for key, stated in plain.items()}
    args = {key: known.get(key, value(stated, known)) for key, stated in drawn.args.items()}
    return args, [value(stated, args) for stated in drawn.input]


def _is_derived(stated: Any) -> bool:
    """Whether a value follows from another argument."""
    return isinstance(stated, str) and not RANGE.fullmatch(stated)


def _number(stated: int | str, args: Mapping[str, Any]) -> int:
    """A number, or an argument less a number ("depth-4")."""
    if isinstance(stated, str) and (found := LESS.fullmatch(stated)):
        return int(args[found[1]]) - int(found[2])
    return int(stated)


def _passes(symbol: Symbol, drawn: Drawn, shape: list[int], seed: str, chosen: bool) -> list[Pass]:
    """The first pass is recorded; the last one asks the first question again."""
    random = random_state(seed, "passes", str(drawn.args))

    def shaped(batch: tuple[int, int], size: tuple[int, int]) -> list[int]:
        spatial = [int(random.randint(*size)) for _ in range(2)] if size != (0, 0) else shape[2:]
        return [int(random.randint(*batch)), shape[1], *spatial]

    first = Pass(shape)
    large, network = symbol.kind == "large", symbol.kind == "network"
    # At fewer pixels the last maps of a network are so few that BatchNorm amplifies rounding.
    learning = shaped((2, 4), (64, 80)) if network else shape
    if not drawn.main:
        small = [2, shape[1], *learning[2:]] if network else shape
        return [first, Pass(small, "train", "weights" if chosen else "none")]
    size = (0, 0) if large else (32, 72) if network else (5, 14)
    alone = shaped((1, 2), size)
    many = shaped(
        (3, 4) if large else (5, 12) if network else (8, 18),
        (0, 0) if large else (size[0], size[0] + 8),
    )
    core = [
        first,
        Pass(alone if large else shape, "eval", "all"),
        Pass(learning, "train", "weights"),
        Pass(many, "eval", "inference"),
    ]
    if drawn is not symbol.trials[0]:
        return core
    return [
        *core,
        Pass(alone, "eval", "weights"),
        Pass(alone if large else learning, "train", "none"),
        *([] if large else [Pass(learning, "train", "all")]),
        first,
    ]
