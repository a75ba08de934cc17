"""Predicting again: the submitted network must give the labels that were handed in.

Asked of the student's session like everything else, with files placed before its code runs.
"""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checks.challenge import NoAnswer
from autograder.checks.programs import ProgramAnswers
from autograder.checks.promise import Held
from autograder.errors import GraderFault
from autograder.observe.draw import random_state
from autograder.submission.homework import Homework, Reproduced, teachers_pictures, teachers_table
from autograder.submission.predictions import Table
from autograder.submission.scoring import Score, score_tables
from autograder.submission.task_files import SUBMISSION

SAMPLE = 100  # pictures predicted again
EQUAL_SHARE = 0.9


def reproduce(homework: Homework, student: ProgramAnswers, seed: str) -> Reproduced:
    """Predict drawn test pictures again with the submitted network; asked once.

    Raises:
        NoAnswer: predict.py failed.
        Held: it was tried elsewhere, and could not be told.
    """
    if homework.reproduced is None:
        homework.reproduced = _reproduced(homework, student, seed)
    if (why := homework.reproduced.why) is not None:
        raise Held(why.id, points=homework.reproduced.waits, **why.values)
    return homework.reproduced


def _reproduced(homework: Homework, student: ProgramAnswers, seed: str) -> Reproduced:
    if not homework.run:
        return Reproduced("no_checkpoint")
    labels = homework.labels
    images = homework.rules.images
    pictures = teachers_pictures(images) if images else {}
    known = sorted(set(labels) & set(pictures))
    if not known:
        return Reproduced("no_images")
    order = random_state(seed, "reproduce").permutation(len(known))[:SAMPLE]
    chosen = [known[i] for i in order]
    try:
        found = _predict_again(homework, student, pictures, chosen)
    except NoAnswer as error:
        if error.fault.kind != "timeout":
            raise
        return Reproduced("too_slow")
    equal = sum(found.get(key) == labels[key] for key in chosen)
    id = "yes" if equal >= EQUAL_SHARE * len(chosen) else "no"
    return Reproduced(id, equal, len(chosen))


def honest(homework: Homework, student: ProgramAnswers) -> Score | None:
    """The F1 of the submitted network on the teacher's held-out pictures, if there are any.

    Raises:
        NoAnswer: predict.py failed.
    """
    rules = homework.rules
    if rules.held_out is None or rules.held_out_truth is None:
        return None
    if not homework.run or homework.elsewhere:
        return None
    truth = teachers_table(rules.held_out_truth)
    pictures = teachers_pictures(rules.held_out)
    missing = sorted(set(truth.labels) - set(pictures))
    if missing:
        raise GraderFault(f"{rules.held_out}: no picture of {', '.join(missing[:3])}")
    found = _predict_again(homework, student, pictures, truth.labels)
    guesses = {key: found.get(key, "") for key in truth.labels}
    return score_tables(Table(Path(SUBMISSION), guesses), truth)


def _predict_again(
    homework: Homework, student: ProgramAnswers, pictures: dict[str, Path], chosen: Iterable[str]
) -> dict[str, str]:
    return student.predict_again(homework.run, {f"{key}.jpg": pictures[key] for key in chosen})


def drawn_pictures(seed: str, count: int, lift: int) -> dict[str, bytes]:
    """Random pictures as PNG files, each brighter by lift; equal seeds give equal pictures."""
    from PIL import Image

    found = {}
    for number in range(count):
        random = random_state(seed, "drawn", (number,))
        coarse = random.randint(0, 120, (2, 2, 3)).astype(np.uint8)
        # Large even patches: no way of resizing changes what matters in them.
        pixels: Any = np.kron(coarse, np.ones((32, 32, 1), np.uint8)) + np.uint8(lift)
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, "PNG")
        found[f"img{number}.jpg"] = out.getvalue()
    return found
