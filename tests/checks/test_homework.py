"""The homework's F1 in the report: what is scored, held or left alone, and why."""

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from simpsons.classes import CLASSES
from simpsons.synthetic import synthesize

from autograder.course.messages import LANGUAGES, Catalogue
from autograder.course.settings import Rules, find_course
from autograder.course.tasks import task_named
from autograder.errors import UsageError
from autograder.grading.grade import Options, grade
from autograder.grading.references import Solutions
from autograder.model import Report
from autograder.observe.session import Workers
from autograder.report.as_json import to_dict
from autograder.report.html import grades_csv
from autograder.report.summary import summary
from autograder.submission.homework import Homework
from tests.conftest import HANG, ROOT, SEED

SIMPSONS = (task_named("simpsons"),)
# A network that needs no training: it tells classes by the picture's mean colour.
MODEL = """
import torch
from torch import nn

class MeanColour(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.head = nn.Linear(3, classes)
    def forward(self, x):
        return self.head(x.mean((2, 3)))

def build_model(num_classes):
    return MeanColour(num_classes)
"""


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """truth.csv, images/ and a submission whose file its own network predicts."""
    import torch
    from simpsons import run

    root = tmp_path_factory.mktemp("homework")
    synthesize(root / "drawn", per_class=1, test=60)
    shutil.copy(root / "drawn" / "truth.csv", root / "truth.csv")
    shutil.move(root / "drawn" / "testset" / "testset", root / "images")
    folder = root / "student" / "06_simpsons"
    shutil.copytree(ROOT / "solutions" / "06_simpsons", folder)
    (folder / "model.py").write_text(MODEL)
    torch.manual_seed(0)
    config = run.Config(64, [0.5] * 3, [0.02] * 3, scores={"honest_f1": 0.8765})
    space: dict[str, object] = {}
    exec(MODEL, space)
    run.save(folder / "run", space["build_model"](42), config)  # type: ignore[operator]
    predict(folder, root / "images")
    return root


def predict(folder: Path, images: Path) -> None:
    import subprocess
    import sys

    words = ["--checkpoint", "run", "--images", str(images), "--out", "submission.csv"]
    subprocess.run([sys.executable, "predict.py", *words], cwd=folder, check=True, timeout=HANG)


@pytest.fixture
def student(handed_in: Path, tmp_path: Path) -> Path:
    """A copy of the submission, to be changed."""
    shutil.copytree(handed_in / "student", tmp_path / "student")
    return tmp_path / "student"


@pytest.fixture
def rules(handed_in: Path) -> Rules:
    return Rules(truth=handed_in / "truth.csv", images=handed_in / "images")


Graded = Callable[[Path, Rules], Report]


@pytest.fixture
def graded(solutions: Solutions, workers: Workers) -> Graded:
    def run(student: Path, rules: Rules) -> Report:
        return grade(student, solutions, Options(SIMPSONS, SEED, rules=rules, workers=workers))

    return run


def told(report: Report, check: str) -> str:
    (found,) = [c for c in report.tasks[0].checks if c.check.id == f"simpsons.{check}"]
    return found.message.id if found.message else found.outcome


def copy_truth(rules: Rules, student: Path, wrong: int) -> None:
    """Hand in the truth with some classes wrong."""
    assert rules.truth is not None
    rows = list(csv.reader(rules.truth.read_text().splitlines()))
    for row in rows[1 : 1 + wrong]:
        row[1] = CLASSES[(CLASSES.index(row[1]) + 1) % len(CLASSES)]
    with (student / "06_simpsons" / "submission.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def test_a_file_its_network_predicts_is_verified(
    graded: Graded, student: Path, rules: Rules
) -> None:
    report = graded(student, rules)
    (task,) = report.tasks
    assert task.status == "graded"
    assert told(report, "reproduced") == "passed"
    f1 = task.checks[-1]
    assert f1.message is not None
    assert f1.message.values["verified"] == "yes"
    assert f1.message.values["honest"] == "0.8765"
    assert f1.message.values["honest_kind"] == "stated"


@pytest.mark.parametrize(("wrong", "points"), [(0, 15), (3, 13), (10, 1), (11, 0)])
def test_points_follow_the_f1(
    graded: Graded, student: Path, rules: Rules, wrong: int, points: int
) -> None:
    shutil.rmtree(student / "06_simpsons" / "run")
    copy_truth(rules, student, wrong)
    report = graded(student, rules)
    assert report.points == points
    f1 = report.tasks[0].checks[-1]
    assert f1.outcome == ("passed" if points == 15 else "failed")
    assert f1.message is not None
    assert f1.message.values["verified"] == "no_checkpoint"


