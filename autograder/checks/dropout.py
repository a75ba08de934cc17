"""Dropout written by hand: judged by what it drops, where its random numbers are its own.

torch's dropout under the same seed drops the same units in the student's network and in the
reference, so outputs can be compared. Other implementations draw other numbers. For them the
network is compared without dropout, and then special weights make single units visible: each
output shows whether its unit was dropped, and how often that happens says where dropout is.
"""

from dataclasses import replace

import numpy as np

from autograder.checks.subject import Subject
from autograder.checks.trials import Trial
from autograder.course.tasks import Sample
from autograder.observe.frames import Array
from autograder.observe.protocol import Description, Weight

CLASSES = 400  # outputs of one run, each a unit
RUNS = 2
SIGMAS = 5.0


def is_right(subject: Subject, trial: Trial) -> bool:
    """Whether dropout follows exactly the first two of the last three weight matrices."""
    if trial.key not in subject.dropout:
        sample = Sample(trial.args, tuple(trial.passes[0].shape))
        subject.dropout[trial.key] = _is_right(subject, sample)
    return subject.dropout[trial.key]


def _is_right(subject: Subject, sample: Sample) -> bool:
    quiet = replace(sample, args=sample.args | {"dropout": 0.0})
    if subject.difference(subject.challenge(quiet, "train", backward=True)) is not None:
        return False
    keep = 1 - float(sample.args["dropout"])
    last_conv, first, second, third = _layers(subject, sample)
    ones = _set(last_conv, "zero", "one")  # every feature is 1
    read = {**_set(second, "eye", "zero"), **_set(third, "eye", "zero")}
    return (
        # The second layer gives 1 whatever comes in: only dropout after it is seen.
        _keeps(subject, sample, {**_set(second, "zero", "one"), **_set(third, "eye", "zero")}, keep)
        # The first layer gives 1: both dropouts are seen.
        and _keeps(subject, sample, {**_set(first, "zero", "one"), **read}, keep**2)
        # The features are 1: a dropout before the first layer would be seen too.
        and _keeps(subject, sample, {**ones, **_set(first, "eye", "zero"), **read}, keep**2)
        # The features are what the convolutions make: a dropout among them would change them.
        and _features_are_whole(subject, sample, {**_set(first, "eye", "zero"), **read}, keep**2)
    )


def _layers(subject: Subject, sample: Sample) -> list[list[Weight]]:
    """The reference's last four matrices, each with the vectors applied after it."""
    used = sorted(_described(subject, sample).weights, key=lambda w: w.order)
    layers: list[list[Weight]] = []
    for weight in used:
        if weight.role == "weight":
            layers.append([])
        if not weight.buffer:
            layers[-1].append(weight)
    return layers[-4:]


def _described(subject: Subject, sample: Sample) -> Description:
    """How the reference whose weights the student's are uses them."""
    reference = next(r for r in subject.references if subject.matches(sample, r))
    return reference.describe(subject.symbol, sample.args, sample.input)


def _set(layer: list[Weight], matrix: str, vectors: str) -> dict[str, str]:
    """New roles, by the reference's names."""
    return {w.name: matrix if w.role == "weight" else vectors for w in layer}


def _features_are_whole(
    subject: Subject, sample: Sample, roles: dict[str, str], share: float
) -> bool:
    """Whether the units that survive dropout are those without any dropout, scaled."""
    features = _outputs(subject, replace(sample, args=sample.args | {"dropout": 0.0}), roles, 0)
    values = _outputs(subject, sample, roles, 0)
    kept = np.abs(values) > 1e-6
    return bool(np.allclose(values[kept] * share, features[kept], rtol=1e-3, atol=1e-5))


def _keeps(subject: Subject, sample: Sample, roles: dict[str, str], share: float) -> bool:
    """Whether this share of the units survives, scaled so that the mean stays 1."""
    values = np.concatenate([_outputs(subject, sample, roles, run) for run in range(RUNS)])
    kept = np.abs(values) > 1e-6
    deviation = float(np.sqrt(share * (1 - share) / values.size))
    return bool(
        abs(float(np.mean(kept)) - share) < SIGMAS * deviation
        and np.allclose(values[kept], 1 / share, rtol=1e-3)
    )


def _outputs(subject: Subject, sample: Sample, roles: dict[str, str], run: int) -> Array:
    """What comes out in train mode with weights of these roles, by the reference's names."""
    match = next(found[0] for r in subject.references if (found := subject.matches(sample, r)))
    by_index = {match.reference[name].index: role for name, role in roles.items()}
    places = {
        name: replace(place, role=by_index.get(place.index, place.role))
        for name, place in match.student.items()
    }
    args = sample.args | {"num_classes": CLASSES}
    challenge = subject.challenge(replace(sample, args=args), "train")
    seeded = replace(challenge, seed=f"{int(challenge.seed, 16) ^ (run + 1):015x}")
    return subject.student.outcome(subject.symbol, seeded, places).output.reshape(-1)
