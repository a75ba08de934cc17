"""The homework's programs as a student runs them, on drawn pictures of 32 pixels."""

import csv
import importlib.util
import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from simpsons import DataError, run
from simpsons.prepare import prepare
from simpsons.synthetic import synthesize
from torch import nn

from autograder.course.tasks import task_named
from autograder.grading.grade import Options, grade
from autograder.grading.references import Solutions
from autograder.observe.session import Workers
from tests.conftest import HANG, ROOT, SEED
from tests.helpers.drawn import run_command
from tests.helpers.minimal_homework import write_first_try

SOLUTION = ROOT / "solutions" / "06_simpsons"
FAST = ("--batch-size", "64", "--precision", "float32", "--device", "cpu")
# A small network; where it is told to, it dies in the middle of an epoch.
SMALL = """
import os
from torch import nn

class Small(nn.Sequential):
    left = int(os.environ.get("DIES_AFTER", "-1"))
    def forward(self, x):
        if self.left == 0:
            os.kill(os.getpid(), 9)
        self.left -= 1
        return super().forward(x)

def build_model(num_classes):
    first = [nn.Conv2d(3, 8, 7, 4, 3), nn.BatchNorm2d(8), nn.ReLU()]
    return Small(*first, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, num_classes))
"""


def python(
    script: str, *words: object, cwd: Path = SOLUTION, **more: str
) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, str(cwd / script), *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=HANG,
        env=environment() | more,
        cwd=cwd,
    )


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"}


