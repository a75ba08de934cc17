"""VGG: the accepted variant, and typical mistakes. Text patches of vgg.py."""

from autograder.mutants import Accepted, Mutant

ACCEPTED = [
    Accepted(
        "no_bias_before_batch_norm",
        replace="nn.Conv2d(maps, out_channels, kernel_size=3, padding=1)",
        by="nn.Conv2d(maps, out_channels, kernel_size=3, padding=1, bias=not batch_norm)",
    ),
]

MUTANTS: list[Mutant] = []
