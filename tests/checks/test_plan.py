"""The plan: points, testimony and evidence, titles and texts in both languages."""

import re
import shutil
import string
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from autograder.authoring import translations
from autograder.authoring.build import compile_catalogue
from autograder.authoring.translations import mistakes
from autograder.checks.task_run import planned
from autograder.course.messages import LANGUAGES, Catalogue
from autograder.course.settings import Course
from autograder.course.tasks import all_tasks, task_named
from autograder.errors import UsageError
from autograder.model import Check, Message
from autograder.observe.protocol import FAULTS
from tests.conftest import LESSON

PACKAGE = Path(__file__).parents[2] / "autograder"
TASKS = [task.name for task in LESSON]
CHECKS = list(chain.from_iterable(planned(task) for task in all_tasks()))
# Evidence: the answer to a challenge with fresh weights and inputs. All else is testimony.
EVIDENCE = re.compile(
    r"equals|network_with|block_with|net_add|net_concat|chain_rule|norms|as_the|left"
)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_has_ten_points_in_a_few_checks(task: str) -> None:
    scored = [check for check in planned(task_named(task)) if check.points]
    assert sum(check.points for check in scored) == 10
    assert 5 <= len(scored) <= 10


@pytest.mark.parametrize("task", TASKS)
def test_testimony_is_at_most_two_fifths_of_a_symbol(task: str) -> None:
    checks = planned(task_named(task))
    for symbol in task_named(task).symbols:
        scored = [check for check in checks if check.symbol == symbol.name and check.points]
        told = sum(check.points for check in scored if not EVIDENCE.search(check.id))
        assert told <= 0.4 * sum(check.points for check in scored), symbol.name


def test_ids_are_unique_and_what_a_check_needs_comes_before_it() -> None:
    seen: set[str] = set()
    for check in CHECKS:
        assert check.id not in seen
        for id in (check.after, *check.members):
            assert not id or id in seen, f"{check.id} needs {id}"
        seen.add(check.id)


def test_ids_have_the_promised_form() -> None:
    for check in CHECKS:
        assert re.fullmatch(r"[a-z]+\.[a-z0-9_]+(\.\w+)?", check.id)


@pytest.fixture(params=LANGUAGES)
def catalogue(request: pytest.FixtureRequest) -> Catalogue:
    return Catalogue.load(request.param)


def catalogue_ids(lang: str) -> set[str]:
    from babel.messages.pofile import read_po

    with (PACKAGE / "locale" / f"{lang}.po").open("rb") as file:
        return {str(message.id) for message in read_po(file) if message.id}


def used_ids() -> set[str]:
    """Ids in the source, by the calls that use them."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        found |= set(
            re.findall(
                r'(?:Message|say|expect|fail)\(\s*(?:[\w .=()\[\]<>"-]+,\s*)?"([a-z_]+\.[a-z_.]+)"',
                text,
            )
        )
    found |= {f"fault.{kind}" for kind in FAULTS}
    return found


def test_every_message_has_both_languages() -> None:
    english, russian = catalogue_ids("en"), catalogue_ids("ru")
    assert english - russian == set()
    titles = {check.title for check in CHECKS}
    assert russian - english == titles
    assert used_ids() - english == set()


def test_every_hint_has_its_message(catalogue: Catalogue) -> None:
    ids = catalogue_ids(catalogue.lang)
    for id in ids:
        if id.endswith(".hint"):
            assert id.removesuffix(".hint") in ids


def test_gaps_agree_between_languages() -> None:
    texts = {lang: Catalogue.load(lang) for lang in LANGUAGES}
    for id in catalogue_ids("en"):
        gaps = [
            {name for _, name, _, _ in string.Formatter().parse(c._texts.gettext(id)) if name}
            for c in texts.values()
        ]
        assert gaps[0] == gaps[1], id


def test_titles_are_said_in_the_language() -> None:
    russian = Catalogue.load("ru")
    for check in CHECKS:
        assert re.search("[а-яё]", russian.title(check)), check.id
        assert "{" not in russian.title(check)


def test_compiled_catalogues_are_fresh(catalogue: Catalogue, course: Course) -> None:
    po = PACKAGE / "locale" / f"{catalogue.lang}.po"
    compiled = compile_catalogue(
        po, mistakes(course, catalogue.lang) | translations.titles(catalogue.lang)
    )
    assert compiled == po.with_suffix(".mo").read_bytes()


def test_a_stale_translation_is_refused(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("en.po", "ru.po", "translated.json"):
        shutil.copy(PACKAGE / "locale" / name, tmp_path / name)
    monkeypatch.setattr(translations, "FOLDER", tmp_path)
    monkeypatch.setattr(translations, "STAMPS", tmp_path / "translated.json")
    translations.refuse_stale(course)
    english = tmp_path / "en.po"
    text = english.read_text(encoding="utf-8")
    english.write_text(text.replace("yours, as in the paper", "yours"), encoding="utf-8")
    with pytest.raises(UsageError, match=r"the English text of flow\.both has changed"):
        translations.refuse_stale(course)
    translations.accept(course)
    translations.refuse_stale(course)
    english.write_text(f'{text}\nmsgid "ui.new"\nmsgstr "New"\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"no Russian text of ui\.new: write it"):
        translations.refuse_stale(course)
    russian = tmp_path / "ru.po"
    text = russian.read_text(encoding="utf-8")
    russian.write_text(f'{text}\nmsgid "ui.new"\nmsgstr "Новое"\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"new: ui\.new: read its Russian text"):
        translations.refuse_stale(course)


def test_a_title_without_translation_is_refused(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("en.po", "ru.po", "translated.json"):
        shutil.copy(PACKAGE / "locale" / name, tmp_path / name)
    monkeypatch.setattr(translations, "FOLDER", tmp_path)
    title = CHECKS[-1].title
    monkeypatch.setattr(translations, "_checks", lambda: [replace(CHECKS[-1], title="It flies.")])
    with pytest.raises(UsageError, match=r"no Russian text of It flies\."):
        translations.refuse_stale(course)
    assert translations.titles("ru")[f"check.{CHECKS[-1].id}"] == "It flies."
    assert title != "It flies."


def test_an_idea_without_text_is_refused(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    known = translations.texts(translations.FOLDER / "en.po")
    without = {id: text for id, text in known.items() if id != "idea.relu_after_sum.explain"}
    monkeypatch.setattr(translations, "texts", lambda po: without)
    told = r"\w+: the mistake \w+ has the idea 'relu_after_sum', which has no text: write idea"
    with pytest.raises(UsageError, match=told):
        translations.refuse_stale(course)


def test_values_cannot_steer_a_terminal(catalogue: Catalogue) -> None:
    message = Message("fault.missing_symbol", {"text": "\x1b[31mred\x07\n{0}{text.__class__}"})
    text = catalogue.text(message)
    assert "\x1b" not in text
    assert "\n" not in text
    assert "{0}{text.__class__}" in text


def test_a_check_can_be_named_in_a_message(catalogue: Catalogue) -> None:
    check: Check = CHECKS[3]
    text = catalogue.text(Message("not_run.after", {"check": check.id}))
    assert catalogue.title(check) in text


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LC_ALL": "en_US", "LANG": "ru_RU"}, "en"),
        ({"LANG": "de_DE"}, "en"),
        ({"LC_MESSAGES": "ru"}, "ru"),
    ],
)
def test_language_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], lang: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Catalogue.chosen().lang == lang
    assert Catalogue.chosen("ru").lang == "ru"
