"""Augmentation: pictures that the network has not seen yet, made from those it has.

Lesson block: homework.
"""

import torch
from torch import Tensor


def augment(batch: Tensor, generator: torch.Generator) -> Tensor:
    """Change every picture at random so that it still shows the same character.

    Draw all randomness from the generator: equal generators give equal pictures, so a training
    that was interrupted can go on as if it had not been. Other pictures get other changes. The
    batch itself stays as it is. Only training calls this, prediction never.

    Args:
        batch: pictures, colours from 0 to 255.
        generator: on the CPU, as the batch.

    Shape:
        input uint8 (B, 3, H, W), output uint8 (B, 3, H, W)
    """
    # torch.rand(len(batch), generator=generator) < 0.5 chooses about half of the pictures.
    # TODO: mirror half of them; then shift, zoom: what may change without changing who it is?
    # BEGIN SOLUTION
    count, _, height, width = batch.shape

    def draw(low: float, high: float) -> Tensor:
        return torch.rand(count, 1, generator=generator) * (high - low) + low  # (B, 1)

    def places(size: int, zoom: Tensor) -> Tensor:
        """Where each row or column of the new picture comes from, mirrored at the edges."""
        shift = draw(-0.08, 0.08) * size
        middle = (size - 1) / 2
        place = (torch.arange(size) - middle) * zoom + middle + shift  # (B, size)
        place = place.round().long().abs()
        return torch.minimum(place, 2 * (size - 1) - place)

    def pick(lines: Tensor, which: Tensor) -> Tensor:
        """Line which[b, i] of picture b becomes its line i; lines (B, N, M, 3)."""
        start = torch.arange(count)[:, None] * lines.shape[1]
        return lines.flatten(0, 1)[(start + which).flatten()].view(lines.shape)

    zoom = draw(0.85, 1.1)
    rows = places(height, zoom)  # (B, H)
    columns = places(width, zoom * draw(0.95, 1.05))  # (B, W)
    mirrored = draw(0, 1) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    pixels = pick(batch.permute(0, 2, 3, 1), rows)  # (B, H, W, 3)
    return pick(pixels.transpose(1, 2), columns).permute(0, 3, 2, 1)
    # END SOLUTION
