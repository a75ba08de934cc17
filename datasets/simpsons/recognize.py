"""Ask a trained network about one picture: who it is, where it looked, what a layer sees.

Grad-CAM: Selvaraju et al., 2017, by captum.
"""

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor, nn

from simpsons import calibration, run
from simpsons.data import Data
from simpsons.errors import DataError
from simpsons.source import READABLE, open_picture

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")  # pillow knows more, some run programs
MAX_BYTES = 20 << 20
SMALLEST_MAP = 4  # pixels of a side: a heatmap of fewer says nothing
MOST_MAPS = 64
MOST_AT_ONCE = 8  # pictures in a batch
Pixels = np.ndarray[Any, np.dtype[np.uint8]]


class BadPicture(Exception):
    """Why a picture cannot be shown to the network: the id of a text for people."""


@dataclass(frozen=True)
class Answer:
    """The most likely characters with their confidence; sure: the first one may be told."""

    top: dict[str, float]
    sure: bool

    @property
    def best(self) -> str:
        return next(iter(self.top))


def open_upload(path: Path | None) -> Image.Image:
    """A picture that a stranger sent, upright and in RGB; of an animation its first frame.

    Raises:
        BadPicture: it is none, is too large, or is damaged.
    """
    if path is None:
        raise BadPicture("demo.no_picture")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise BadPicture("demo.too_large")
        if not size:
            raise BadPicture("demo.empty")
        picture, _ = open_picture(path.read_bytes(), FORMATS)
        return ImageOps.exif_transpose(picture)
    except UnidentifiedImageError:
        raise BadPicture("demo.not_a_picture") from None
    except (*READABLE, Image.DecompressionBombWarning) as error:
        huge = isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning))
        known = "demo.too_many_pixels" if huge or "is too large" in str(error) else "demo.damaged"
        raise BadPicture(known) from None


@dataclass
class _Asked:
    """A picture that waits for its logits."""

    picture: Tensor
    logits: Tensor | None = None
    error: Exception | None = None


