"""What a notebook does at work: follows the student's file, and says what is in the way."""

import json
import os
import zipfile
from pathlib import Path

import pytest

from autograder.lesson import Lesson, measure
from autograder.lesson.work import pack, restore

STUB = 'class VGGBlock:\n    def __init__(self):\n        raise NotImplementedError("vgg: soon")\n'
ALT = {"blocks.alt": "a picture"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "02_vgg"
    path.mkdir()
    (path / "vgg.py").write_text(STUB, encoding="utf-8")
    monkeypatch.chdir(path)
    return path


@pytest.mark.parametrize(
    ("text", "lang", "said"),
    [
        (STUB, "en", "Not written yet: vgg: soon"),
        (STUB, "ru", "Ещё не написано: vgg: soon"),
        ("def f(:\n", "ru", "vgg.py, строка 1: это не Python"),
        ("VGGBlock = lambda: 1 / 0\n", "en", "failed at vgg.py:1: ZeroDivisionError"),
        ("x = 1\n", "ru", "AttributeError"),
        (None, "ru", "нет файла vgg.py"),
        ("VGGBlock = lambda: 1\n", "en", ""),
    ],
)
def test_what_is_in_the_way_is_said_and_the_cell_goes_on(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str | None, lang: str, said: str
) -> None:
    if text is None:
        (folder / "vgg.py").unlink()
    else:
        (folder / "vgg.py").write_text(text, encoding="utf-8")
    lesson = Lesson("vgg", lang, ALT)
    capsys.readouterr()
    with lesson.live():
        lesson.own().VGGBlock()
    shown = capsys.readouterr().out
    assert said in shown
    assert bool(shown) == bool(said)


def test_a_saved_file_is_read_anew(folder: Path) -> None:
    lesson = Lesson("vgg", "en", ALT)
    for value in (1, 2, 3):
        (folder / "vgg.py").write_text(f"VALUE = {value}\n", encoding="utf-8")
        os.utime(folder / "vgg.py", (1, 1))  # as if saved in the same second
        found = lesson.own().VALUE
        assert found == value
    assert lesson.own() is lesson.own()


def test_the_homework_follows_the_files_it_is_built_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "04_resnet").mkdir()
    home = tmp_path / "06_simpsons"
    home.mkdir()
    monkeypatch.chdir(home)
    (home / "model.py").write_text(
        'from simpsons import own_task\nVALUE = own_task("resnet").VALUE\n', encoding="utf-8"
    )
    for name in ("augment.py", "predict.py"):
        (home / name).write_text("", encoding="utf-8")
    (home / "train.py").write_text("from model import VALUE\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(home))
    lesson = Lesson("simpsons", "en", {})
    for value in (1, 2):
        (tmp_path / "04_resnet" / "resnet.py").write_text(f"VALUE = {value}\n", encoding="utf-8")
        found = lesson.own(file="train.py").VALUE
        assert found == value


def test_a_picture_is_drawn_or_the_references_is_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import IPython.display

    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda image: shown.append(image))
    lesson = Lesson("vgg", "ru", ALT)
    for text in (STUB, "VGGBlock = int\n"):
        (folder / "vgg.py").write_text(text, encoding="utf-8")
        with lesson.picture("blocks") as figure:
            lesson.own().VGGBlock()
            figure.subplots()
    reference, own = [image.data for image in shown]
    assert reference.startswith(b"\x89PNG") and own.startswith(b"\x89PNG")
    assert reference != own
    assert all(image.alt == "a picture" for image in shown)


def test_answers_are_compared_without_telling_the_right_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lesson = Lesson("vgg", "en", ALT)
    capsys.readouterr()
    assert (
        lesson.compare({"a": 1, "b": 7, "c": ...}, {"a": 1, "b": 4321, "c": 4321, "d": 4321}, 2)
        == 0.5
    )
    shown = capsys.readouterr().out
    assert "✓ a: 1" in shown and "7 is not right yet" in shown and "4321" not in shown
    assert [lesson.credit(answer) for answer in ("", "\n...\n", " — ", "потому что", "3")] == [
        0,
        0,
        0,
        1,
        1,
    ]


def test_work_is_packed_and_restored_once(folder: Path, tmp_path: Path) -> None:
    (folder / "notes.txt").write_text("private", encoding="utf-8")
    archive = pack(folder)
    assert zipfile.ZipFile(archive).namelist() == ["02_vgg/vgg.py"]
    uploads = tmp_path / "content"
    uploads.mkdir()
    with zipfile.ZipFile(uploads / "my_work.zip", "w") as made:
        for name in ("../evil.py", "02_vgg/../../evil.py", "/evil.py", "02_vgg/vgg.py", "torch.py"):
            made.writestr(name, f"# {name}")
    assert restore(folder, uploads) == ["02_vgg/vgg.py"]
    assert (folder / "vgg.py").read_text(encoding="utf-8") == "# 02_vgg/vgg.py"
    assert not list(tmp_path.rglob("evil.py"))
    assert restore(folder, uploads) == []


def test_receptive_fields_and_sizes() -> None:
    assert measure.receptive_field([(3, 1), (3, 1)]) == 5
    assert measure.receptive_field([(3, 1)] * 3) == 7
    assert measure.receptive_field([(11, 4), (3, 2)]) == 19
    import torch

    torch.manual_seed(0)
    x = torch.rand(1, 3, 16, 16)
    for depth in (3, 7):
        for skip in (False, True):
            net = measure.DeepNet(depth, skip, batch_norm=True)
            assert len(measure.maps_of(net, x)) == depth
            assert net(x).shape == (1, 6, 16, 16)


def test_the_fingerprints_name_every_task() -> None:
    from autograder.authoring.pictures import PICTURES
    from autograder.course.tasks import all_tasks

    known = json.loads((PICTURES / "fingerprints.json").read_text(encoding="utf-8"))
    assert sorted(known) == sorted(task.name for task in all_tasks())
    size = sum(path.stat().st_size for path in PICTURES.rglob("*.png"))
    assert size < 1_500_000
