"""Similarity: what is compared, how the tools are called, and who stays unnamed."""

import ast
import csv
import json
import os
import sys
from pathlib import Path

import pytest

from autograder.authoring.build import assignments
from autograder.classroom.similar import NO_TOOL, Tool, find_tool, similar, without_stub
from autograder.course.messages import LANGUAGES
from autograder.course.settings import Course
from autograder.course.tasks import task_named
from autograder.errors import UsageError
from tests.conftest import LESSON, ROOT

VGG = task_named("vgg")
STUB = '''"""What VGG promises."""

from torch import nn


class VGGBlock(nn.Module):
    """A block."""

    def __init__(self) -> None:
        super().__init__()
        # TODO: layers
        raise NotImplementedError("vgg: not written yet")
'''
OWN = "self.body = nn.Sequential(*[nn.ReLU()\n            for _ in range(3)])"
WRITTEN = STUB.replace('raise NotImplementedError("vgg: not written yet")', OWN)


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    """A program that writes down how it was called, and what it could read."""
    program = tmp_path / "tool.py"
    program.write_text(
        "import json, pathlib, sys\n"
        "seen = {p.as_posix(): p.read_text('utf-8') for p in pathlib.Path('files').rglob('*.py')}\n"
        "pathlib.Path('called.json').write_text(json.dumps([sys.argv[1:], seen]))\n"
        "sys.exit('three' in sys.argv[-1] and 'it broke')\n",
        encoding="utf-8",
    )
    return Tool("dolos", (sys.executable, str(program)))


def put(folder: Path, text: str) -> Path:
    (folder / VGG.folder).mkdir(parents=True)
    (folder / VGG.folder / VGG.file).write_text(text, encoding="utf-8")
    return folder


def called(out: Path) -> tuple[list[str], dict[str, str]]:
    words, seen = json.loads((out / "vgg" / "called.json").read_text(encoding="utf-8"))
    return words, seen


def test_only_what_was_added_is_left() -> None:
    assert without_stub(STUB, [STUB]).strip() == ""
    left = without_stub(WRITTEN, ["something else", STUB])
    assert left == ast.unparse(ast.parse(OWN.replace("\n            ", "\n"))) + "\n"
    broken = WRITTEN.replace("range(3)", "range(3")
    assert "nn.ReLU()" in without_stub(broken, [STUB])
    assert "TODO" not in without_stub(broken, [STUB])


def test_a_line_of_the_stub_in_a_class_of_ones_own_stays() -> None:
    own = "\n\nclass Mine(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    left = without_stub(WRITTEN + own, [STUB])
    assert "class Mine(nn.Module):\n\n    def __init__(self):\n        super()" in left


def test_every_handed_out_stub_has_nothing_of_its_own(course: Course) -> None:
    stubs = [assignments(course, lang) for lang in LANGUAGES]
    for task in LESSON:
        name = f"{task.folder}/{task.file}"
        for stub in stubs:
            assert without_stub(stub[name], [stub[name] for stub in stubs]).strip() == ""
        solution = (ROOT / "solutions" / name).read_text(encoding="utf-8")
        left = without_stub(solution, [stub[name] for stub in stubs])
        ast.parse(left)
        assert left.strip() and '"""' not in left and "class " not in left


def test_names_are_hidden_and_the_key_tells_them(
    course: Course, tool: Tool, tmp_path: Path
) -> None:
    people = [put(tmp_path / name, WRITTEN + f"x = {i}\n") for i, name in enumerate("abc")]
    out = tmp_path / "out"
    said = similar(course, [*people, put(tmp_path / "idle", "")], [VGG], out, tool)
    assert said == [f"vgg: {out / 'vgg' / 'dolos'}"]
    words, seen = called(out)
    options = ["run", "--language", "python", "--output-format", "csv"]
    assert words[: len(options)] == options
    assert sorted(words[len(options) + 2 :]) == sorted(seen)
    assert len(seen) == 3
    rows = list(csv.DictReader((out / "key.csv").read_text(encoding="utf-8").splitlines()))
    who = {row["compared_as"]: row["submission"] for row in rows}
    for path, text in seen.items():
        number = path.split("/")[1]
        assert number.isdecimal()
        assert people[int(text.strip()[-1])] == Path(who[number])


def test_names_are_shown_where_asked_for(course: Course, tool: Tool, tmp_path: Path) -> None:
    people = [put(tmp_path / name, WRITTEN) for name in ("one/ann", "two/ann", "-rf", "=A1")]
    similar(course, people, [VGG], tmp_path / "out", tool, names=True)
    _, seen = called(tmp_path / "out")
    assert {path.split("/")[1] for path in seen} == {"ann", "ann-2", "rf", "=A1"}


def test_jplag_is_called_with_its_options(course: Course, tmp_path: Path, tool: Tool) -> None:
    people = [put(tmp_path / name, WRITTEN) for name in "ab"]
    similar(course, people, [VGG], tmp_path / "out", Tool("jplag", tool.words))
    words, _ = called(tmp_path / "out")
    assert words == ["--language", "python3", "--mode", "RUN", "--result-file", "jplag", "files"]


def test_what_cannot_be_compared_is_said(
    course: Course, tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = put(tmp_path / "one", WRITTEN)
    said = similar(course, [one], [VGG], tmp_path / "out", tool)
    assert said == ["vgg: fewer than two submissions have code of their own"]
    with pytest.raises(UsageError, match="not an empty folder"):
        similar(course, [one], [VGG], tmp_path / "out", tool)
    bad = [one, put(tmp_path / "three", WRITTEN)]
    with pytest.raises(UsageError, match=r"dolos failed in .*: it broke \(exit code 1\)"):
        similar(course, [*bad, bad[0]], [VGG], tmp_path / "new", tool, names=True)
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(UsageError) as refused:
        find_tool(None)
    assert str(refused.value) == NO_TOOL and "npm install -g @dodona/dolos" in NO_TOOL
    with pytest.raises(UsageError, match="no such file"):
        find_tool(tmp_path / "jplag.jar")
    (tmp_path / "jplag.jar").write_bytes(b"")
    with pytest.raises(UsageError, match="needs Java"):
        find_tool(tmp_path / "jplag.jar")
