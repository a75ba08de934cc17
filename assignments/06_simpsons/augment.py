# Made by `autograder build` from solutions/06_simpsons/augment.py. Now it is yours: write your code here.
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
    raise NotImplementedError("simpsons: augment is not written yet")
