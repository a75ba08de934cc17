"""F1, points and interval against scikit-learn and by hand."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, f1_score

from autograder.submission.scoring import bootstrap, exact_f1, points_for, score

NAMES = ("bart_simpson", "homer_simpson", "lisa_simpson", "moe_szyslak")
PAIRS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("f1", "points"),
    [
        ("0", 0),
        ("0.8299999", 0),
        ("0.83", 1),
        ("0.84", 2),
        ("0.94", 12),
        ("0.9399999", 11),
        ("0.96", 14),
        ("0.969999", 14),
        ("0.97", 15),
        ("1", 15),
    ],
)
def test_points(f1: str, points: int) -> None:
    assert points_for(Fraction(f1)) == points


@pytest.mark.parametrize("hundredths", range(83, 98))
def test_every_threshold_is_exact(hundredths: int) -> None:
    truth = ["bart_simpson"] * 100
    guesses = ["bart_simpson"] * hundredths + ["homer_simpson"] * (100 - hundredths)
    assert score(truth, guesses).points == hundredths - 82


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(PAIRS, st.sampled_from(["micro", "macro", "weighted"]))
def test_f1_equals_scikit_learn(pairs: list[tuple[str, str]], average: str) -> None:
    truth, guesses = ([pair[side] for pair in pairs] for side in (0, 1))
    found = score(truth, guesses, average)
    expected = f1_score(truth, guesses, average=average, zero_division=0)
    assert found.f1 == pytest.approx(expected)
    assert found.macro_f1 == pytest.approx(f1_score(truth, guesses, average="macro"))
    assert found.correct == sum(a == b for a, b in pairs)
    low, high = found.interval
    assert 0 <= low <= high <= 1


def test_shown_is_cut_not_rounded() -> None:
    truth = ["bart_simpson"] * 941
    found = score(truth, truth[:910] + ["homer_simpson"] * 31)
    assert found.f1 == pytest.approx(0.967056, abs=1e-6)
    assert found.shown == "0.96705"


@pytest.mark.parametrize("average", ["micro", "macro", "weighted"])
def test_the_interval_equals_drawing_rows(average: str) -> None:
    random = np.random.default_rng(1)
    truth = random.integers(0, 4, 300)
    guesses = np.where(random.random(300) < 0.8, truth, random.integers(0, 4, 300))
    matrix = confusion_matrix(truth, guesses)
    values = []
    for _ in range(400):
        rows = random.integers(0, 300, 300)
        values.append(float(exact_f1(confusion_matrix(truth[rows], guesses[rows]), average)))
    assert bootstrap(matrix, average) == pytest.approx(
        np.quantile(values, [0.025, 0.975]), abs=0.02
    )


def test_confusions_and_classes() -> None:
    truth = ["bart_simpson"] * 3 + ["homer_simpson"]
    found = score(truth, ["bart_simpson", "moe_szyslak", "moe_szyslak", "homer_simpson"])
    assert found.confusions == (("bart_simpson", "moe_szyslak", 2),)
    assert [(c.name, c.support) for c in found.per_class] == [
        ("bart_simpson", 3),
        ("homer_simpson", 1),
    ]
    assert found.per_class[0].recall == pytest.approx(1 / 3)
