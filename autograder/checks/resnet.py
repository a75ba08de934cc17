"""ResNet: both blocks, every depth, and the network."""

from autograder.checks.families import BUILT, SOUND, check_depths, check_equal
from autograder.checks.promise import promise
from autograder.checks.subject import Subject


@promise(points=1, symbol="ResidualBlock", members=BUILT)
def test_residual_block_is_built(subject: Subject) -> None:
    """ResidualBlock has the promised shape, weights and gradients."""


@promise(points=3, after="output_shape", symbol="ResidualBlock", members=SOUND)
def test_residual_block_equals_the_paper(subject: Subject) -> None:
    """ResidualBlock computes what the paper's block computes."""
    check_equal(subject)


@promise(points=1, symbol="BottleneckBlock", members=BUILT)
def test_bottleneck_block_is_built(subject: Subject) -> None:
    """BottleneckBlock has the promised shape, weights and gradients."""


@promise(points=2, after="output_shape", symbol="BottleneckBlock", members=SOUND)
def test_bottleneck_block_equals_the_paper(subject: Subject) -> None:
    """BottleneckBlock computes what the paper's block computes."""
    check_equal(subject)


@promise(points=1, after="every_parameter_learns", symbol="ResNet", members=(*BUILT, "refuses"))
def test_depths(subject: Subject) -> None:
    """Every depth of ResNet has the paper's number of parameters and computes as the paper's."""
    check_depths(subject)


@promise(points=2, after="output_shape", symbol="ResNet", members=SOUND)
def test_network_equals_the_paper(subject: Subject) -> None:
    """ResNet-18 computes what the paper's network computes."""
    check_equal(subject)
