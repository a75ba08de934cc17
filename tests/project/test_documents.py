"""What the documents say: links lead somewhere, commands exist, numbers are counted."""

import re
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from autograder.cli.main import app
from autograder.course.settings import Course
from autograder.course.tasks import all_tasks
from tests.conftest import ROOT

DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("datasets/*.md"))
)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
COMMAND = re.compile(r"(?:^|`)autograder ([a-z]+)(?: ([a-z]+))?", re.MULTILINE)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_files(name: str) -> None:
    path = ROOT / name
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_exist(name: str) -> None:
    known = get_command(app)
    assert isinstance(known, TyperGroup)
    for command, word in COMMAND.findall((ROOT / name).read_text(encoding="utf-8")):
        assert command in known.commands, f"autograder {command}"
        below = getattr(known.commands[command], "commands", None)
        if below is not None and word:
            assert word in below, f"autograder {command} {word}"


def test_the_feature_table_counts_the_mutants(course: Course) -> None:
    mutants = [mutant for task in all_tasks() for mutant in course.mutants(task)]
    table = Path(ROOT, "README.md").read_text(encoding="utf-8")
    assert f"({len([m for m in mutants if m.hint])} typical ones)" in table
    assert f"proved by mutants ({len(mutants)} of them)" in table