class Recognizer:
    """A network of a run folder. Several threads may ask it; who asks meanwhile forms a batch.

    Raises:
        DataError: the run cannot be used.
    """

    def __init__(
        self, folder: Path, build: Callable[[int], nn.Module], data: Data | None = None
    ) -> None:
        self.folder = folder
        self.network, self.config = run.load(folder, build)
        self.calibration = calibration.of_run(folder, self.network, self.config, data)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._lock = threading.Lock()
        self._waiting: deque[_Asked] = deque()
        self.shapes = self._shapes()  # also the first, slow pass

    @property
    def layers(self) -> list[str]:
        """Layers whose output is a stack of maps, in the order in which they work."""
        return list(self.shapes)

    def tensor(self, picture: Image.Image) -> Tensor:
        """A picture as the network was trained on it."""
        side = (self.config.size, self.config.size)
        small = picture.resize(side, Image.Resampling.BILINEAR, reducing_gap=3.0)
        pixels = torch.from_numpy(np.array(small)).permute(2, 0, 1)[None]
        return self.config.normalise(pixels)  # (1, 3, size, size)

    def recognize(self, picture: Image.Image, top: int = 5) -> Answer:
        """Who it is, with calibrated confidence."""
        logits = self._logits(self.tensor(picture))
        shares = (logits / self.calibration.temperature).softmax(0).nan_to_num()
        values, places = shares.topk(top)
        found = {
            self.config.classes[place]: value
            for place, value in zip(places.tolist(), values.tolist(), strict=True)
        }
        return Answer(found, float(values[0]) >= self.calibration.threshold)

    def _logits(self, picture: Tensor) -> Tensor:
        """The network's answer; whoever has the lock answers for all who wait."""
        mine = _Asked(picture)
        self._waiting.append(mine)
        with self._lock:
            while mine.logits is None and mine.error is None:
                count = min(len(self._waiting), MOST_AT_ONCE)
                asked = [self._waiting.popleft() for _ in range(count)]
                try:
                    with torch.inference_mode():
                        batch = torch.cat([one.picture for one in asked])
                        answers = self.network(batch.contiguous(memory_format=torch.channels_last))
                    for one, answer in zip(asked, answers.float(), strict=True):
                        one.logits = answer
                except Exception as error:  # each of them must hear of it
                    for one in asked:
                        one.error = error
        if mine.logits is None:
            raise DataError(f"the network fails on this picture: {mine.error!r}")
        return mine.logits

    def heatmap(self, picture: Image.Image, name: str) -> Image.Image:
        """The picture, tinted where the network found the named class.

        Raises:
            DataError: no layer of this network has maps to look at.
        """
        from captum.attr import LayerGradCam

        layer = self._layer_to_explain()
        batch = self.tensor(picture)
        with self._lock:
            method = LayerGradCam(self.network, self.network.get_submodule(layer))
            target = self.config.classes.index(name)
            found: Tensor = method.attribute(batch, target=target, relu_attributions=True)
            self.network.zero_grad(set_to_none=True)
        heat = found.detach()[0, 0].float().nan_to_num()
        heat = heat / heat.max().clamp_min(1e-12)
        return tint(picture, heat.numpy())

    def maps(self, picture: Image.Image, layer: str) -> Image.Image:
        """The activation maps of a layer as one picture, each stretched to its own range."""
        kept: list[Tensor] = []
        batch = self.tensor(picture)
        module = self.network.get_submodule(layer)
        with self._lock, torch.inference_mode():
            handle = module.register_forward_hook(lambda m, i, out: kept.append(out[0].clone()))
            try:
                self.network(batch)
            finally:
                handle.remove()
        return tiled(kept[0].float())

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every layer's maps, by the layer's name."""
        shapes: dict[str, tuple[int, ...]] = {}

        def watch(name: str) -> Any:
            def hook(module: nn.Module, inputs: object, output: object) -> None:
                if isinstance(output, Tensor) and output.ndim == 4 and min(output.shape[2:]) > 1:
                    shapes.pop(name, None)  # a layer used twice stands where it ends
                    shapes[name] = tuple(output.shape[1:])

            return hook

        handles = [
            module.register_forward_hook(watch(name))
            for name, module in self.network.named_modules()
            if name
        ]
        try:
            with torch.inference_mode():
                size = self.config.size
                out = self.network(self.config.normalise(torch.zeros(1, 3, size, size).byte()))
        except Exception as error:  # the student's forward
            raise DataError(f"{self.folder}: its network fails on a picture: {error!r}") from None
        finally:
            for handle in handles:
                handle.remove()
        if not isinstance(out, Tensor) or out.shape != (1, len(self.config.classes)):
            raise DataError(
                f"{self.folder}: its network does not return {len(self.config.classes)} logits "
                "for a picture; look at build_model"
            )
        return shapes

    def _layer_to_explain(self) -> str:
        """The last layer whose maps are still large enough to show a place."""
        for least in (SMALLEST_MAP, 2):
            for name in reversed(self.layers):
                if min(self.shapes[name][1:]) >= least:
                    return name
        raise DataError("this network has no layer with maps: nothing to look at")


def tint(picture: Image.Image, heat: "np.ndarray[Any, Any]", side: int = 384) -> Image.Image:
    """Lay a map of numbers from 0 to 1 over a picture: from clear to red and yellow."""
    shown = ImageOps.contain(picture, (side, side))
    large = Image.fromarray((255 * heat).astype(np.uint8)).resize(
        shown.size, Image.Resampling.BICUBIC
    )
    strength = np.asarray(large, np.float32)[..., None] / 255
    colour = np.concatenate(
        [np.full_like(strength, 255), 255 * strength**2, np.zeros_like(strength)], axis=2
    )
    grey = np.asarray(shown.convert("L").convert("RGB"), np.float32)
    mixed = grey * (1 - 0.65 * strength) + colour * 0.65 * strength
    return Image.fromarray(mixed.clip(0, 255).astype(np.uint8))


def tiled(maps: Tensor, side: int = 80) -> Image.Image:
    """(C, H, W) -> the first maps side by side, dark to bright."""
    shown = maps[:MOST_MAPS].nan_to_num()
    low, high = (shown.flatten(1).amin(1), shown.flatten(1).amax(1))
    scaled = (shown - low[:, None, None]) / (high - low).clamp_min(1e-12)[:, None, None]
    columns = min(8, len(shown))
    rows = math.ceil(len(shown) / columns)
    sheet = Image.new("L", (columns * (side + 4), rows * (side + 4)), 255)
    for number, one in enumerate(scaled):
        tile = Image.fromarray((255 * one).byte().numpy())
        place = (number % columns * (side + 4) + 2, number // columns * (side + 4) + 2)
        sheet.paste(tile.resize((side, side), Image.Resampling.NEAREST), place)
    return sheet
