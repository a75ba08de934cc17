"""Which of the student's weights stands for which weight of the reference.

Names mean nothing. First by signature (the place in the data flow), then by order of use,
then by order of registration; every candidate is tried until one makes the outputs equal,
because equal outputs under fresh weights prove the match.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from autograder.observe.protocol import Description, Place, Weight

Places = dict[str, Place]


@dataclass(frozen=True)
class Match:
    """Places for both sides; a bias of the student that has no partner gets zeros."""

    student: Places
    reference: Places


def places(reference: Description) -> Places:
    """The reference's own places: numbered in order of use."""
    used = sorted(reference.weights, key=lambda w: w.order)
    return {w.name: Place(index, w.role, _fan_in(w)) for index, w in enumerate(used)}


def _fan_in(weight: Weight) -> int:
    return max(1, math.prod(weight.shape[1:]))


def matches(student: Description, reference: Description) -> list[Match]:
    """All candidates, the most likely first; empty where the weights cannot correspond."""
    divided = {w.name.partition("@")[0] for w in student.weights if "@" in w.name}
    wholes = [w for w in student.weights if "@" not in w.name]
    parts = [w for w in student.weights if w.name not in divided]
    # A mistake may leave weights unused; they have no place.
    theirs_used = [w for w in reference.weights if w.order >= 0]
    wanted = sorted(theirs_used, key=lambda w: w.order)
    candidates: list[Match] = []
    for weights in (parts, wholes) if divided else (wholes,):
        used = [w for w in weights if w.order >= 0]
        by_use = sorted(used, key=lambda w: w.order)
        for ours, theirs, key in (
            (by_use, wanted, _signature),
            (by_use, wanted, _kind),
            (used, theirs_used, _kind),
            # Compiled code hides how it uses its weights: only their order is left.
            (weights, reference.weights, _kind),
        ):
            match = _match(ours, theirs, places(reference), key)
            if match is not None and match not in candidates:
                candidates.append(match)
    return candidates


def _signature(weight: Weight) -> object:
    return weight.signature


def _kind(weight: Weight) -> object:
    return weight.buffer, weight.role == "weight", math.prod(weight.shape)


def _match(
    student: Sequence[Weight],
    reference: Sequence[Weight],
    own: Places,
    key: Callable[[Weight], object],
) -> Match | None:
    """Pair the weights of equal key in the order in which they stand."""
    theirs: Places = {}
    groups: dict[object, tuple[list[Weight], list[Weight]]] = defaultdict(lambda: ([], []))
    for side, weights in enumerate((student, reference)):
        for weight in weights:
            groups[key(weight)][side].append(weight)
    for ours, wanted in groups.values():
        if len(ours) < len(wanted):
            return None
        pairs, alone = _pair(ours, wanted)
        for weight, partner in pairs:
            theirs[weight.name] = replace(own[partner.name], transposed=weight.transposed)
        for weight in alone:
            if weight.role != "bias":
                return None
            theirs[weight.name] = Place(-1, "zero")
    return Match(theirs, own)


def _pair(
    ours: Sequence[Weight], wanted: Sequence[Weight]
) -> tuple[list[tuple[Weight, Weight]], list[Weight]]:
    """Pair two groups of the same place: by role where the roles agree, else by order.

    A bias too many stands first in its group, before BatchNorm's scale and bias.
    """
    alone = list(ours[: len(ours) - len(wanted)])
    if sorted(w.role for w in ours) == sorted(w.role for w in wanted):
        ours, wanted = (sorted(group, key=lambda w: w.role) for group in (ours, wanted))
    return list(zip(ours[len(alone) :], wanted, strict=True)), alone
