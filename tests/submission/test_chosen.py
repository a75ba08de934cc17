"""Which file counts: the expected path, else the nearest; other names are told and decided by
a person."""

import itertools
import unicodedata
from datetime import UTC
from pathlib import Path, PurePosixPath
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.course.tasks import task_named
from autograder.grading.grade import Options, grade
from autograder.submission import archive
from autograder.submission.chosen import place_of
from autograder.submission.homework import teachers_pictures
from autograder.submission.task_files import folder_of, read_submission
from tests.helpers.moodle import archive as zipped
from tests.helpers.moodle import folder

RESNET = task_named("resnet")
JUNK = (
    ".venv/lib/python3.11/site-packages/torchvision/models", "venv/models", "env/x", "__MACOSX",
    ".ipynb_checkpoints", "__pycache__", "04_resnet/.ipynb_checkpoints", "node_modules/a", ".git/x",
)  # fmt: skip
NEARER = ("04_resnet", "assignments/04_resnet", "my work/assignments/04_resnet", "models", "a/b/c")
OTHER_NAMES = (
    "resnet (1).py", "ResNet.py", "resnet.PY", "resnet - Copy.py", "resnet_final.py", "resnet18.py",
    "resnet.ipynb", "resnet.py.txt", "Копия resnet.py",
)  # fmt: skip


def write(root: Path, names: dict[str, bytes]) -> Path:
    for name, content in names.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def unpacked(tmp_path: Path, names: dict[str, bytes]) -> archive.Handed:
    source = tmp_path / "all.zip"
    source.write_bytes(zipped({f"{folder('Ann', 1)}/{name}": names[name] for name in names}))
    return archive.collect(source, tmp_path / "into", UTC)[0][0]


def test_junk_is_never_read() -> None:
    for place in JUNK:
        assert place_of(PurePosixPath(place) / "resnet.py") is None, place
    for name in ("._resnet.py", ".resnet.py.swp", "04_resnet/._resnet.py"):
        assert place_of(PurePosixPath(name)) is None, name


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(NEARER), min_size=1, unique=True),
    st.lists(st.sampled_from([*JUNK, "04_resnet/backup", "old"]), unique=True),
    st.randoms(use_true_random=False),
)
def test_archives_and_folders_choose_the_same_file(
    tmp_path_factory: pytest.TempPathFactory,
    places: list[str],
    others: list[str],
    random: Random,
) -> None:
    tmp_path = tmp_path_factory.mktemp("chosen")
    names = {f"{place}/resnet.py": place.encode() for place in places + others}
    mixed = list(names)
    random.shuffle(mixed)
    wanted = min(places, key=NEARER.index).encode()
    handed = unpacked(tmp_path, {name: names[name] for name in mixed})
    assert (handed.folder / "04_resnet/resnet.py").read_bytes() == wanted
    found = read_submission(write(tmp_path / "folder", names), (RESNET,))[0]
    assert found.files["resnet.py"] == wanted


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_another_name_is_told_and_leaves_the_grade_open(tmp_path: Path, name: str) -> None:
    handed = unpacked(tmp_path, {name: b"x = 1\n"})
    assert handed.problems == [f"{name}: the file of resnet is called resnet.py"]
    for place in (handed.folder, write(tmp_path / "flat", {name: b"x = 1\n"})):
        report = grade(place, None, Options((RESNET,)))
        assert report.points is None
        message = report.tasks[0].checks[0].message
        assert message is not None
        assert message.id == "file.otherwise"
        assert message.values["found"] == name


@pytest.mark.parametrize("beside", ["blocks.py", "solution.py", "lesson.ipynb", "old/resnet.py"])
def test_what_lies_in_the_folder_of_a_missing_file_is_told(tmp_path: Path, beside: str) -> None:
    write(tmp_path, {f"04_resnet/{beside}": b"{}"})
    found = read_submission(tmp_path, (RESNET,))[0]
    assert (found.problem, found.others) == ("otherwise", (beside,))


def test_the_right_name_counts_whatever_lies_beside_it(tmp_path: Path) -> None:
    names = {"04_resnet/resnet.py": b"right", "04_resnet/resnet (1).py": b"", "resnet.ipynb": b"{}"}
    assert read_submission(write(tmp_path / "folder", names), (RESNET,))[0].problem == ""
    told = unpacked(tmp_path, names).problems
    assert any("resnet (1).py: the file of resnet is called resnet.py" in text for text in told)


def test_nothing_is_dropped_silently(tmp_path: Path) -> None:
    names = {f"part{number}.docx": b"x" for number in range(20)} | {"photo.png": b"", "x.pyc": b""}
    told = unpacked(tmp_path, names).problems
    assert told[0] == "part0.docx: no task takes it"
    assert told[-1] == "and more files that no task takes"
    assert len(told) == archive.NAMED + 1


def test_names_of_folders_may_be_decomposed(tmp_path: Path) -> None:
    name = unicodedata.normalize("NFD", "Сергей Ёлкин")
    source = tmp_path / "all.zip"
    source.write_bytes(zipped({f"{name}/resnet.py": b"x", f"__MACOSX/{name}/._resnet.py": b""}))
    handed, stray = archive.collect(source, tmp_path / "into", UTC)
    assert [one.name for one in handed] == ["Сергей Ёлкин"]
    assert stray == []


def test_predictions_of_another_name_are_told(tmp_path: Path) -> None:
    names = {"06_simpsons/submission (1).csv": b"Id,Expected\n"}
    simpsons = task_named("simpsons")
    found = read_submission(write(tmp_path, names), (simpsons,))[0]
    assert (found.problem, found.others) == ("otherwise", ("submission (1).csv",))
    assert folder_of(tmp_path, simpsons) == tmp_path / "06_simpsons"


def test_pictures_of_the_teacher_are_no_copies(tmp_path: Path) -> None:
    pictures = ("img0.jpg", "._img0.jpg", ".ipynb_checkpoints/img1-checkpoint.jpg", "a/img2.png")
    write(tmp_path, dict(zip(pictures, itertools.repeat(b"x"), strict=False)))
    assert sorted(teachers_pictures(tmp_path)) == ["img0", "img2"]
