"""AlexNet: the sizes of the maps, and equality with the lesson's network."""

from autograder.checks.challenge import shape_text
from autograder.checks.families import check_count, check_equal
from autograder.checks.promise import expect, fail, promise
from autograder.checks.subject import Subject
from autograder.course.tasks import Sample


@promise(points=1, after="every_parameter_learns", symbol="AlexNet")
def test_activation_maps(subject: Subject) -> None:
    """The five convolutions give maps of the lesson's sizes."""
    if subject.proved:
        return
    sample = subject.symbol.samples[0]
    right = [layer for layer in subject.expected(sample).layers if len(layer.output) == 4]
    got = [layer for layer in subject.description(sample).layers if len(layer.output) == 4]
    for number, (ours, wanted) in enumerate(zip(got, right, strict=False), start=1):
        expect(
            ours.output == wanted.output,
            "maps.size",
            number=number,
            got=shape_text(ours.output[1:]),
            expected=shape_text(wanted.output[1:]),
        )
    # Convolutions may be written as matrix products, linear layers as convolutions.
    if len(got) != len(right) and subject.difference(subject.challenge(sample, "eval", True)):
        fail("maps.number", got=len(got), expected=len(right))


@promise(points=2, after="every_parameter_learns", symbol="AlexNet")
def test_parameters(subject: Subject) -> None:
    """AlexNet with 1000 classes has 62 379 048 parameters."""
    if subject.proved:
        return  # with other classes as many as the lesson's network has then
    for args in subject.symbol.counted:
        check_count(subject, Sample(args, ()))


@promise(
    points=1,
    symbol="AlexNet",
    members=(
        "output_shape",
        "every_parameter_learns",
        "input_gets_a_gradient",
        "instances_share_nothing",
        "survives_state_dict",
    ),
)
def test_learns(subject: Subject) -> None:
    """AlexNet can be trained: right shape, and a gradient everywhere."""


@promise(points=3, after="output_shape", symbol="AlexNet", members=("keeps_its_input", "own_work"))
def test_equals_the_lesson(subject: Subject) -> None:
    """In eval mode AlexNet computes what the lesson's network computes."""
    check_equal(subject, ("eval",))


@promise(points=3, after="output_shape", symbol="AlexNet")
def test_trains_as_the_lesson(subject: Subject) -> None:
    """In train mode BatchNorm and dropout work where the lesson has them."""
    check_equal(subject, ("train",))
