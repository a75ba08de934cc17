"""A recording is written anew only where an answer is another one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autograder.authoring.recordings import as_kept, keep, prove
from autograder.checks.challenge import Challenge
from autograder.checks.recorded import SEED, read, recording_key
from autograder.course.settings import Course
from autograder.observe.protocol import Description, Fault, Outcome, Returned, Trace, Weight

CHALLENGE = Challenge("Block", {"width": 3}, (2, 3), SEED, "float64", backward=True)
RUN = recording_key("outcome", CHALLENGE.key())
DESCRIBE = recording_key("describe", ["Block", {"width": 3}, [2, 3]])
CALL = recording_key("call", ["norms", [1.0]])
OUTPUT = np.linspace(-1, 1, 6).reshape(2, 3)
OUTCOME = Outcome([2, 3], "float64", False, OUTPUT, OUTPUT * 2, {"w": Trace(3.0, -1.0)})
WEIGHT = Weight("w", [3, 3], False, True, "weight", 0, "conv", False, 17)
ANSWERS = {
    DESCRIBE: Description([WEIGHT], [], [2, 3]),
    RUN: OUTCOME,
    CALL: Returned({"w": 0.1}, "dict"),
}


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "task" / "Block.answers.gz"
    assert keep(path, [ANSWERS]) == [path]
    return path


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        (RUN, replace(OUTCOME, output=OUTPUT + 1e-11)),
        (RUN, replace(OUTCOME, gradients={"w": Trace(3.0 + 1e-10, -1.0)})),
        (DESCRIBE, Description([replace(WEIGHT, identity=18)], [], [2, 3])),
        (CALL, Returned({"w": 0.1 + 1e-12}, "dict")),
    ],
)
def test_rounding_writes_nothing(kept: Path, key: str, answer: object) -> None:
    before = kept.read_bytes()
    assert keep(kept, [ANSWERS | {key: answer}]) == []
    assert kept.read_bytes() == before


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        (RUN, replace(OUTCOME, output=OUTPUT + 1e-3)),
        (RUN, replace(OUTCOME, output=np.where(OUTPUT > 0, np.inf, OUTPUT))),
        (RUN, replace(OUTCOME, gradients={"w": Trace(2.0, -1.0)})),
        (RUN, replace(OUTCOME, input_gradient=None)),
        (RUN, replace(OUTCOME, input_changed=True)),
        (RUN, Fault("error", "no such layer")),
        (DESCRIBE, Description([replace(WEIGHT, order=1)], [], [2, 3])),
        (CALL, Returned({"w": 0.2}, "dict")),
        (recording_key("call", ["norms", [2.0]]), Returned({"w": 0.1}, "dict")),
    ],
)
def test_another_answer_is_written_and_the_others_stay(
    kept: Path, key: str, answer: object
) -> None:
    others = ANSWERS | {CALL: Returned({"w": 0.1 + 1e-12}, "dict")}
    assert not as_kept(kept, [others | {key: answer}])
    assert keep(kept, [others | {key: answer}]) == [kept]
    assert as_kept(kept, [others | {key: answer}])
    if key != CALL:
        assert read(kept)[0][CALL] == ANSWERS[CALL]


def test_numbers_that_are_none_are_the_same_where_they_stand_in_the_same_place(
    tmp_path: Path,
) -> None:
    wild = replace(OUTCOME, output=np.where(OUTPUT > 0, np.nan, OUTPUT), input_gradient=None)
    path = tmp_path / "wild.gz"
    keep(path, [{RUN: wild}])
    assert keep(path, [{RUN: wild}]) == []


@pytest.mark.slow
def test_every_recording_is_what_is_answered_today(course: Course) -> None:
    """Everything is asked anew, whatever the fingerprints say."""
    assert prove(course) == []
