"""The misconceptions: each is told in both languages, and no hint gives the code away."""

import ast
import re
from collections import Counter

import pytest

from autograder.course.messages import LANGUAGES, Catalogue
from autograder.course.mutants import Mutant, edited
from autograder.course.patching import patched
from autograder.course.settings import Course
from autograder.course.tasks import Task
from tests.conftest import LESSON

CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
MENTIONS = re.compile(r"\bnn\.|\bself\.|\bdef |\breturn\b.*[=(]|torch\.(?!autograd\b)\w+")


@pytest.fixture(params=LESSON, ids=lambda task: task.name)
def task(request: pytest.FixtureRequest) -> Task:
    found: Task = request.param
    return found


@pytest.fixture
def entries(course: Course, task: Task) -> list[Mutant]:
    return course.mutants(task)


def texts(entry: Mutant) -> tuple[str, ...]:
    return entry.what, entry.hint, *entry.ru


def test_there_are_enough_entries(course: Course) -> None:
    assert sum(len(course.mutants(task)) for task in LESSON) >= 100


def test_every_entry_is_told_in_both_languages(entries: list[Mutant]) -> None:
    for entry in entries:
        assert all(text.strip() == text and text[-1:] in ".?" for text in texts(entry)), entry.id
        assert not CYRILLIC.search(entry.what + entry.hint), entry.id
        assert all(CYRILLIC.search(text) for text in entry.ru), entry.id


def test_an_entry_is_told_by_its_own_words(entries: list[Mutant]) -> None:
    for count in (
        Counter(entry.id for entry in entries),
        Counter(entry.what for entry in entries),
        Counter(entry.ru[0] for entry in entries),
    ):
        assert [text for text, times in count.items() if times > 1] == []


def test_ideas_and_lesson_blocks_are_in_the_catalogues(course: Course) -> None:
    used = {entry.idea for task in LESSON for entry in course.mutants(task)}
    blocks = {entry.lesson for task in LESSON for entry in course.mutants(task)} - {""}
    wanted = {f"idea.{name}{end}" for name in used for end in ("", ".explain")}
    wanted |= {f"lesson.{name}" for name in blocks}
    for lang in LANGUAGES:
        catalogue = Catalogue.load(lang)
        assert {id for id in wanted if catalogue.say(id) == id} == set()
        explained = [catalogue.say(f"idea.{name}.explain") for name in used]
        assert all(50 <= len(text.split()) <= 120 for text in explained)
        assert len(set(explained)) == len(used)
        assert all(bool(CYRILLIC.search(text)) == (lang == "ru") for text in explained)


def test_a_hint_gives_no_code_away(entries: list[Mutant]) -> None:
    for entry in entries:
        for text in texts(entry):
            assert not MENTIONS.search(text), f"{entry.id}: {text}"
            lines = [line.strip() for line in entry.replace.splitlines()]
            assert not [line for line in lines if len(line) > 10 and line in text], entry.id


def test_every_form_of_a_mistake_changes_one_and_the_same_symbol(
    course: Course, task: Task, entries: list[Mutant]
) -> None:
    source = course.solution(task).read_text(encoding="utf-8")
    for entry in entries:
        forms = [
            patched(source, replace, by, entry.id)
            for replace, by in ((entry.replace, entry.by), *entry.also)
        ]
        assert source not in forms, entry.id
        assert len(set(forms)) == len(forms), entry.id
        assert len(set().union(*(changed(source, form) for form in forms))) == 1, entry.id


def test_no_form_belongs_to_two_entries(course: Course, task: Task, entries: list[Mutant]) -> None:
    source = course.solution(task).read_text(encoding="utf-8")
    forms = Counter(
        ast.dump(ast.parse(patched(source, replace, by, entry.id)))
        for entry in entries
        for replace, by in ((entry.replace, entry.by), *entry.also)
    )
    assert max(forms.values()) == 1


def changed(source: str, form: str) -> set[str]:
    """The functions and classes that differ."""
    before, after = symbols(source), symbols(form)
    return {name for name in before | after if before.get(name) != after.get(name)}


def symbols(source: str) -> dict[str, str]:
    return {
        node.name: ast.dump(node)
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }


def test_an_edit_of_something_absent_is_refused() -> None:
    assert edited("a b c", ("a", "x"), ("c", "y")) == "x b y"
    for text in ("absent", " "):
        with pytest.raises(ValueError, match="not once"):
            edited("a b c", (text, "x"))
