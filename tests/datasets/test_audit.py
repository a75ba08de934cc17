"""The audit: counts what is there, tells doubtful labels, and never an answer."""

import csv
from pathlib import Path

import pytest
import torch
from PIL import Image
from simpsons import run
from simpsons.audit import HEADER, SHOWN, Audit, Pair, audit, doubts
from simpsons.classes import CLASSES
from simpsons.cli import main
from simpsons.data import load
from simpsons.errors import DataError
from simpsons.prepare import prepare
from simpsons.synthetic import synthesize
from torch import nn

from tests.helpers.drawn import TEST, TRAIN, run_command

MODEL = """
from dataclasses import dataclass
from helper import WIDTH
from torch import nn

@dataclass
class Plan:
    width: "int" = WIDTH

def build_model(num_classes: int) -> nn.Module:
    last = nn.Linear(Plan().width, num_classes)
    return nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), last)
"""


@pytest.fixture(scope="module")
def flawed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared data with twins in a class, across classes, between both parts, in the test."""
    folder = tmp_path_factory.mktemp("flawed") / "competition"
    synthesize(folder, per_class=3, test=45)
    bart, homer = folder / TRAIN / "bart_simpson", folder / TRAIN / "homer_simpson"
    (bart / "pic_9000.jpg").write_bytes((bart / "pic_0000.jpg").read_bytes())
    (bart / "pic_9001.jpg").write_bytes((homer / "pic_0000.jpg").read_bytes())
    for name in ("img3.jpg", "img12.jpg"):
        with Image.open(folder / TRAIN / "gil" / "pic_0000.jpg") as picture:
            half = picture.resize((picture.width * 2 // 3, picture.height * 2 // 3))
            half.save(folder / TEST / name, quality=90)
    return prepare(folder, folder.parent / "out").folder


@pytest.fixture(scope="module")
def found(flawed: Path) -> Audit:
    return audit(load(flawed))


def test_pictures_are_counted_by_class_and_part(found: Audit, flawed: Path) -> None:
    data = load(flawed)
    assert set(found.counts) == set(CLASSES) and found.train == len(data.names)
    assert list(found.counts.values()) == sorted(found.counts.values(), reverse=True)
    assert found.validation == int(data.held_out.sum()) and found.test == 45
    rare = next(line for line in found.text().splitlines() if "fewer than 10" in line)
    assert all(f"{name} {count}" in rare for name, count in found.counts.items() if count < 10)


def test_near_duplicates_are_counted_and_those_of_two_classes_named(found: Audit) -> None:
    assert found.alike >= 4 and 2 <= found.groups <= found.alike / 2
    across = {(pair.first, pair.second) for pair in found.pairs if pair.kind == "across classes"}
    assert ("bart_simpson/pic_9001.jpg", "homer_simpson/pic_0000.jpg") in across
    text = found.text()
    assert "bart_simpson/pic_9001.jpg and homer_simpson/pic_0000.jpg" in text
    assert "labels to look at" in text
    same = {(pair.first, pair.second) for pair in found.pairs if pair.kind == "same class"}
    assert ("bart_simpson/pic_0000.jpg", "bart_simpson/pic_9000.jpg") in same


def test_copies_between_both_parts_are_counted_and_explained(found: Audit) -> None:
    assert (found.test, found.test_distinct, found.copies, found.copied) == (45, 44, 2, 1)
    text = found.text()
    assert "2 copy a training picture (1 distinct training pictures)" in text
    assert "4% of the test pictures copy training pictures" in text
    assert "honest validation" in text and "number to trust" in text


def test_no_word_tells_the_class_of_a_test_picture_or_what_it_copies(found: Audit) -> None:
    for pair in found.pairs:
        tested = [name.startswith("img") for name in (pair.first, pair.second)]
        assert all(tested) == any(tested) == (pair.kind == "test part")
        if all(tested):
            assert pair.first_class == pair.second_class == ""
    assert ("img3.jpg", "img12.jpg") in {(pair.first, pair.second) for pair in found.pairs}
    assert not [line for line in found.text().splitlines() if "img" in line or "gil/" in line]


def test_without_copies_nothing_is_said_of_memory(found: Audit) -> None:
    clean = Audit(dict(found.counts), 5, 0, 0, 45, 45, 0, 0, [])
    assert "rewards" not in clean.text()


def test_a_long_list_is_cut(found: Audit) -> None:
    pair = Pair("across classes", "a/1.jpg", "a", "b/1.jpg", "b", 1.0)
    many = Audit(dict(found.counts), 5, 0, 0, 45, 45, 0, 0, [pair] * (SHOWN + 7))
    assert many.text().count("a/1.jpg") == SHOWN and "and 7 more: see --csv" in many.text()


def test_the_command_writes_every_pair(
    flawed: Path, found: Audit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "new" / "pairs.csv"
    assert run_command(main, "audit", "--data", flawed, "--csv", table) == 0
    assert found.text() in capsys.readouterr().out
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert tuple(rows[0]) == HEADER and rows[1:] == [list(pair.row()) for pair in found.pairs]


@pytest.fixture
def trained(flawed: Path, tmp_path: Path) -> Path:
    """A course with a network that is sure of homer_simpson whatever it sees."""
    (tmp_path / "06_simpsons").mkdir()
    (tmp_path / "06_simpsons" / "model.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "06_simpsons" / "helper.py").write_text("WIDTH = 48\n", encoding="utf-8")
    network = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 42))
    turned = list(reversed(CLASSES))
    with torch.no_grad():
        network[2].weight.zero_()
        network[2].bias.zero_()
        network[2].bias[turned.index("homer_simpson")] = 9.0
    config = run.Config(64, [0.5] * 3, [0.2] * 3, classes=turned)
    run.save(tmp_path / "run", network, config)
    return tmp_path


def test_a_network_that_is_sure_of_another_class_names_pictures_to_look_at(
    flawed: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = load(flawed)
    monkeypatch.chdir(trained)
    told = doubts(data, trained / "run")
    held = [name for name, out in zip(data.names, data.held_out.tolist(), strict=True) if out]
    assert [doubt.name for doubt in told] == [n for n in held if "homer_simpson/" not in n]
    assert {doubt.guess for doubt in told} == {"homer_simpson"}
    assert all(doubt.name.startswith(f"{doubt.label}/") for doubt in told)
    assert all(0.95 <= doubt.confidence <= 1 for doubt in told)


def test_the_command_finds_model_py_or_is_told_where_it_is(
    flawed: Path,
    trained: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(trained / "run")
    words = ["audit", "--data", flawed, "--checkpoint", trained / "run"]
    assert run_command(main, *words) == 2
    assert "give the folder of yours with --model DIR" in capsys.readouterr().err
    assert run_command(main, *words, "--model", trained / "06_simpsons") == 0
    assert "Maybe mislabelled, look at them" in capsys.readouterr().out
    monkeypatch.chdir(trained)
    assert run_command(main, *words) == 0
    assert run_command(main, "audit", "--data", flawed, "--model", "06_simpsons") == 2


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("import nowhere", "cannot be loaded.*nowhere"),
        ("x = 1", "cannot be loaded.*build_model"),
        ("def build_model(n): raise NotImplementedError", r"build_model\(42\) fails"),
    ],
)
def test_a_model_py_that_fails_is_told_in_one_line(
    flawed: Path, trained: Path, code: str, text: str
) -> None:
    (trained / "06_simpsons" / "model.py").write_text(code, encoding="utf-8")
    with pytest.raises(DataError, match=text):
        doubts(load(flawed), trained / "run", trained / "06_simpsons")


def test_a_network_for_another_size_is_refused(drawn: Path, trained: Path) -> None:
    small = load(prepare(drawn, trained / "small", 32).folder)
    with pytest.raises(DataError, match=r"trained on pictures of 64 pixels.*--size 64"):
        doubts(small, trained / "run", trained / "06_simpsons")