def test_a_file_its_network_does_not_predict_waits_for_the_teacher(
    graded: Graded, student: Path, rules: Rules
) -> None:
    copy_truth(rules, student, wrong=0)
    report = graded(student, rules)
    assert report.tasks[0].status == "error"
    assert report.points is None
    assert told(report, "f1") == told(report, "reproduced") == "homework.not_reproduced"
    assert report.faults == []
    assert grades_csv([summary(report)]).splitlines()[1].split(",")[1:3] == ["", ""]


def test_a_predict_that_fails_waits_for_the_teacher(
    graded: Graded, student: Path, rules: Rules
) -> None:
    path = student / "06_simpsons" / "predict.py"
    path.write_text(path.read_text().replace("parser.parse_args()", "parser.parse_args(1 / 0)"))
    report = graded(student, rules)
    assert report.points is None
    assert told(report, "f1") == "homework.predict_failed"


def test_a_program_that_carries_its_answers_waits_for_the_teacher(
    graded: Graded, student: Path, rules: Rules
) -> None:
    copy_truth(rules, student, wrong=0)
    answers = (student / "06_simpsons" / "submission.csv").read_text()
    path = student / "06_simpsons" / "predict.py"
    path.write_text(
        f"ANSWERS = {answers!r}\n"
        + path.read_text().replace(
            "    pictures.write_submission(args.out, names, labels)\n",
            "    args.out.write_text(ANSWERS)\n",
        )
    )
    report = graded(student, rules)
    assert report.points is None
    assert told(report, "f1") == "homework.other_program"


LEAVES = {
    "links": "os.symlink('/tmp', 'run')\nos.symlink('/tmp', 'part0')\n",
    "pipes": "os.makedirs('part0/images')\nos.mkfifo('part0/images/img1.jpg')\n",
    "deaths": "(os.path.exists('dead') or open('dead', 'w').close()) or os._exit(3)\n",
}


@pytest.mark.parametrize("name", LEAVES)
def test_what_other_code_leaves_behind_does_not_reach_the_points(
    solutions: Solutions, student: Path, rules: Rules, name: str
) -> None:
    """Without a sandbox, where it could reach the files of the session."""
    path = student / "06_simpsons" / "train.py"
    path.write_text(f"import os\n{LEAVES[name]}" + path.read_text())
    report = grade(student, solutions, Options(SIMPSONS, SEED, rules=rules))
    assert report.faults == []
    message = report.tasks[0].checks[-1].message
    assert message is not None
    assert message.id in ("homework.f1_competition", "homework.other_program")


@pytest.mark.parametrize(
    "content",
    ["x" * 200_000 + ",b\n", "Id,Expected\n" + "\n".join(f"a{i},b{i}" for i in range(30_000))],
    ids=["one long field", "many rows"],
)
def test_a_file_that_breaks_csv_is_the_students_fault(
    student: Path, rules: Rules, content: str
) -> None:
    (student / "06_simpsons" / "submission.csv").write_text(content)
    homework = Homework(student / "06_simpsons", "student", rules)
    assert homework.problem == "homework.unreadable"
    assert homework.problem_text


def test_required_without_pictures_holds_the_points(
    graded: Graded, student: Path, rules: Rules
) -> None:
    report = graded(student, replace(rules, checkpoint="required", images=None))
    assert report.points is None
    assert told(report, "f1") == "homework.no_images"


def test_without_truth_the_points_wait_and_other_checks_run(graded: Graded, student: Path) -> None:
    report = graded(student, Rules())
    assert (report.tasks[0].status, report.points) == ("error", None)
    assert told(report, "f1") == "homework.no_truth"
    assert told(report, "predict_in_order") == "passed"
    assert report.faults == []


def test_a_missing_file_earns_nothing(graded: Graded, student: Path, rules: Rules) -> None:
    (student / "06_simpsons" / "submission.csv").unlink()
    report = graded(student, rules)
    assert (report.tasks[0].status, report.points) == ("graded", 0)
    assert told(report, "f1") == "homework.no_file"


@pytest.mark.parametrize("content", ["", "Id,Expected\nimg0.jpg,nobody\n", "\0\1", "a,b,c,d\n"])
def test_a_file_that_does_not_fit_earns_nothing_and_says_why(
    graded: Graded, student: Path, rules: Rules, content: str
) -> None:
    (student / "06_simpsons" / "submission.csv").write_text(content)
    report = graded(student, rules)
    assert (report.tasks[0].status, report.points) == ("graded", 0)
    assert told(report, "f1") == "homework.unreadable"
    message = report.tasks[0].checks[-1].message
    assert message is not None
    assert str(student) not in str(message.values["text"])


