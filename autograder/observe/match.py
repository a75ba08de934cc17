"""Which of the student's weights stands for which weight of the reference.

Names mean nothing. First by signature (the place in the data flow), then by order of use,
then by order of registration; every candidate is tried until one makes the outputs equal,
because equal outputs under fresh weights prove the match.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
    return {w.name: Place(index, w.role) for index, w in enumerate(used)}


def matches(student: Description, reference: Description) -> list[Match]:
    """All candidates, the most likely first; empty where the weights cannot correspond."""
    candidates: list[Match] = []
    keys: list[Callable[[Weight], object]] = [lambda w: w.signature, _kind, _kind]
    orders: list[Callable[[Weight, int], int]] = [
        lambda w, _: w.order,
        lambda w, _: w.order,
        lambda _, position: position,
    ]
    for key, order in zip(keys, orders, strict=True):
        match = _match(student, reference, key, order)
        if match is not None and match not in candidates:
            candidates.append(match)
    return candidates


def _kind(weight: Weight) -> object:
    return weight.buffer, len(weight.shape) > 1, math.prod(weight.shape)


def _match(
    student: Description,
    reference: Description,
    key: Callable[[Weight], object],
    order: Callable[[Weight, int], int],
) -> Match | None:
    own = places(reference)
    theirs: Places = {}
    groups: dict[object, tuple[list[Weight], list[Weight]]] = defaultdict(lambda: ([], []))
    for side, description in enumerate((student, reference)):
        ranked = sorted(
            (order(w, position), position, w)
            for position, w in enumerate(description.weights)
            if w.order >= 0 or side == 1
        )
        for _, _, weight in ranked:
            groups[key(weight)][side].append(weight)
    for ours, wanted in groups.values():
        if len(ours) < len(wanted):
            return None
        pairs, alone = _pair(ours, wanted)
        for weight, partner in pairs:
            place = own[partner.name]
            theirs[weight.name] = Place(place.index, place.role, weight.transposed)
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
