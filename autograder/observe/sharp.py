"""Numbers that hide nothing: what trials draw instead of the ordinary numbers of BatchNorm.

Small variances show its eps, and larger pictures have activations beyond 6.
"""

from typing import Any

#: How large pictures are: their numbers are multiplied by it.
LOUD = 4.0
#: The role that stands for an ordinary one.
SHARP = {"scale": "gain", "var": "spread"}
PLAIN = {sharp: plain for plain, sharp in SHARP.items()}


def sharpened(numbers: Any, role: str) -> Any:
    """Scales of 0.5 to 1.5 become gains of 0.3 to 1.1, variances of 0.5 to 2 those of 0.05 to 2.

    numbers: an array or a tensor of what draw.pattern gives for the plain role.
    """
    if role == "gain":
        size = abs(numbers)
        return numbers / size * (0.8 * size - 0.1)
    return 1.3 * numbers - 0.6
