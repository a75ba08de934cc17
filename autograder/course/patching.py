"""The solution with something else in it: accepted variants, and typical mistakes."""

import ast
from functools import lru_cache

from autograder.course.mutants import Mutant
from autograder.course.settings import Course
from autograder.course.tasks import Task
from autograder.errors import GraderFault


def patched(source: str, replace: str, by: str, name: str) -> str:
    """Apply a text patch to a solution.

    Raises:
        GraderFault: the text to replace does not occur exactly once.
    """
    if source.count(replace) != 1:
        raise GraderFault(
            f"{name}: its text occurs {source.count(replace)} times in the solution, not once"
        )
    return source.replace(replace, by)


def bases(course: Course, task: Task) -> dict[str, str]:
    """The texts of the solution, under an empty name, and of the accepted variants, by id."""
    source = course.solution(task).read_text(encoding="utf-8")
    found = {"": source}
    for variant in course.accepted(task):
        found[variant.id] = patched(source, variant.replace, variant.by, variant.id)
    return found


def variants(mutant: Mutant) -> list[tuple[str, str]]:
    """Every patch that shows a mistake: (replace, by)."""
    return [(mutant.replace, mutant.by), *mutant.also]


def owner(source: str, text: str, task: Task) -> str:
    """The symbol of the task in whose definition a text of the source begins.

    Raises:
        GraderFault: it is in none of them.
    """
    if text not in source:
        raise GraderFault(f"{task.name}: {text[:40]!r} is not in the solution")
    at = source.index(text) + len(text) - len(text.lstrip())
    line = source.count("\n", 0, at) + 1
    for name, (first, last) in _spans(source).items():
        if first <= line <= last:
            return task.symbol(name).name
    raise GraderFault(f"{task.name}: {text[:40]!r} is in none of the task's symbols")


@lru_cache(maxsize=32)
def _spans(source: str) -> dict[str, tuple[int, int]]:
    """The lines of every class and function at the top of a file."""
    return {
        node.name: (node.lineno, node.end_lineno or node.lineno)
        for node in ast.parse(source).body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef))
    }
