"""The house: packages in the order in which data flows, each importing only earlier ones."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "autograder"
# A package imports itself and what stands before it; CONTRIBUTING.md says why.
ORDER = (
    "errors", "model", "files", "course", "submission", "observe", "sandbox", "checks", "diagnose",
    "grading", "report", "lesson", "authoring", "classroom", "leaderboard", "cli",
)  # fmt: skip
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


def imported(text: str) -> Iterator[str]:
    """Every module of ours that a text imports, at its top or later."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if full in MODULES or node.module in MODULES:
                    yield full if full in MODULES else node.module


def package(module: str) -> str:
    """The package of a module, or the module itself where it stands alone."""
    return module.split(".")[1] if "." in module else ""


def against_the_order(module: str, text: str) -> list[str]:
    """What a module imports that stands after it."""
    own = ORDER.index(package(module))
    later = [name for name in imported(text) if package(name) and name != module]
    return [name for name in later if ORDER.index(package(name)) > own]


@pytest.mark.parametrize("module", [name for name in MODULES if package(name) in ORDER])
def test_a_package_imports_only_earlier_ones(module: str) -> None:
    assert against_the_order(module, MODULES[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "from autograder.diagnose.explain import explain",
        "def late():\n    from autograder.grading import grade_task",
        "import autograder.cli.main",
    ],
)
def test_a_wrong_import_is_found(line: str) -> None:
    assert against_the_order("autograder.checks.task_run", line) != []


def test_every_package_has_its_place() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/*.py")}
    assert folders | {path.stem for path in PACKAGE.glob("[!_]*.py")} == set(ORDER)


def test_few_modules_stand_alone_and_names_are_not_used_twice() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 4
    names = Counter(path.stem for path in PACKAGE.rglob("[!_]*.py"))
    assert [name for name, count in names.items() if count > 1] == []


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {
        name: {other for other in imported(path.read_text(encoding="utf-8")) if other != name}
        for name, path in MODULES.items()
    }
    while leaves := {name for name, others in graph.items() if not others & graph.keys()}:
        graph = {name: others for name, others in graph.items() if name not in leaves}
    while roots := graph.keys() - set().union(*graph.values()):  # what only leads to a circle
        graph = {name: others for name, others in graph.items() if name not in roots}
    assert sorted(graph) == []


def test_the_order_is_what_the_documents_say() -> None:
    text = Path(ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    places = [text.index(f"`{name}/`") for name in ORDER if (PACKAGE / name).is_dir()]
    assert places == sorted(places)
