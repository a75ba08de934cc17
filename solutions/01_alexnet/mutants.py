"""AlexNet: the accepted variant, and typical mistakes. Text patches of alexnet.py."""

from autograder.mutants import Accepted, Mutant

ACCEPTED = [
    Accepted(
        "batch_norm_after_relu",
        replace="""            nn.BatchNorm2d(96),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),  # (B, 96, 27, 27)
            nn.Conv2d(96, 256, kernel_size=5, padding=2),  # (B, 256, 27, 27)
            nn.BatchNorm2d(256),
            nn.ReLU(),
""",
        by="""            nn.ReLU(),
            nn.BatchNorm2d(96),
            nn.MaxPool2d(kernel_size=3, stride=2),  # (B, 96, 27, 27)
            nn.Conv2d(96, 256, kernel_size=5, padding=2),  # (B, 256, 27, 27)
            nn.ReLU(),
            nn.BatchNorm2d(256),
""",
    ),
]

MUTANTS: list[Mutant] = []