def test_a_link_is_not_followed(graded: Graded, student: Path, rules: Rules) -> None:
    path = student / "06_simpsons" / "submission.csv"
    path.unlink()
    path.symlink_to(rules.truth)  # type: ignore[arg-type]  # set by the fixture
    report = graded(student, rules)
    assert report.points == 0
    assert told(report, "f1") == "homework.unreadable"


def test_predictions_alone_are_scored(graded: Graded, student: Path, rules: Rules) -> None:
    copy_truth(rules, student, wrong=0)
    folder = student / "06_simpsons"
    for path in folder.iterdir():
        if path.name != "submission.csv":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    report = graded(student, rules)
    assert report.points == 15
    assert told(report, "loads") == "fault.missing_file"


def test_a_required_checkpoint_is_required(graded: Graded, student: Path, rules: Rules) -> None:
    shutil.rmtree(student / "06_simpsons" / "run")
    report = graded(student, replace(rules, checkpoint="required"))
    assert report.points == 0
    assert told(report, "f1") == "homework.checkpoint_required"


def test_a_run_folder_too_large_for_git_comes_from_elsewhere(
    graded: Graded, student: Path, rules: Rules, tmp_path: Path
) -> None:
    shutil.move(student / "06_simpsons" / "run", tmp_path / "runs" / "student")
    report = graded(student, replace(rules, runs=tmp_path / "runs"))
    assert told(report, "reproduced") == "passed"


def test_the_honest_metric_scores_the_network_on_held_out_pictures(
    graded: Graded, student: Path, rules: Rules, handed_in: Path, tmp_path: Path
) -> None:
    """Here the held-out truth is what the network says, so it gets all points."""
    lines = (student / "06_simpsons" / "submission.csv").read_text().splitlines()
    rows = list(csv.reader(lines))[:21]
    held = tmp_path / "held"
    held.mkdir()
    for name, _ in rows[1:]:
        shutil.copy(handed_in / "images" / name, held)
    with (tmp_path / "held.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    honest = replace(rules, metric="honest", held_out=held, held_out_truth=tmp_path / "held.csv")
    report = graded(student, honest)
    assert report.points == 15
    assert told(report, "f1") == "homework.f1_honest"
    for lang in LANGUAGES:
        texts = to_dict(report, Catalogue.load(lang))["tasks"][0]["checks"][-1]["message"]
        assert "1.00000" in texts
    shutil.rmtree(student / "06_simpsons" / "run")
    assert graded(student, honest).points == 0


def test_public_rows_alone_can_count(
    graded: Graded, student: Path, rules: Rules, tmp_path: Path
) -> None:
    shutil.rmtree(student / "06_simpsons" / "run")
    copy_truth(rules, student, wrong=10)
    public = tmp_path / "public.csv"
    public.write_text("Id\n" + "\n".join(f"img{i}.jpg" for i in range(10, 60)))
    assert graded(student, replace(rules, public=public)).points == 15


def test_settings_of_the_course_are_checked(tmp_path: Path) -> None:
    text = '[course]\nname = "x"\nlanguages = ["en"]\n[homework]\n'
    path = tmp_path / "course.toml"
    path.write_text(text + 'truth = "private/truth.csv"\nmetric = "honest"\n')
    rules = find_course(tmp_path).homework
    assert rules.truth == tmp_path.resolve() / "private" / "truth.csv"
    for wrong in ('metric = "best"', 'trut = "x"', "truth = 1", 'checkpoint = "no"'):
        path.write_text(text + wrong)
        with pytest.raises(UsageError, match="homework"):
            find_course(tmp_path)


@pytest.mark.parametrize("value", ["1e999", '"x"', "[]", "{}", "1" + "0" * 400, "0.5"])
def test_a_config_that_lies_in_strange_ways_is_only_text(
    student: Path, rules: Rules, value: str
) -> None:
    folder = student / "06_simpsons"
    path = folder / "run" / "config.json"
    config = json.dumps(json.loads(path.read_text()) | {"scores": 0})
    path.write_text(config.replace('"scores": 0', f'"scores": {{"honest_f1": {value}}}'))
    stated = Homework(folder, "student", rules).stated_honest()
    assert stated == ("0.5000" if value == "0.5" else "")
