"""solutions/ -> assignments/: what the stubs keep, and which sources are refused."""

import ast
import re
import shutil
import textwrap
from pathlib import Path

import pytest

from autograder.authoring.build import assignments, build, build_stubs
from autograder.authoring.stubs import make_stub
from autograder.course.settings import Course, find_course
from autograder.course.tasks import all_tasks, task_named
from autograder.errors import UsageError

ROOT = Path(__file__).parent.parent.parent
VGG = task_named("vgg")

GOOD = textwrap.dedent('''
    """Module."""


    class VGGBlock:
        """Block."""

        def __init__(self) -> None:
            # TODO: create the layers
            # BEGIN SOLUTION
            self.secret = 1
            # END SOLUTION


    def helper(x: int) -> int:
        """Help."""
        # TODO: add one
        # BEGIN SOLUTION
        return x + 1
        # END SOLUTION
''').lstrip()


def test_a_stub_keeps_signature_docstring_and_todo() -> None:
    stub = make_stub(GOOD, VGG, "vgg.py")
    assert "secret" not in stub
    assert "# TODO: create the layers" in stub
    assert '"""Block.\n' in stub or '"""Block."""' in stub
    assert "def helper(x: int) -> int:" in stub
    assert 'raise NotImplementedError("vgg: VGGBlock.__init__ is not written yet")' in stub
    assert 'raise NotImplementedError("vgg: helper is not written yet")' in stub
    assert stub.startswith("# Made by `autograder build` from vgg.py.")


@pytest.mark.parametrize(
    ("replace", "by", "message"),
    [
        ("        # END SOLUTION\n\n\ndef", "\n\ndef", "BEGIN SOLUTION without|inside the region"),
        ("    # BEGIN SOLUTION\n    return", "    return", "END SOLUTION without # BEGIN"),
        ("        self.secret = 1", "        # BEGIN SOLUTION\n        self.secret = 1", "inside"),
        ("        # TODO: create the layers\n", "", "no TODO line"),
        (
            '"""Module."""\n',
            '"""Module."""\n# TODO: x\n# BEGIN SOLUTION\n# END SOLUTION\n',
            "outside",
        ),
        ("# END SOLUTION\n\n\ndef", "# END SOLUTION, at last\n\n\ndef", "alone on its line"),
        ("def helper(x", "def helper((x", "vgg.py:"),
    ],
)
def test_bad_markers_are_refused_with_their_line(replace: str, by: str, message: str) -> None:
    assert replace in GOOD
    with pytest.raises(UsageError, match=message):
        make_stub(GOOD.replace(replace, by, 1), VGG, "vgg.py")


def test_a_bad_marker_names_its_line() -> None:
    source = GOOD.replace("        # TODO: create the layers\n", "")
    with pytest.raises(UsageError, match=r"vgg\.py:8: "):
        make_stub(source, VGG, "vgg.py")


def test_build_is_deterministic_and_fresh(course: Course) -> None:
    assert assignments(course, "en") == assignments(course, "en")
    assert build(course, check=True) == []


def test_no_solution_line_reaches_the_assignments(course: Course) -> None:
    for task in all_tasks():
        sources = [course.solution(task, f).read_text(encoding="utf-8") for f in task.files]
        pattern = re.compile(r"# BEGIN SOLUTION\n(.*?)# END SOLUTION", re.DOTALL)
        regions = [region for source in sources for region in pattern.findall(source)]
        lines = {line.strip() for region in regions for line in region.splitlines()}
        folder = ROOT / "assignments" / task.folder
        shipped = "\n".join(p.read_text(encoding="utf-8") for p in sorted(folder.rglob("*.*")))
        shipped_lines = {line.strip() for line in shipped.splitlines()}
        assert {line for line in lines & shipped_lines if len(line) > 8} == set()


@pytest.fixture
def copy(tmp_path: Path) -> Course:
    """A course of its own, which a test may damage."""
    for name in ("solutions", "assignments"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "course.toml", tmp_path)
    return find_course(tmp_path)


def test_a_stale_file_is_named(copy: Course) -> None:
    path = copy.folder / "assignments" / "02_vgg" / "vgg.py"
    path.write_text(path.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
    assert build(copy, check=True) == ["assignments/02_vgg/vgg.py"]


def test_a_stray_file_is_refused(copy: Course) -> None:
    (copy.folder / "assignments" / "02_vgg" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"not generated: assignments.02_vgg.notes\.txt"):
        build(copy, check=True)


def test_a_missing_translation_is_refused(copy: Course) -> None:
    path = copy.folder / "solutions" / "02_vgg" / "vgg.py"
    text = path.read_text(encoding="utf-8").replace("Five VGG blocks", "Exactly five VGG blocks")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="translate the docstring of VGG again"):
        build(copy, check=True)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            'fails="vgg.',
            'fails="vgg.no_',
            r"vgg: the mistake \w+ is to fail 'vgg.no_[\w.]+', and there is no such check",
        ),
        (
            'replace="',
            'replace="nowhere ',
            r"vgg, \w+: 'nowhere .*' … stands 0 times in vgg.py, not once",
        ),
    ],
)
def test_a_mistake_that_fits_nothing_is_refused(
    copy: Course, old: str, new: str, told: str
) -> None:
    path = copy.folder / "solutions" / "02_vgg" / "mutants.py"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UsageError, match=told):
        build(copy, check=True)


def test_russian_stubs_have_the_same_code(course: Course, tmp_path: Path) -> None:
    build_stubs(course, "ru", tmp_path)
    for path in [f"{task.folder}/{file}" for task in all_tasks() for file in task.files]:
        russian = (tmp_path / path).read_text(encoding="utf-8")
        english = (ROOT / "assignments" / path).read_text(encoding="utf-8")
        assert "ещё не написано" in russian
        assert _code(russian) == _code(english)


def _code(text: str) -> str:
    """The syntax tree without docstrings and the texts of exceptions."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)
