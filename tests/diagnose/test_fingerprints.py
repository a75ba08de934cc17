"""Only what can have changed is stale: remarks, imports and ids of messages change nothing."""

import ast
import re
from pathlib import Path

import pytest

from autograder.course.patching import bases
from autograder.course.settings import Course
from autograder.course.tasks import task_named
from autograder.diagnose import fingerprints
from autograder.diagnose.fingerprints import plain, reached
from tests.conftest import ROOT

CODE = sorted(
    [*(ROOT / "autograder/checks").glob("*.py"), *(ROOT / "autograder/observe").glob("*.py")]
)
RESNET = task_named("resnet")


def remarked(text: str) -> str:
    """The text with remarks wherever one may stand, another docstring and another layout."""
    text = re.sub(r'\A"""[^"]*"""', '"""Another purpose."""', text)
    lines = [f"{line}  # a remark" if line.endswith(":") else line for line in text.splitlines()]
    return "# A remark.\n" + "\n".join(lines) + "\n\n\n# The end.\n"


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.name)
def test_a_remark_in_any_file_changes_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert plain(ast.parse(remarked(text))) == plain(ast.parse(text))


def test_a_renamed_module_or_message_changes_nothing() -> None:
    text = (ROOT / "autograder/checks/families.py").read_text(encoding="utf-8")
    other = text.replace("autograder.checks.subject", "autograder.elsewhere.subject")
    other = other.replace('"input.changed"', '"input.is_another"')
    assert other.count("elsewhere") and other.count("is_another")
    assert plain(ast.parse(other)) == plain(ast.parse(text))


@pytest.mark.parametrize(("old", "new"), [("< 1e-6", "< 1e-5"), ('"train"', '"eval"')])
def test_another_question_changes_the_fingerprint(old: str, new: str) -> None:
    text = (ROOT / "autograder/checks/families.py").read_text(encoding="utf-8")
    assert old in text
    assert plain(ast.parse(text.replace(old, new, 1))) != plain(ast.parse(text))


def test_a_symbol_depends_on_what_it_reaches_and_on_nothing_else(course: Course) -> None:
    text = bases(course, RESNET)[""]
    other = text.replace("nn.AdaptiveAvgPool2d(1)", "nn.AdaptiveMaxPool2d(1)", 1)
    assert other != text
    assert reached(other, ["ResidualBlock"]) == reached(text, ["ResidualBlock"])
    assert reached(other, ["ResNet"]) != reached(text, ["ResNet"])
    block = text.replace("self.bn1(self.conv1(x))", "self.conv1(x)", 1)
    assert reached(block, ["ResNet"]) != reached(text, ["ResNet"])  # it is built from the block


def test_the_stated_fingerprints_say_what_each_depends_on(course: Course) -> None:
    stated = fingerprints.stated()
    for symbol in RESNET.symbols:
        for of in ("answers", "mistakes"):
            kept = stated[fingerprints.name_of(RESNET, symbol, of)]
            assert {"challenge", "solution", "numbers", "protocol"} <= kept.keys()
    assert fingerprints.is_fresh(course, RESNET, "answers")
