"""Which English text each Russian text was made from, so that none goes stale unseen.

locale/translated.json holds a fingerprint of the English text for each id that has a Russian
one; ``autograder build --translated`` writes it after the Russian was brought up to date.
"""

import json
from pathlib import Path

from autograder.course import Course
from autograder.errors import UsageError
from autograder.tasks import all_tasks

FOLDER = Path(__file__).parent / "locale"
STAMPS = FOLDER / "translated.json"
NAMED = 5


def texts(po: Path) -> dict[str, str]:
    """The texts of a .po file by id."""
    from babel.messages.pofile import read_po

    with po.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file, abort_invalid=True) if m.id}


def mistakes(course: Course, lang: str) -> dict[str, str]:
    """Diagnosis and hint of every typical mistake, by id."""
    found: dict[str, str] = {}
    for task in all_tasks():
        for mutant in course.mutants(task):
            key = f"mistake.{task.name}.{mutant.id}"
            both = (mutant.what, mutant.hint) if lang == "en" else mutant.ru
            if mutant.hint:
                found |= {key: both[0], f"{key}.hint": both[1]}
    return found


def refuse_stale(course: Course) -> None:
    """Compare every text with the one its translation was made from.

    Raises:
        UsageError: a translation is missing or stale.
    """
    english, russian = _all(course, "en"), _all(course, "ru")
    stamps = json.loads(STAMPS.read_text(encoding="utf-8"))["english"] if STAMPS.is_file() else {}
    missing = [id for id in english if not russian.get(id)]
    stale = [id for id in english if stamps.get(id) != _fingerprint(english[id])]
    for ids, what in ((missing, "no Russian text"), (stale, "the English text has changed")):
        if ids:
            some = ", ".join(ids[:NAMED]) + (", …" if len(ids) > NAMED else "")
            raise UsageError(
                f"{what} of {some}: translate (locale/ru.po, or ru= in mutants.py), then run "
                "autograder build --translated"
            )


def accept(course: Course) -> None:
    """Note that every Russian text fits the English one of today."""
    english = _all(course, "en")
    stamps = {id: _fingerprint(english[id]) for id in sorted(english)}
    head = {"made_by": "autograder build --translated", "english": stamps}
    STAMPS.write_text(json.dumps(head, indent=0) + "\n", encoding="utf-8")


def _all(course: Course, lang: str) -> dict[str, str]:
    return texts(FOLDER / f"{lang}.po") | mistakes(course, lang)


def _fingerprint(text: str) -> str:
    from autograder.build import fingerprint

    return fingerprint(text)
