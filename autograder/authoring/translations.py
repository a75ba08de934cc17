"""Which English text each Russian text was made from, so that none goes stale unseen.

locale/translated.json holds a fingerprint of the English text for each id that has a Russian
one; ``autograder build --translated`` writes it after the Russian was brought up to date.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from autograder.checks.task_run import planned
from autograder.course.settings import Course
from autograder.course.tasks import all_tasks
from autograder.errors import UsageError
from autograder.files import PACKAGE
from autograder.model import Check

FOLDER = PACKAGE / "locale"
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


def titles(lang: str) -> dict[str, str]:
    """The title of every check, by ``check.`` and its id; messages name checks by their id."""
    known = {} if lang == "en" else _texts(lang)
    return {
        f"check.{check.id}": known.get(check.title, check.title).format(symbol=check.symbol)
        for check in _checks()
    }


def refuse_stale(course: Course) -> None:
    """Compare every text with the one its translation was made from.

    Raises:
        UsageError: a text is missing, or a translation is missing, new or stale.
    """
    _refuse_missing_ideas(course)
    english, russian = _all(course, "en"), _all(course, "ru")
    stamps = json.loads(STAMPS.read_text(encoding="utf-8"))["english"] if STAMPS.is_file() else {}
    where = "locale/ru.po, or ru= of a mistake"
    noted = "then run autograder build --translated"
    for ids, what in (
        (
            [id for id in english if not russian.get(id)],
            f"no Russian text of {{}}: write it ({where})",
        ),
        ([id for id in english if id not in stamps], f"new: {{}}: read its Russian text ({where})"),
        (
            [id for id in english if id in stamps and stamps[id] != fingerprint(english[id])],
            f"the English text of {{}} has changed: translate it again ({where})",
        ),
    ):
        if ids:
            raise UsageError(f"{what.format(_listed(ids))}, {noted}")


def _refuse_missing_ideas(course: Course) -> None:
    """What has not been understood is explained to the teacher."""
    known = _texts("en")
    for task in all_tasks():
        for mutant in course.mutants(task):
            wanted = (f"idea.{mutant.idea}", f"idea.{mutant.idea}.explain") if mutant.idea else ()
            if lacking := [id for id in wanted if id not in known]:
                raise UsageError(
                    f"{task.name}: the mistake {mutant.id} has the idea {mutant.idea!r}, which has "
                    f"no text: write {_listed(lacking)} into locale/en.po and locale/ru.po, "
                    "or name another idea"
                )


def _listed(ids: list[str]) -> str:
    return ", ".join(ids[:NAMED]) + (", …" if len(ids) > NAMED else "")


def accept(course: Course) -> None:
    """Note that every Russian text fits the English one of today."""
    english = _all(course, "en")
    stamps = {id: fingerprint(english[id]) for id in sorted(english)}
    head = {"made_by": "autograder build --translated", "english": stamps}
    STAMPS.write_text(json.dumps(head, indent=0) + "\n", encoding="utf-8")


def _all(course: Course, lang: str) -> dict[str, str]:
    """Every text of a language by its id; a check's title is its own id."""
    known = _texts(lang)
    own = {
        check.title: check.title if lang == "en" else known.get(check.title, "")
        for check in _checks()
    }
    return own | known | mistakes(course, lang)


def _texts(lang: str) -> dict[str, str]:
    return texts(FOLDER / f"{lang}.po")


def _checks() -> Iterator[Check]:
    for task in all_tasks():
        yield from planned(task)


def fingerprint(text: str) -> str:
    """Ties a translation to the English text it was made from."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:8]
