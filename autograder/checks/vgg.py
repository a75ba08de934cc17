"""VGG: the block with and without BatchNorm, and every depth of the network."""

from autograder.checks.families import BUILT, SOUND, check_depths, check_equal
from autograder.checks.promise import promise
from autograder.checks.subject import Subject
from autograder.checks.trials import Trial


@promise(points=1, symbol="VGGBlock", members=BUILT)
def test_block_is_built(subject: Subject) -> None:
    """VGGBlock has the promised shape, weights and gradients."""


@promise(points=2, after="output_shape", symbol="VGGBlock", members=SOUND)
def test_block_with_batch_norm(subject: Subject) -> None:
    """VGGBlock with BatchNorm computes convolution, BatchNorm, ReLU and max pooling."""
    check_equal(subject, chosen=normed)


@promise(points=1, after="output_shape", symbol="VGGBlock", members=SOUND)
def test_block_without_batch_norm(subject: Subject) -> None:
    """VGGBlock without BatchNorm computes convolution, ReLU and max pooling."""
    check_equal(subject, chosen=plain)


@promise(
    points=2,
    after="every_parameter_learns",
    symbol="VGG",
    members=(
        "output_shape",
        "parameter_count",
        "input_gets_a_gradient",
        "survives_state_dict",
        "refuses",
    ),
)
def test_depths(subject: Subject) -> None:
    """Every depth of VGG has the paper's number of parameters and computes as the paper's."""
    check_depths(subject)


@promise(
    points=2,
    after="output_shape",
    symbol="VGG",
    members=("keeps_its_input", "instances_share_nothing", "own_work"),
)
def test_network_with_batch_norm(subject: Subject) -> None:
    """VGG-11 with BatchNorm computes what the paper's network computes, dropout included."""
    check_equal(subject, chosen=normed)


@promise(points=2, after="output_shape", symbol="VGG", members=("own_work",))
def test_network_without_batch_norm(subject: Subject) -> None:
    """VGG-11 without BatchNorm computes what the paper's network computes."""
    check_equal(subject, chosen=plain)


def normed(trial: Trial) -> bool:
    """Whether a main trial is with BatchNorm."""
    return trial.main and bool(trial.args["batch_norm"])


def plain(trial: Trial) -> bool:
    """Whether a main trial is without BatchNorm."""
    return trial.main and not trial.args["batch_norm"]