def here(script: Path, *words: object) -> int:
    """Run a program of the homework in this process, where torch is there already."""
    torch.set_num_threads(1)  # as python() does
    own = [path.stem for path in script.parent.glob("*.py")]

    def forget() -> None:  # other tests run files of these names in this process too
        for name in own:
            sys.modules.pop(name, None)

    forget()
    sys.path.insert(0, str(script.parent))
    try:
        return run_command(lambda: runpy.run_path(str(script), run_name="__main__"), *words)
    finally:
        sys.path.remove(str(script.parent))
        forget()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The solution with a small network."""
    folder = tmp_path_factory.mktemp("small") / "06_simpsons"
    shutil.copytree(SOLUTION, folder)
    (folder / "model.py").write_text(SMALL)
    return folder


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("drawn") / "competition"
    synthesize(out, per_class=8, test=50)
    return out


@pytest.fixture(scope="module")
def data(drawn: Path) -> Path:
    out = drawn.parent / "prepared"
    prepare(drawn, out, size=32)
    return out


@pytest.fixture(scope="module")
def trained(data: Path) -> Path:
    """A run of two epochs."""
    out = data.parent / "run"
    done = python("train.py", "--data", data, "--out", out, "--epochs", 2, *FAST)
    assert done.returncode == 0, done.stderr
    assert "honest F1" in done.stdout
    return out


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_training_leaves_all_that_is_promised(trained: Path) -> None:
    config = json.loads((trained / "config.json").read_text())
    assert config["size"] == 32
    assert len(config["classes"]) == 42
    assert config["recipe"]["epochs"] == 2
    assert [row["epoch"] for row in rows(trained / "log.csv")] == ["1", "2"]
    for name in ("model.safetensors", "curves.png", "confusion.png", "mistakes.png"):
        assert (trained / name).stat().st_size > 1000
    assert list((trained / "tensorboard").glob("events*"))


def test_predictions_fit_the_competition(trained: Path, drawn: Path, tmp_path: Path) -> None:
    out = tmp_path / "submission.csv"
    words = ("--checkpoint", trained, "--images", drawn / "testset", "--out", out)
    done = python("predict.py", *words)
    assert done.returncode == 0, done.stderr
    assert "honest validation F1" in done.stdout
    found = rows(out)
    assert [row["Id"] for row in found] == [f"img{n}.jpg" for n in range(50)]
    again = tmp_path / "again.csv"
    python("predict.py", "--checkpoint", trained, "--images", drawn, "--out", again)
    assert again.read_bytes() == out.read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="kills itself with SIGKILL")
def test_a_killed_training_goes_on_to_the_same_result(
    data: Path, small: Path, tmp_path: Path
) -> None:
    words = ["--data", str(data), "--epochs", "3", *FAST]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert here(small / "train.py", *words, "--out", whole) == 0
    died = python("train.py", *words, "--out", killed, cwd=small, DIES_AFTER="8")
    assert died.returncode == -signal.SIGKILL
    assert 1 <= len(rows(killed / "log.csv")) < 3
    assert here(small / "train.py", *words, "--out", killed, "--resume") == 0
    weights = [(run / "model.safetensors").read_bytes() for run in (whole, killed)]
    assert weights[0] == weights[1]
    losses = [[row["loss"] for row in rows(run / "log.csv")] for run in (whole, killed)]
    assert losses[0] == losses[1]


@pytest.mark.slow
def test_two_processes_learn_as_one_that_accumulates(
    data: Path, small: Path, tmp_path: Path
) -> None:
    words = ["--data", str(data), "--epochs", "2", *FAST]
    one = tmp_path / "one"
    assert here(small / "train.py", *words, "--out", one, "--accumulate", 2) == 0
    two = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
         str(small / "train.py"), *words, "--out", str(tmp_path / "two")],
        capture_output=True, text=True, env=environment(), timeout=HANG,
    )  # fmt: skip
    assert two.returncode == 0, two.stderr
    pairs = zip(rows(one / "log.csv"), rows(tmp_path / "two" / "log.csv"), strict=True)
    for first, second in pairs:
        assert float(first["loss"]) == pytest.approx(float(second["loss"]), rel=1e-3)


BAD = [
    ("config.json", None, "no config.json"),
    ("config.json", b"{", "cannot be used"),
    ("model.safetensors", None, "cannot be read"),
    ("model.safetensors", b"not weights", "cannot be read"),
]


@pytest.mark.parametrize(("name", "content", "text"), BAD)
def test_a_bad_run_folder_is_refused(
    trained: Path, tmp_path: Path, name: str, content: bytes | None, text: str
) -> None:
    folder = shutil.copytree(trained, tmp_path / "run")
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=text):
        run.load(folder, lambda classes: nn.Linear(3, classes))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"classes": ["nobody"]}, "classes"),
        ({"std": [0, 1, 1]}, "cannot be used"),
        ({"size": 1 << 30}, "cannot be used"),
        ({"mean": ["a", 1, 1]}, "cannot be used"),
        ({"architecture": "torchvision/no_such_net"}, "no classification network"),
        ({}, "another network"),
    ],
)
def test_a_config_of_another_network_is_refused(
    trained: Path, tmp_path: Path, change: dict[str, object], text: str
) -> None:
    folder = shutil.copytree(trained, tmp_path / "run")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(DataError, match=text):
        run.load(folder, lambda classes: nn.Linear(3, classes))


def test_predict_ends_with_2_and_writes_nothing(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "submission.csv"
    words = ("--checkpoint", tmp_path, "--images", drawn, "--out", out)
    assert here(SOLUTION / "predict.py", *words) == 2
    told = capsys.readouterr().err
    assert "no config.json" in told
    assert "Traceback" not in told
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--data", "nowhere"), "simpsons prepare"),
        (("--batch-size", "50"), "multiple of 32"),
        (("--resume",), "nothing to resume"),
        (("--pretrained", "resnet18"), "pretrained weights cannot be fetched"),
        (("--epochs", "0"), "--epochs"),
    ],
)
def test_a_training_that_cannot_start_says_what_to_do(
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    text: str,
) -> None:
    given = {"--data": str(data), "--out": str(tmp_path / "run"), "--batch-size": "64"}
    extra = []
    for word, value in zip(words[::2], [*words[1::2], ""][: len(words[::2])], strict=True):
        if value:
            given[word] = value
        else:
            extra.append(word)
    flat = [word for pair in given.items() for word in pair]
    assert here(SOLUTION / "train.py", *flat, *extra, "--device", "cpu") == 2
    told = capsys.readouterr().err
    assert text in told
    assert "Traceback" not in told


def test_a_network_too_large_for_git_is_refused_before_it_is_trained(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(SOLUTION, tmp_path / "06_simpsons")
    (folder / "model.py").write_text(
        "from torch import nn\n\n\ndef build_model(num_classes):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(3072, 9000), nn.Linear(9000, 42))\n"
    )
    assert here(folder / "train.py", "--data", data, "--out", tmp_path / "run") == 2
    assert "95 MB" in capsys.readouterr().err
    assert not (tmp_path / "run" / "log.csv").exists()


def test_the_missing_lines_alone_pass_every_check(
    solutions: Solutions, workers: Workers, tmp_path: Path
) -> None:
    write_first_try(tmp_path / "student")
    options = Options((task_named("simpsons"),), SEED, workers=workers)
    report = grade(tmp_path / "student", solutions, options)
    outcomes = {c.check.id: c.outcome for c in report.tasks[0].checks}
    assert [id for id, outcome in outcomes.items() if outcome != "passed"] == [
        "simpsons.reproduced", "simpsons.f1",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_fine_tuned_network_of_torchvision_is_reproduced(drawn: Path, tmp_path: Path) -> None:
    """Legitimate in the homework, unlike in the tasks about its architecture."""
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    shutil.copytree(SOLUTION.parent, tmp_path / "student")
    student = tmp_path / "student" / "06_simpsons"
    torch.manual_seed(0)
    network = run.make_model("torchvision/mobilenet_v3_small", 42, lambda classes: None)  # type: ignore[arg-type,return-value]
    config = run.Config(64, [0.5] * 3, [0.02] * 3, "torchvision/mobilenet_v3_small")
    run.save(student / "run", network, config)
    words = ("--checkpoint", student / "run", "--images", drawn / "testset")
    assert here(student / "predict.py", *words, "--out", student / "submission.csv") == 0
    report = tmp_path / "report.json"
    graded = subprocess.run(
        [sys.executable, "-m", "autograder.cli", "grade", str(student.parent), "--task",
         "simpsons", "--sandbox", "none", "--json", str(report), "--truth",
         str(drawn / "truth.csv"), "--images", str(drawn / "testset")],
        capture_output=True, text=True, cwd=ROOT, timeout=HANG,
    )  # fmt: skip
    assert graded.returncode == 0, graded.stderr
    (task,) = json.loads(report.read_text())["tasks"]
    assert task["status"] == "graded"
    assert task["checks"][-1]["values"]["verified"] == "yes"
