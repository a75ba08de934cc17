"""DenseNet: layer, block, transition, every depth, and the network."""

from autograder.checks.families import BUILT, SOUND, check_depths, check_equal
from autograder.checks.promise import promise
from autograder.checks.subject import Subject


@promise(points=1, symbol="DenseLayer", members=BUILT)
def test_dense_layer_is_built(subject: Subject) -> None:
    """DenseLayer has the promised shape, weights and gradients."""


@promise(points=2, after="output_shape", symbol="DenseLayer", members=SOUND)
def test_dense_layer_equals_the_paper(subject: Subject) -> None:
    """DenseLayer computes the paper's new maps, and only these."""
    check_equal(subject)


@promise(points=1, symbol="DenseBlock", members=BUILT)
def test_dense_block_is_built(subject: Subject) -> None:
    """DenseBlock has the promised shape, weights and gradients."""


@promise(points=2, after="output_shape", symbol="DenseBlock", members=SOUND)
def test_dense_block_equals_the_paper(subject: Subject) -> None:
    """DenseBlock gives its input maps and then the new maps of every layer, in order."""
    check_equal(subject)


@promise(points=1, after="output_shape", symbol="TransitionLayer", members=(*BUILT, *SOUND))
def test_transition_equals_the_paper(subject: Subject) -> None:
    """TransitionLayer computes what the paper's layer computes."""
    check_equal(subject)


@promise(points=1, after="every_parameter_learns", symbol="DenseNet", members=(*BUILT, "refuses"))
def test_depths(subject: Subject) -> None:
    """Every depth of DenseNet has the paper's number of parameters and computes as the paper's."""
    check_depths(subject)


@promise(points=2, after="output_shape", symbol="DenseNet", members=SOUND)
def test_network_equals_the_paper(subject: Subject) -> None:
    """DenseNet-121 computes what the paper's network computes."""
    check_equal(subject)
