"""What students must not get: solutions and mutants, as texts to search for."""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator

from autograder.course.settings import Course
from autograder.course.tasks import all_tasks

REGION = re.compile(r"# BEGIN SOLUTION[^\n]*\n(.*?)# END SOLUTION", re.DOTALL)


def regions(course: Course) -> list[str]:
    """The solutions of every file and of every lesson, but for a bare number."""
    paths = [course.solution(task, file) for task in all_tasks() for file in task.files]
    paths += [course.solution(task).with_name("lesson.py") for task in all_tasks()]
    found = [r for path in paths for r in REGION.findall(path.read_text(encoding="utf-8"))]
    assert len(found) > 40
    return [region.strip() for region in found if len(region.strip()) > 8]


def lines(course: Course) -> set[str]:
    """Every line of the solutions that says something."""
    found = {line.strip() for region in regions(course) for line in region.splitlines()}
    return {line for line in found if len(line) > 12}


def patches(course: Course) -> list[str]:
    """What the mutants write into a solution, where that is a statement or more."""
    found = [
        by.strip()
        for task in all_tasks()
        for mutant in course.mutants(task)
        for by in (mutant.by, *(by for _, by in mutant.also))
    ]
    return [by for by in found if "\n" in by]


def contents(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """What is in a file: in an archive every member, in a notebook its cells."""
    if name.endswith((".whl", ".zip")):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from contents(f"{name}/{member}", archive.read(member))
    elif name.endswith(".gz"):
        yield name, gzip.decompress(data)
    elif name.endswith(".ipynb"):
        cells = json.loads(data)["cells"]
        yield name, "\n".join("".join(cell["source"]) for cell in cells).encode()
    else:
        yield name, data
