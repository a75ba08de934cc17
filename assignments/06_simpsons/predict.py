# Made by `autograder build` from solutions/06_simpsons/predict.py. Now it is yours: write your code here.
"""Prediction: a trained network and a folder of pictures make the competition's file.

Lesson block: homework. Run it as::

    python predict.py --checkpoint RUN --images FOLDER --out submission.csv
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

import torch
from model import build_model
from simpsons import pictures, run
from simpsons.command import command
from torch import Tensor, nn


def predict(model: nn.Module, batches: Iterable[Tensor]) -> Tensor:
    """The most likely class of every picture, in the order of the pictures.

    The network is put into eval mode first: BatchNorm then uses what it learned in training,
    and dropout rests. No graph is built. Pictures are given to the network as they come.

    Args:
        model: returns logits.
        batches: normalised pictures, a tensor each; the last may hold fewer pictures.

    Shape:
        each batch (B, 3, H, W), output (N,) of dtype int64 on the CPU
    """
    # TODO: eval mode, no gradients, the largest logit of each picture, one tensor for all.
    raise NotImplementedError("simpsons: predict is not written yet")


@command
def main() -> None:
    """Read the run folder, predict every picture, write Id,Expected."""
    parser = argparse.ArgumentParser(description="Predict pictures with a trained network.")
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of train.py --out")
    parser.add_argument("--images", type=Path, required=True, help="folder or zip with pictures")
    parser.add_argument("--out", type=Path, required=True, help="CSV file to write")
    args = parser.parse_args()
    model, config = run.load(args.checkpoint, build_model)
    names, images = pictures.read_all(args.images, config.size)  # uint8 (N, 3, size, size)
    batches = (config.normalise(part) for part in images.split(128))
    labels = [config.classes[number] for number in predict(model, batches)]
    pictures.write_submission(args.out, names, labels)
    print(f"{len(names)} pictures predicted: {args.out}")
    for line in config.told():
        print(line)


if __name__ == "__main__":
    main()
