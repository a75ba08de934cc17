"""How sure a network may sound: measured on pictures that it was not trained on.

Temperature scaling: Guo et al., On Calibration of Modern Neural Networks, 2017.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from simpsons.classes import CLASSES
from simpsons.data import Data, unlabelled
from simpsons.errors import DataError
from simpsons.files import replacing
from simpsons.run import Config

FILE = "calibration.json"
TARGET = 0.97  # of the answers that are given so many are right, on validation pictures
MOST_UNSURE = 0.2  # but no more validation pictures than this are left without an answer
DEFAULT = 0.6  # where nothing was measured
SHOWN = 24  # mistakes


@dataclass(frozen=True)
class Mistake:
    """A validation picture that was taken for somebody else; row: of the prepared pictures."""

    name: str
    row: int
    truth: str
    guess: str
    confidence: float


@dataclass(frozen=True)
class Calibration:
    """Divide logits by temperature; below threshold the answer is "not sure".

    answered and right: the share of n validation pictures that got an answer, and of those the
    share that was right. n is 0 where nothing was measured.
    """

    temperature: float = 1.0
    threshold: float = DEFAULT
    answered: float = 0.0
    right: float = 0.0
    n: int = 0
    mistakes: list[Mistake] = field(default_factory=list)


def calibrate(
    network: nn.Module, data: Data, rows: Tensor, mean: list[float], std: list[float], device: str
) -> Calibration:
    """Measure on the rows of the validation part. The network stays in eval mode."""
    network.eval()
    with torch.inference_mode():
        batches = unlabelled(data.train, rows, mean, std, device)
        logits = torch.cat([network(batch).float().cpu() for batch in batches])
    labels = data.labels[rows]
    temperature = fit_temperature(logits, labels)
    confidence, guesses = (logits / temperature).softmax(1).max(1)
    right = guesses == labels
    threshold = fit_threshold(confidence, right)
    kept = confidence >= threshold
    wrong = torch.nonzero(~right)[:, 0].tolist()
    wrong.sort(key=lambda i: -float(confidence[i]))
    return Calibration(
        round(temperature, 4),
        round(threshold, 4),
        round(float(kept.float().mean()), 4),
        round(float(right[kept].float().mean()), 4) if kept.any() else 0.0,
        len(rows),
        [
            Mistake(
                data.names[int(rows[i])],
                int(rows[i]),
                CLASSES[int(labels[i])],
                CLASSES[int(guesses[i])],
                round(float(confidence[i]), 4),
            )
            for i in wrong[:SHOWN]
        ],
    )


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature with the smallest loss; the loss has one minimum."""
    if not len(labels):
        return 1.0
    choices = torch.logspace(-1.3, 1, 116)
    losses = [nn.functional.cross_entropy(logits / t, labels) for t in choices]
    return float(choices[int(torch.stack(losses).argmin())])


def fit_threshold(confidence: Tensor, right: Tensor) -> float:
    """The lowest confidence from which TARGET of the answers are right."""
    if not len(right):
        return DEFAULT
    surest, order = confidence.sort(descending=True)
    share = right[order].float().cumsum(0) / torch.arange(1, len(right) + 1)
    good = torch.nonzero(share >= TARGET)[:, 0]
    last = int(good[-1]) if len(good) else 0
    least = int((1 - MOST_UNSURE) * len(right))
    return float(surest[min(max(last, least), len(right) - 1)])


def save(folder: Path, calibration: Calibration) -> None:
    """Write it into a run folder.

    Raises:
        DataError: it cannot be written.
    """
    try:
        with replacing(folder / FILE) as part:
            part.write_text(json.dumps(asdict(calibration), indent=1), encoding="utf-8")
    except OSError as error:
        raise DataError(f"{folder}: cannot be written: {error.strerror or error}") from None


def load(folder: Path) -> Calibration:
    """What training measured; the default where it did not.

    Raises:
        DataError: the file is damaged.
    """
    path = folder / FILE
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        mistakes = [Mistake(**entry) for entry in fields.pop("mistakes")]
        found = Calibration(**fields, mistakes=mistakes)
        known = {name for m in mistakes for name in (m.truth, m.guess)} <= set(CLASSES)
        if not known or not found.temperature > 0 or not 0 <= found.threshold <= 1:
            raise ValueError("not the numbers that training writes")
    except FileNotFoundError:
        return Calibration()
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{path}: cannot be used ({error}); delete it, or train again") from None
    return found


def of_run(folder: Path, network: nn.Module, config: Config, data: Data | None) -> Calibration:
    """What training measured, or measured now on prepared data, or the default."""
    found = load(folder)
    if found.n or data is None:
        return found
    if data.size != config.size:
        raise DataError(
            f"{folder}: trained on pictures of {config.size} pixels, {data.folder} holds "
            f"{data.size}; prepare with --size {config.size}"
        )
    rows = torch.nonzero(data.held_out)[:, 0]
    return calibrate(network, data, rows, config.mean, config.std, "cpu")
