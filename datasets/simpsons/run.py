"""A run folder: model.safetensors, and config.json with everything that prediction needs."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from simpsons.classes import CLASSES
from simpsons.data import normalise
from simpsons.errors import DataError
from simpsons.files import replacing

FORMAT = 1
MAX_BYTES = 95 << 20  # git hosts refuse files above 100 MB
OWN = "build_model"  # the architecture is the student's model.py


@dataclass(frozen=True)
class Config:
    """What was trained on what: prediction reads it and asks for nothing else.

    architecture is "build_model" or "torchvision/<name>". scores holds what is known of the
    run, such as honest_f1; recipe what it was trained with: both only to be read by people.
    """

    size: int
    mean: list[float]
    std: list[float]
    architecture: str = OWN
    classes: list[str] = field(default_factory=lambda: list(CLASSES))
    scores: dict[str, float] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    def told(self) -> list[str]:
        """Both numbers of the run, for people: one alone would mislead."""
        honest, estimate = (self.scores.get(k) for k in ("honest_f1", "test_f1_estimate"))
        lines = [] if honest is None else [f"honest validation F1 of this network: {honest:.4f}"]
        if estimate is not None:
            lines.append(
                f"F1 of the competition, estimated: {estimate:.4f} (its test pictures copy "
                "training pictures, so it rewards memory)"
            )
        return lines

    def normalise(self, images: Tensor) -> Tensor:
        """uint8 (B, 3, size, size) -> what the network was trained on."""
        return normalise(images, self.mean, self.std)


def save(folder: Path, model: nn.Module, config: Config) -> None:
    """Write a run folder; each file whole or not at all.

    Raises:
        DataError: the checkpoint would be too large for git, or cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    state = {
        name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()
    }
    check_size(model)
    try:
        with replacing(folder / "model.safetensors") as part:
            save_file(state, part)
        with replacing(folder / "config.json") as part:
            part.write_text(json.dumps(asdict(config), indent=1), encoding="utf-8")
    except OSError as error:
        raise DataError(f"{folder}: cannot be written: {error.strerror or error}") from None
    except (RuntimeError, SafetensorError) as error:
        raise DataError(f"{folder}: the network cannot be saved: {error}") from None


def check_size(model: nn.Module) -> None:
    """Refuse a network whose checkpoint git would refuse: before it is trained, not after.

    Raises:
        DataError: it needs more than 95 MB.
    """
    size = sum(t.numel() * t.element_size() for t in model.state_dict().values())
    if size > MAX_BYTES:
        raise DataError(
            f"a checkpoint of {size / 1e6:.0f} MB cannot be pushed to git (95 MB at most); use "
            "fewer maps, or replace the large linear layers by global average pooling"
        )


def load(folder: Path, build: Callable[[int], nn.Module]) -> tuple[nn.Module, Config]:
    """The trained network in eval mode, and its config.

    Raises:
        DataError: a file is missing or damaged, the classes are not the 42, or the weights
            are those of another network.
    """
    config = load_config(folder)
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        state = load_file(folder / "model.safetensors")
    except (OSError, SafetensorError) as error:
        raise DataError(f"{folder / 'model.safetensors'}: cannot be read: {error}") from None
    model = make_model(config.architecture, len(config.classes), build)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        first = " ".join(str(error).split())[:300]
        raise DataError(
            f"{folder}: these are weights of another network than the one that is built now "
            f"({first}); restore the model.py it was trained with, or train again"
        ) from None
    return model.eval(), config


def load_config(folder: Path) -> Config:
    """Read and check config.json.

    Raises:
        DataError: it is missing, damaged, or its classes are not the 42.
    """
    path = folder / "config.json"
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        config = Config(**fields)
        numbers = [config.size, *config.mean, *config.std]
        sound = all(isinstance(n, (int, float)) for n in numbers) and min(config.std) > 0
        if config.format != FORMAT or len(config.mean) != 3 or len(config.std) != 3 or not sound:
            raise ValueError("not the numbers that training writes")
        if not 8 <= config.size <= 1024:
            raise ValueError(f"size {config.size}")
        known = sorted(config.classes)
    except FileNotFoundError:
        raise DataError(
            f"{folder}: no config.json, so no run of train.py; give the folder that --out named"
        ) from None
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{path}: cannot be used ({error}); train again") from None
    if known != sorted(CLASSES):
        raise DataError(f"{path}: its classes are not the 42 of the competition; train again")
    return config


def make_model(
    architecture: str, num_classes: int, build: Callable[[int], nn.Module], pretrained: bool = False
) -> nn.Module:
    """The student's network, or one of torchvision's with a new last layer.

    Raises:
        DataError: there is no such network, or its pretrained weights cannot be had.
    """
    if architecture == OWN:
        return build(num_classes)
    library, _, name = architecture.partition("/")
    from simpsons.vision import torchvision

    try:
        models: Any = torchvision().models
        if library != "torchvision" or name not in models.list_models(module=models):
            raise DataError(f"{architecture}: no classification network of torchvision")
        model: nn.Module = models.get_model(name, weights="DEFAULT" if pretrained else None)
    except ImportError:
        raise DataError(f"{architecture}: install torchvision (pip install torchvision)") from None
    except OSError as error:
        raise DataError(
            f"{architecture}: its pretrained weights cannot be fetched ({error}); connect to the "
            f"network, or put the file into {torch.hub.get_dir()}/checkpoints, or train from "
            "scratch without --pretrained"
        ) from None
    _replace_head(model, num_classes)
    return model


def _replace_head(model: nn.Module, num_classes: int) -> None:
    """A new linear layer in place of the last one."""
    name, last = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear)][-1]
    parent = model.get_submodule(name.rpartition(".")[0])
    setattr(parent, name.rpartition(".")[2], nn.Linear(last.in_features, num_classes))
